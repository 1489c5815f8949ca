"""Configuration in layers: the later wins, every value knows its origin, every problem is told at once."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from bot.configuration import BadConfiguration, convert, layers, shipped, suggestion


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    period_s: float
    limit: Decimal

    def __post_init__(self) -> None:
        if self.period_s <= 0:
            raise ValueError(f"period_s was {self.period_s}, expected more than 0")


class Outer(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    inner: Inner
    many: dict[str, Inner] = {}


GOOD = 'name = "x"\n[inner]\nperiod_s = 5\nlimit = "10.50"\n'


def a_file(path: Path, text: str, name: str = "mine.toml") -> str:
    (path / name).write_text(text)
    return str(path / name)


def problems(path: Path, text: str, environment: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(BadConfiguration) as caught:
        convert(layers(a_file(path, text), environment or {}), Outer, "profile")
    return caught.value.problems


def test_a_good_file_is_typed_and_money_is_exact(tmp_path) -> None:
    outer = convert(layers(a_file(tmp_path, GOOD), {}), Outer, "profile")
    assert outer == Outer(name="x", inner=Inner(period_s=5.0, limit=Decimal("10.50")))


def test_a_file_extends_another_and_the_environment_wins(tmp_path) -> None:
    a_file(tmp_path, GOOD, "base.toml")
    mine = a_file(tmp_path, 'extends = "base.toml"\n[inner]\nperiod_s = 7\n')
    layered = layers(mine, {"BOT__INNER__LIMIT": '"3"', "OTHER": "1"})
    assert convert(layered, Outer, "profile") == Outer(name="x", inner=Inner(period_s=7.0, limit=Decimal(3)))
    assert layered.origins == {
        "name": str(tmp_path / "base.toml"),
        "inner.period_s": mine,
        "inner.limit": "environment BOT__INNER__LIMIT",
    }


def test_an_environment_value_needs_no_quotes(tmp_path) -> None:
    layered = layers(a_file(tmp_path, GOOD), {"BOT__NAME": "somewhere/else"})
    assert convert(layered, Outer, "profile").name == "somewhere/else"


def test_all_problems_are_told_at_once_with_their_origin(tmp_path) -> None:
    text = 'nmae = "x"\n[inner]\nperiod_s = "soon"\nlimit = 10.5\n[many.a]\nperiod_s = -1\nlimit = "1"\n'
    told = problems(tmp_path, text)
    assert len(told) == 5
    assert told[0].startswith("nmae: unknown key, did you mean 'name'?")
    assert told[1] == "name: missing; it has no default"
    assert told[2].startswith("inner.period_s: was 'soon'")
    assert told[3].startswith('inner.limit: money is exact, write "10.5" in quotes')
    assert told[4] == "many.a: period_s was -1.0, expected more than 0"
    assert str(tmp_path / "mine.toml") in told[2]


def test_a_misspelt_variable_is_told(tmp_path) -> None:
    (told,) = problems(tmp_path, GOOD, {"BOT__INNER__PERIODS": "5"})
    assert told == ("inner.periods: unknown key, did you mean 'period_s'? (from environment BOT__INNER__PERIODS)")


def test_a_circle_of_files_is_told(tmp_path) -> None:
    a_file(tmp_path, 'extends = "mine.toml"\n', "base.toml")
    with pytest.raises(BadConfiguration, match="is a circle"):
        layers(a_file(tmp_path, 'extends = "base.toml"\n'), {})


def test_an_unknown_profile_is_told_with_what_there_is() -> None:
    with pytest.raises(BadConfiguration, match=r"no such profile, did you mean 'canary'.*shipped: canary, live"):
        layers("canarry", {})


def test_a_file_that_is_no_toml_is_told(tmp_path) -> None:
    with pytest.raises(BadConfiguration, match=r"mine\.toml has 1 problem"):
        layers(a_file(tmp_path, "name = "), {})


def test_the_shipped_profiles_are_there() -> None:
    assert shipped() == ("canary", "live", "paper", "soak")


def test_a_suggestion_is_made_for_a_near_miss_only() -> None:
    assert suggestion("cadance", ("cadence", "feed")) == ", did you mean 'cadence'?"
    assert suggestion("zzz", ("cadence",)) == ""
