"""The size of the pieces in which a file is read changes nothing: report, data set, refusals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from adapters.catalog import months, spool
from adapters.catalog.manifest import Part, read_manifest
from bot.data import importing, taking
from bot.data.importing import BarReading, SaidTerms, import_bars
from contracts.history import DatasetUnusable
from tests.kit.catalogs import JANUARY_NS, csv_of

PIECES = 37
WRITERS: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    "csv": pl.DataFrame.write_csv,
    "parquet": pl.DataFrame.write_parquet,
    "feather": pl.DataFrame.write_ipc,
}


def table(seed: int) -> dict[str, np.ndarray]:
    """Two instruments in one table over three months: gaps, spikes, still prices; some with errors."""
    chance = np.random.default_rng(seed)
    length = int(chance.integers(40, 400))
    hours = np.sort(chance.choice(900, length, replace=False))
    close = np.round(100.0 + np.cumsum(chance.normal(0.0, 0.1, length) * (chance.random(length) < 0.7)), 2)
    columns: dict[str, np.ndarray] = {
        "date": JANUARY_NS // 1_000_000 + hours * 3_600_000,
        "close": close,
        "volume": np.round(chance.gamma(1.0, 1.0, length)),
    }
    rows = np.arange(length)
    if chance.random() < 0.5:
        rows = np.append(rows, chance.integers(0, length, 3))
    if chance.random() < 0.5:
        columns["close"][chance.integers(0, length, 2)] = chance.choice([-1.0, 1000.0])
    if chance.random() < 0.3:
        rows = rows[::-1]
    who = np.where(chance.random(len(rows)) < 0.4, "B", "A")
    return {name: values[rows] for name, values in columns.items()} | {"symbol": who}


def outcome(path: Path, target: Path, repair: bool) -> tuple:
    try:
        done = import_bars([path], target, BarReading(3600.0, repair=repair), SaidTerms(tick_derived=True), len_of)
    except DatasetUnusable as refused:
        assert not target.exists() and not [*path.parent.glob(".*")]
        return str(refused), refused.problems
    assert not [*target.glob(".*")]
    return done.rows, done.findings, done.manifest.digest(), done.manifest.repairs, done.manifest.sources


def len_of(size: int) -> None:
    assert size


def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read, hold and hand on a few rows at a time."""
    monkeypatch.setattr(taking, "ROWS_AT_ONCE", PIECES)
    monkeypatch.setattr(spool, "HELD_MAX", 2 * PIECES)
    monkeypatch.setattr(spool, "AT_ONCE", PIECES)


@pytest.mark.parametrize(("form", "seeds"), [("csv", (0, 1, 3)), ("parquet", (2,)), ("feather", (3,))])
def test_a_file_that_is_read_in_pieces_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, seeds: tuple[int, ...]
) -> None:
    path, kinds = tmp_path / f"x.{form}", set()
    for seed in seeds:
        frame = pl.DataFrame(table(seed))
        WRITERS[form](frame, path)
        whole = [outcome(path, tmp_path / f"{seed} {repair}", repair) for repair in (False, True)]
        with monkeypatch.context() as patched:
            in_pieces(patched)
            assert [outcome(path, tmp_path / f"{seed} {repair} x", repair) for repair in (False, True)] == whole
        kinds |= {each.what for each in whole[1][1]}

    assert len(kinds) >= 2


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        *(("date", cell) for cell in ("tomorrow", "", "12345", "2024-01-01", "1704067200000.5")),
        *(("close", "x"), ("close", "inf"), ("volume", "y"), ("symbol", " ")),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_alike_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, cell: str
) -> None:
    cells = {name: [str(value) for value in values] for name, values in table(1).items()}
    cells[column][3 * PIECES + 5 if column != "close" else PIECES + 1] = cell
    cells["volume"][PIECES // 2] = "z" if column in {"close", "volume"} else "1"
    path = csv_of(tmp_path / "x.csv", cells)
    whole = outcome(path, tmp_path / "x", True)
    in_pieces(monkeypatch)

    assert outcome(path, tmp_path / "x in pieces", True) == whole


def test_rows_laid_aside_lie_beside_the_data_set_and_are_gone_when_it_lands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pieces(monkeypatch)
    path, there = csv_of(tmp_path / "x.csv", table(2)), list[Path]()

    def file_under(*given: Any) -> list[Part]:
        there.extend(tmp_path.rglob(".rows/*"))
        return months.file_under(*given)

    monkeypatch.setattr(importing, "file_under", file_under)
    outcome(path, tmp_path / "data", True)

    assert there and sorted(each.name for each in tmp_path.iterdir()) == ["data", "x.csv"]
    assert read_manifest(tmp_path / "data").parts
