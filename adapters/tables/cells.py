"""Columns of cells as numbers: times in nanoseconds, prices and volumes as floats; whatever is wrong is named.

Times may be dates, ISO 8601 (also with `/`), or counts since 1970 in seconds, milli-, micro- or nanoseconds, told apart
by their size: each unit's counts of the years 1973 to 5138 lie in a range of their own. Whole numbers that read as
YYYYMMDD are dates. Without an offset a time is UTC.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.tables.errors import BadTable, bad_cell

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO_NS: Final = 1_000
_UNITS: Final = ((1e11, 1_000_000_000), (1e14, 1_000_000), (1e17, 1_000), (1e20, 1))
_FIRST_DATE, _LAST_DATE = 19_000_101, 22_001_231
_A_TIME: Final = "a date, an ISO 8601 time, or a count since 1970 in s, ms, us or ns"


def times(path: Path, column: pl.Series, before: int = 0) -> Int64s:
    """Nanoseconds since 1970 of every row; raises BadTable naming the first cell that is no time.

    So many rows of the file came `before` these.
    """
    _refuse_foreign(path, column, _A_TIME)
    _refuse_empty(path, column, before)
    if column.dtype in (pl.Date, pl.Datetime):
        at = column.cast(pl.Datetime("ns"), strict=False)
        if at.null_count():
            row = int(at.is_null().arg_max() or 0)
            raise bad_cell(path, column.name, before + row + 1, column[row], "a time of the years 1678 to 2261")
        return np.asarray(at.to_physical().to_numpy(), dtype=np.int64)
    if column.dtype.is_numeric():
        return _counts(path, column, column.cast(pl.Float64).to_numpy(), before)
    text = column.cast(pl.String).str.strip_chars()
    counts = text.cast(pl.Float64, strict=False)
    if counts.null_count() == 0:
        return _counts(path, text, counts.to_numpy(), before)
    return _texts(path, column.name, text, before)


def form_of(column: pl.Series) -> tuple[str, int, bool]:
    """How these times are written: dates, texts or counts, of which unit, and whether all are whole.

    Times of one column that are read in pieces are those of one reading only where all pieces have one form.
    """
    if column.dtype in (pl.Date, pl.Datetime) or _is_foreign(column):
        return "date", 0, True
    numeric = column.dtype.is_numeric()
    cast = (column if numeric else column.cast(pl.String).str.strip_chars()).cast(pl.Float64, strict=False)
    if cast.null_count() or not len(cast):
        return "text", 0, True
    counts = cast.to_numpy()
    whole = bool((counts == np.floor(counts)).all())
    if whole and (counts >= _FIRST_DATE).all() and (counts <= _LAST_DATE).all():
        return "day", 0, True
    largest = float(np.abs(counts).max())
    return "count", next((unit for bound, unit in _UNITS if largest < bound), 0), whole


def floats(path: Path, column: pl.Series, *, least: float, wanted: str, before: int = 0) -> Floats:
    """The cells as finite floats above `least` (at least 0 if `least` is below it), NaN where there is nothing."""
    _refuse_foreign(path, column, wanted)
    numbers = column if column.dtype.is_numeric() else column.cast(pl.String).str.strip_chars()
    cast = numbers.cast(pl.Float64, strict=False)
    lost = cast.is_null() & column.is_not_null()
    if lost.any():
        row = int(lost.arg_max() or 0)
        raise bad_cell(path, column.name, before + row + 1, column[row], wanted)
    values = np.asarray(cast.fill_null(float("nan")).to_numpy(), dtype=np.float64)
    wrong = ~np.isnan(values) & ~((values > least) & (values < np.inf))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise bad_cell(path, column.name, before + row + 1, column[row], wanted)
    return values


def _is_foreign(column: pl.Series) -> bool:
    return column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object, pl.Duration, pl.Time)


def _refuse_foreign(path: Path, column: pl.Series, wanted: str) -> None:
    if _is_foreign(column):
        raise BadTable(f"{path}: column {column.name!r} holds {column.dtype}, expected {wanted} in each row")


def _refuse_empty(path: Path, column: pl.Series, before: int) -> None:
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise bad_cell(path, column.name, before + row + 1, "", _A_TIME)


def _counts(path: Path, column: pl.Series, counts: Floats, before: int) -> Int64s:
    """Whole or fractional counts of one unit for the whole column."""
    if not np.isfinite(counts).all():
        row = int(np.argmin(np.isfinite(counts)))
        raise bad_cell(path, column.name, before + row + 1, column[row], _A_TIME)
    if (counts == np.floor(counts)).all() and (counts >= _FIRST_DATE).all() and (counts <= _LAST_DATE).all():
        return _texts(path, column.name, pl.Series(column.name, counts).cast(pl.Int64).cast(pl.String), before)
    largest = float(np.abs(counts).max())
    unit_ns = next((unit for bound, unit in _UNITS if largest < bound), 0)
    if not unit_ns:
        row = int(np.argmax(np.abs(counts)))
        raise bad_cell(path, column.name, before + row + 1, column[row], _A_TIME)
    _refuse_mixed(path, column, counts, largest, before)
    whole = column.cast(pl.Int64, strict=False)
    if whole.null_count() == 0 and (counts == np.floor(counts)).all():
        return np.asarray(whole.to_numpy(), dtype=np.int64) * unit_ns
    units = np.floor(counts)
    return units.astype(np.int64) * unit_ns + np.rint((counts - units) * unit_ns).astype(np.int64)


def _refuse_mixed(path: Path, column: pl.Series, counts: Floats, largest: float, before: int) -> None:
    """One column has one unit: a count a thousand times smaller than the largest is a mistake, not another time."""
    small = np.abs(counts) < largest / 500.0
    if small.any():
        row = int(np.argmax(small))
        raise bad_cell(
            path, column.name, before + row + 1, column[row], "a count since 1970 of the same unit as the others"
        )


def _texts(path: Path, name: str, text: pl.Series, before: int) -> Int64s:
    seen: dict[str, int] = {}
    out = np.empty(len(text), dtype=np.int64)
    for row, cell in enumerate(text.to_list()):
        at_ns = seen.get(cell)
        if at_ns is None:
            try:
                at_ns = seen[cell] = _iso(cell)
            except (ValueError, OverflowError):
                raise bad_cell(path, name, before + row + 1, cell, _A_TIME) from None
        out[row] = at_ns
    return out


def _iso(cell: str) -> int:
    said = datetime.fromisoformat(cell.replace("/", "-"))
    at = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
    since = at - _EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if not -(2**63) <= micros * _MICRO_NS < 2**63:
        raise OverflowError(cell)
    return micros * _MICRO_NS
