from pathlib import Path

import pytest

from bot.evaluation import data
from bot.evaluation.catalogue import RECIPES, BadRequest, Request, work_of
from bot.evaluation.data import DataAbsent
from bot.evaluation.prices import BadPrices


def some_closes(path: Path, days: int = 400) -> Path:
    file = path / "closes.csv"
    lines = ["date,A,B"]
    lines += [f"2020-{1 + day // 28 % 12:02d}-{1 + day % 28:02d},{100 + day % 7},{50 + day % 5}" for day in range(days)]
    file.write_text("\n".join(lines[:330]) + "\n")
    return file


def test_every_promised_recipe_is_there() -> None:
    assert list(RECIPES) == ["E1", "E2", "E4", "E5", "E6", "E7", "E8", "prices"]


def test_what_does_not_exist_is_named_with_what_does() -> None:
    with pytest.raises(BadRequest, match=r"no recipe 'E3': expected one of E1, E2"):
        work_of(Request("E3"))


def test_all_that_a_report_depends_on_is_in_its_facts(tmp_path: Path) -> None:
    file = some_closes(tmp_path)
    base = Request("prices", (file,), window_s=86_400.0 * 90)

    one, other = work_of(base).facts, work_of(Request("prices", (file,), window_s=86_400.0 * 90, seed=2)).facts

    assert one != other
    assert one == work_of(base).facts
    assert work_of(Request("E5")).facts != work_of(Request("E5", seed=2)).facts
    assert work_of(Request("E5")).facts != work_of(Request("E8")).facts


def test_a_request_is_refused_before_anything_long_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = some_closes(tmp_path)
    with pytest.raises(BadRequest, match="no whole number of bars"):
        work_of(Request("prices", (file,), horizon_s=3600.0))
    with pytest.raises(BadPrices, match="cannot count from"):
        work_of(Request("E1", (file,)))
    monkeypatch.setattr(data, "SHARED", tmp_path)
    for recipe in ("E2", "E4", "E7"):
        with pytest.raises(DataAbsent, match="--data FILE"):
            work_of(Request(recipe))
