"""`bot features`: what there is, what it is made of, what it says now, and what is kept of it."""

from pathlib import Path

import numpy as np
import pytest

from bot.features import checking
from quant.features.engine import REGISTRY
from tests.kit.belief_chain import closes
from tests.kit.command_line import bot


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    days = np.arange("2020-01-01", "2020-05-01", dtype="datetime64[D]")
    rows = [f"{day},{a:.4f},{b:.4f}" for day, (a, b) in zip(days, closes(width=2, bars=len(days)), strict=True)]
    (tmp_path / "closes.csv").write_text("\n".join(["Date,AAA,BBB", *rows]))
    return tmp_path / "closes.csv"


def test_all_features_are_listed_with_the_hash_of_the_schema() -> None:
    said = bot("features", "list", "--json").json

    assert [row["name"] for row in said["features"]] == list(REGISTRY.names)
    assert said["schema"] == REGISTRY.schema_hash
    lines = bot("features", "list").out.splitlines()
    assert len(lines) == len(REGISTRY) + 1
    assert bot("features", "list", "--group", "E").out.count("\n") < 30


def test_an_unknown_group_or_feature_is_told_with_what_there_is() -> None:
    group, feature = bot("features", "list", "--group", "Z"), bot("features", "describe", "vpin50")

    assert (group.code, feature.code) == (4, 3)
    assert "there are A trend" in group.error
    assert "did you mean vpin_50?" in feature.error


def test_a_feature_is_described_with_its_code() -> None:
    said = bot("features", "describe", "simb_60s")

    assert "R2: quotes and trades by local receive time" in said.out
    assert "def latest" in said.out
    assert bot("features", "describe", "simb_60s", "--json").json["feature"]["row"]["name"] == "simb_60s"


def test_prices_are_explained_and_kept(prices: Path, tmp_path: Path) -> None:
    words = ("features", "explain", "BBB", "--prices", prices, "--cache", tmp_path / "cache", "--json")
    first, second = bot(*words).json, bot(*words).json

    assert (first["cached"], second["cached"]) == (False, True)
    assert first["features"] == second["features"]
    said = {each["name"]: each for each in first["features"]}
    assert 0 <= said["ret_5"]["percentile"] <= 1
    assert said["vpin_50"]["value"] is None
    people = bot("features", "explain", "bbb", "--prices", prices, "--cache", tmp_path / "cache").out
    assert people.startswith("BBB at 2020-04-30")
    kept = bot("features", "cache", "--cache", tmp_path / "cache", "--json").json
    assert (kept["cache"]["entries"], kept["cache"]["hits"]) == (1, 2)
    cleaned = bot("features", "cache", "--clean", "--cache", tmp_path / "cache", "--json").json
    assert (cleaned["removed"], cleaned["cache"]["entries"]) == (0, 1)
    assert "removed 1 entries" in bot("features", "cache", "--clean", "--all", "--cache", tmp_path / "cache").out


def test_a_run_is_explained_from_its_record(finished: Path) -> None:
    said = bot("features", "explain", "BTC-EUR", "--run", finished, "--json").json

    assert said["symbol"] == "BTC-EUR"
    assert {each["name"]: each["value"] for each in said["features"]}["spread_bp"] > 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("AAA", "--prices", "nowhere.csv"), 3, "no such file"),
        (("XXX", "--prices", "closes.csv"), 3, "no instrument 'XXX'; there are AAA, BBB"),
        (("AAA", "--prices", "bad.csv"), 10, "column 'AAA', row 1: was '-1', expected a finite price above 0"),
        (("--prices", "closes.csv"), 2, "say which instrument: there are AAA, BBB"),
        (("AAA", "--prices", "one.csv"), 4, "one.csv: a single row has no length of bars, expected two rows or --bar"),
        (("AAA", "--prices", "closes.csv", "--horizon", "122"), 4, "--horizon was 122 bars, expected at most the 121"),
        (("AAA", "--prices", "closes.csv", "--horizon", "9" * 30), 4, "bars, expected at most the 121 of"),
        (("AAA", "--prices", "closes.csv", "--bar", "inf"), 2, "was 'inf', expected a number and one of"),
        (("AAA", "--prices", "closes.csv", "--bar", "1e300"), 2, "expected 0.001s to 100y"),
        (("AAA", "--prices", "closes.csv", "--bar", "nan"), 2, "was 'nan', expected a number and one of"),
        (("AAA", "--prices", "closes.csv", "--run", "last"), 2, "give either --prices FILE or --run RUN"),
        (("AAA", "--prices", "closes.csv", "--cache", "bad.csv"), 4, "bad.csv cannot be used as a directory"),
        (("AAA", "--prices", "closes.csv", "--cache", "/proc/x"), 4, "/proc/x cannot be used as a directory"),
        (("AAA", "--horizon", "5"), 2, "--horizon, --bar and --cache go with --prices"),
    ],
)
def test_what_is_not_there_or_not_right_is_one_line(
    prices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("Date,AAA\n2020-01-01,-1\n")
    (tmp_path / "one.csv").write_text("Date,AAA\n2020-01-01,1\n")

    said = bot("features", "explain", *words, XDG_CACHE_HOME=str(tmp_path / "cache"))

    assert said.code == code
    assert told in said.error


def test_a_run_that_is_not_there_is_one_line() -> None:
    said = bot("features", "explain", "AAA", "--run", "nothing")

    assert said.code == 3
    assert "run 'nothing' was not found" in said.error


def test_the_length_of_a_bar_is_seconds_or_a_time(prices: Path, tmp_path: Path) -> None:
    words = ("features", "explain", "AAA", "--prices", prices, "--cache", tmp_path / "cache", "--json")

    assert not bot(*words, "--bar", "3600").json["cached"]
    assert bot(*words, "--bar", "1h").json["cached"]


def test_a_cache_of_ones_own_that_takes_nothing_does_not_keep_back_the_answer(prices: Path) -> None:
    said = bot("features", "explain", "AAA", "--prices", prices, "--json", XDG_CACHE_HOME="/proc")

    assert said.json["symbol"] == "AAA"
    assert said.err.startswith("not kept in /proc/keel/features: ")


def test_a_cache_that_is_no_directory_is_said_so(prices: Path) -> None:
    said = bot("features", "cache", "--cache", prices)

    assert said.code == 4
    assert "is no directory" in said.error


def test_the_check_is_told_as_one_line_and_a_leak_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking.check, "__defaults__", (checking.check.__defaults__[0], ((300.0, 60),)))
    assert "none looks ahead" in bot("features", "check", "--cuts", "1").out
    honest = checking.batch

    def leaking(*given, **named):
        values = honest(*given, **named)
        return {**values, "imb_l1": np.roll(values["imb_l1"], -1, axis=1)}

    monkeypatch.setattr(checking, "batch", leaking)
    said = bot("features", "check", "--cuts", "1")
    assert said.code == 10
    assert "imb_l1 (prefix at" in said.error
