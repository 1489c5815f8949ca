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
        (("AAA", "--run", "nothing"), 3, "nothing"),
    ],
)
def test_what_is_not_there_or_not_right_is_one_line(
    prices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("Date,AAA\n2020-01-01,-1\n")

    said = bot("features", "explain", *words, "--cache", tmp_path / "cache")

    assert said.code == code
    assert told in said.error


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
