"""Longer bars and derived ticks of a history that is read some months at a time are those of one look at all of it."""

from pathlib import Path

import numpy as np
import pytest

from adapters.catalog.manifest import read_manifest
from adapters.catalog.opened import open_dataset
from bot.data import stored, tick_bars
from bot.data.importing import SaidTerms
from bot.data.resampling import resample_dataset
from bot.data.saying import say_terms
from quant.resampling import resampled
from tests.kit.catalogs import JANUARY_NS, MINUTE_NS, bars, made, tick, with_rows

HOUR_NS = 60 * MINUTE_NS


@pytest.mark.parametrize("rows", [1, 700, 10_000])
def test_longer_bars_are_the_same_in_any_pieces(tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weeks over three months: bars that no month holds whole, and holes around the ends of two."""
    columns = bars(24 * 80, start_ns=JANUARY_NS + 5 * HOUR_NS, bar_ns=HOUR_NS)
    there = np.delete(np.arange(24 * 80), np.r_[700:760, 1400:1420])
    columns = {name: values[there] for name, values in columns.items()}
    monkeypatch.setattr(stored, "BLOCK_ROWS", rows)
    path = made(tmp_path / "x", {"A": columns}, 3600.0)
    resample_dataset(path, 604_800.0, lambda bars: None)

    blocks = list(open_dataset(path).bars(604_800.0, 0, 2**62))
    expected_ns, expected = resampled(columns.pop("close_ns"), columns, HOUR_NS, 168 * HOUR_NS)
    assert np.concatenate([block.close_ns for block in blocks]).tolist() == expected_ns.tolist()
    assert len(expected_ns) == 11
    for name, values in expected.items():
        assert np.concatenate([getattr(block, name)[:, 0] for block in blocks]).tolist() == values.tolist()


def test_a_derived_tick_is_that_of_all_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = bars(24 * 80, bar_ns=HOUR_NS)
    columns["close"][1900] += 0.005
    monkeypatch.setattr(stored, "BLOCK_ROWS", 1)
    path = made(tmp_path / "x", {"A": columns}, 3600.0)

    assert str(say_terms(path, ["A"], SaidTerms(tick_derived=True)).terms()["A"].tick) == "0.001"


@pytest.mark.numbers
@pytest.mark.parametrize("cells", [1, 200, 1 << 20])
def test_bars_of_quotes_are_the_same_in_any_pieces(tmp_path: Path, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [tick(("A", "B")[row % 2], JANUARY_NS + row * 3 * HOUR_NS, 1000 + row % 11) for row in range(400)]
    path = with_rows(tmp_path / "x", [rows])
    monkeypatch.setattr(tick_bars, "CELLS_MAX", cells)
    resample_dataset(path, 86_400.0, lambda bars: None)

    found = {part.path: (part.rows, part.content) for part in read_manifest(path).parts if part.kind == "bars_86400s"}
    monkeypatch.setattr(tick_bars, "CELLS_MAX", 1 << 30)
    whole = with_rows(tmp_path / "y", [rows])
    resample_dataset(whole, 86_400.0, lambda bars: None)
    assert found == {p.path: (p.rows, p.content) for p in read_manifest(whole).parts if p.kind == "bars_86400s"}
    assert sum(rows for rows, _ in found.values()) == 2 * 49
