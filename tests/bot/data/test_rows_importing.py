"""Rows from tables, recordings and runs: told again as they were heard."""

from pathlib import Path

import pytest

from adapters.catalog.manifest import read_manifest
from adapters.catalog.opened import open_dataset
from adapters.catalog.row_sources import TableReading
from adapters.journal.disk import PosixDisk
from bot.data import gathering
from bot.data.importing import SaidTerms
from bot.data.recordings import Told, is_run
from bot.data.rows_importing import RowReading, import_rows, is_table
from contracts.history import DatasetUnusable
from contracts.market import Tick
from tests.kit.catalogs import csv_of
from tests.kit.journals import a_plan, live
from tests.kit.recordings import SPOT_BTC, SPOT_ETH, recording

EVERYTHING = frozenset({"quotes", "trades", "books", "funding", "context"})


def take(files: list[Path], target: Path, said: SaidTerms | None = None, **reading):
    return import_rows(files, target, RowReading(**reading), said or SaidTerms(), lambda size: None)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    live(PosixDisk(tmp_path / "run" / "journal"), a_plan(20), [])
    return tmp_path / "run"


@pytest.mark.parametrize("held", [3, 1000])
def test_the_outside_rows_of_a_run_are_told_again(run: Path, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "ROWS_MAX", held)
    done = take([run], run.parent / "x")

    expected = [(step.envelope.at_ns, step.envelope.payload) for step in a_plan(20) if step.outside]
    ticks = [each for each in expected if isinstance(each[1], Tick)]
    dataset = open_dataset(run.parent / "x")
    assert [tuple(row) for row in dataset.rows(EVERYTHING, 0, 2**62)] == ticks
    assert done.rows == len(ticks) == 15 and dataset.symbols == ("BTC-EUR",)
    assert dataset.span(0.0) == (ticks[0][0], ticks[-1][0])


def test_a_run_is_taken_once_and_another_reading_of_it_is_refused(run: Path) -> None:
    take([run], run.parent / "x")

    assert take([run], run.parent / "x").skipped == 1
    with pytest.raises(DatasetUnusable, match="BTC-EUR: 15 of its quotes are there already"):
        take([run], run.parent / "x", kinds=frozenset({"quotes"}))
    with pytest.raises(DatasetUnusable, match=r"not a row of trades in the range"):
        take([run], run.parent / "y", kinds=frozenset({"trades"}))
    assert not (run.parent / "y").exists()


def test_a_table_needs_its_kind_and_books_are_none(tmp_path: Path) -> None:
    path = csv_of(tmp_path / "t.csv", {"date": ["2024-01-01"], "price": [1.0], "qty": [1.0], "side": ["buy"]})
    at_once = TableReading("A", "at-event")
    grid = SaidTerms({"tick": "0.01", "lot": "0.1"})

    with pytest.raises(DatasetUnusable, match="say which with --kind"):
        take([path], tmp_path / "x")
    with pytest.raises(DatasetUnusable, match="books come from recordings"):
        take([path], tmp_path / "x", kinds=frozenset({"books"}))
    with pytest.raises(DatasetUnusable, match="none of its rows was known in the range"):
        take([path], tmp_path / "x", grid, kinds=frozenset({"trades"}), table=at_once, to_ns=5)
    take([path], tmp_path / "x", grid, kinds=frozenset({"trades"}), table=at_once)
    assert read_manifest(tmp_path / "x").parts[0].path == "trades/A/2024-01.parquet"
    assert is_table(path) and not is_run(path)


@pytest.mark.numbers
def test_two_recordings_become_one_stream_of_both(tmp_path: Path) -> None:
    """A few seconds of them: the rows that the live parsers and the live judge of gaps let through."""
    paths = [recording(SPOT_BTC), recording(SPOT_ETH)]
    told = Told()
    first = next(told.recording(paths[0])).at_ns
    until = first + 5_000_000_000
    take(paths, tmp_path / "x", to_ns=until)

    dataset = open_dataset(tmp_path / "x")
    rows = list(dataset.rows(EVERYTHING, 0, 2**62))
    heard = [row for path in paths for row in Told().recording(path) if row.at_ns < until]
    assert len(rows) == len(heard) and sorted(map(repr, rows)) == sorted(map(repr, heard))
    assert [row.at_ns for row in rows] == sorted(row.at_ns for row in heard)
    assert {getattr(row.payload, "symbol", "") for row in rows} == set(dataset.symbols) == {"BTCUSDT", "ETHUSDT"}
    assert dataset.universe().instruments == tuple(each.instruments[0] for each in _universes(paths))


@pytest.mark.numbers
def test_the_grid_of_a_recording_is_its_own_and_fees_may_be_said(tmp_path: Path) -> None:
    path = recording(SPOT_BTC)
    until = next(Told().recording(path)).at_ns + 1_000_000_000
    take([path], tmp_path / "x", SaidTerms({"fee_taker_bps": 7.5}), to_ns=until)

    assert open_dataset(tmp_path / "x").universe().instruments[0].fee_taker_bps == 7.5
    with pytest.raises(DatasetUnusable, match="is counted in ticks of"):
        take([path], tmp_path / "y", SaidTerms({"tick": "0.5"}), to_ns=until)


def _universes(paths: list[Path]):
    for path in paths:
        told = Told()
        next(told.recording(path))
        yield told.universes[0]
