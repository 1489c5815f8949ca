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
    with pytest.raises(BadConfiguration, match=r"no such profile, did you mean 'canary'.*shipped: backtest, canary"):
        layers("canarry", {})


def test_a_file_that_is_no_toml_is_told(tmp_path) -> None:
    with pytest.raises(BadConfiguration, match=r"mine\.toml: Invalid value"):
        layers(a_file(tmp_path, "name = "), {})


def test_the_shipped_profiles_are_there() -> None:
    assert shipped() == ("backtest", "canary", "live", "paper", "soak")


def test_a_suggestion_is_made_for_a_near_miss_only() -> None:
    assert suggestion("cadance", ("cadence", "feed")) == ", did you mean 'cadence'?"
    assert suggestion("zzz", ("cadence",)) == ""


def test_a_variable_finds_the_key_as_it_is_spelled(tmp_path) -> None:
    text = GOOD + '[many.USD]\nperiod_s = 1\nlimit = "1"\n'
    layered = layers(a_file(tmp_path, text), {"BOT__MANY__USD__LIMIT": "2", "BOT__MANY__EUR__LIMIT": "3"})
    assert {key: value["limit"] for key, value in layered.values["many"].items()} == {"USD": 2, "EUR": 3}


def test_money_from_the_environment_is_exact_without_quotes(tmp_path) -> None:
    for text in ("10.50", '"10.50"', "1e1", "007"):
        outer = convert(layers(a_file(tmp_path, GOOD), {"BOT__INNER__LIMIT": text}), Outer, "profile")
        assert str(outer.inner.limit) == str(Decimal(text.strip('"')))


def test_a_number_from_the_environment_may_be_a_name(tmp_path) -> None:
    for text in ("42", "true", "2026-01-01", "1.50"):
        assert convert(layers(a_file(tmp_path, GOOD), {"BOT__NAME": text}), Outer, "profile").name == text


def test_a_variable_cannot_bring_a_second_key(tmp_path) -> None:
    (told,) = problems(tmp_path, GOOD, {"BOT__INNER__PERIOD_S": "1\nlimit = 7"})
    assert told.startswith("inner.period_s: was '1\\nlimit = 7': Expected a number, got text")


def test_a_variable_that_names_no_key_is_told(tmp_path) -> None:
    for name in ("BOT__", "BOT____", "BOT__INNER__"):
        with pytest.raises(BadConfiguration, match=f"environment {name}: names no key"):
            layers(a_file(tmp_path, GOOD), {name: "1"})


def test_a_table_in_the_place_of_a_value_is_told_with_its_origin(tmp_path) -> None:
    (told,) = problems(tmp_path, GOOD, {"BOT__INNER__LIMIT__X": "1"})
    assert told.startswith("inner.limit: was {'x': 1}")
    assert told.endswith("(from environment BOT__INNER__LIMIT__X)")
    (told,) = problems(tmp_path, GOOD, {"BOT__INNER": "1"})
    assert told == "inner: was 1: Expected a table, got a whole number (from environment BOT__INNER)"


def test_an_unknown_table_is_told_with_its_origin(tmp_path) -> None:
    (told,) = problems(tmp_path, GOOD, {"BOT__INER__X__Y": "1"})
    assert told == "iner: unknown key, did you mean 'inner'? (from environment BOT__INER__X__Y)"


def test_a_byte_order_mark_and_foreign_line_ends_are_no_problem(tmp_path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert convert(layers(str(tmp_path / "mine.toml"), {}), Outer, "profile").name == "x"


def test_a_key_that_stands_twice_is_told_with_its_place(tmp_path) -> None:
    with pytest.raises(BadConfiguration, match="line 2"):
        layers(a_file(tmp_path, 'name = "x"\nname = "y"\n'), {})


@pytest.mark.parametrize(
    ("parent", "told"),
    [
        ("5", "was 5, expected the name"),
        ('"base.toml"', "there is no such file"),
        ('"canarry"', "did you mean 'canary'"),
    ],
)
def test_a_parent_that_is_not_there_is_told_with_who_wants_it(tmp_path, parent, told) -> None:
    with pytest.raises(BadConfiguration, match=rf"mine\.toml: extends.*{told}"):
        layers(a_file(tmp_path, f"extends = {parent}\n"), {})


def test_a_missing_file_is_no_missing_name(tmp_path) -> None:
    for path in (tmp_path / "none.toml", tmp_path / "directory.toml"):
        (tmp_path / "directory.toml").mkdir(exist_ok=True)
        with pytest.raises(BadConfiguration, match="there is no such file"):
            layers(str(path), {})


def test_a_profile_may_be_written_as_json_and_extend_one_in_toml(tmp_path) -> None:
    a_file(tmp_path, GOOD, "base.toml")
    mine = a_file(tmp_path, '{"extends": "base.toml", "inner": {"period_s": 7.5}}', "mine.json")
    assert convert(layers(mine, {}), Outer, "profile").inner.period_s == 7.5
    for text, expected in (("[1]", "holds list, expected an object"), ('{"name": ', "line 1 column")):
        with pytest.raises(BadConfiguration, match=expected):
            layers(a_file(tmp_path, text, "mine.json"), {})


def test_a_name_cannot_lead_out_of_the_shipped_profiles() -> None:
    for name in ("../profiles/canary", "", "canary\x00", "."):
        with pytest.raises(BadConfiguration, match="no such profile"):
            layers(name, {})


def test_one_problem_is_one_line(tmp_path) -> None:
    with pytest.raises(BadConfiguration) as caught:
        convert(layers(a_file(tmp_path, GOOD), {"BOT__NMAE": "1"}), Outer, "profile")
    assert "\n" not in str(caught.value)
