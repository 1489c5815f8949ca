"""Files of trades, quotes, funding and context as rows of a data set; what cannot be taken is named by row and column.

Prices and quantities become whole ticks and lots of the instrument, and one beside the grid is an error. A row counts
as known from its column of receipt or release; where a file has none, the caller says the rule. A file is read some
rows at a time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.catalog.availability import Rule, known_by
from adapters.catalog.manifest import Terms
from adapters.catalog.naming import plain_names
from adapters.catalog.peeking import refuse_nothing
from adapters.catalog.sources import who_is
from adapters.catalog.stamps import Stamps
from adapters.tables.cells import floats
from adapters.tables.errors import BadTable, bad_cell
from adapters.tables.reading import raw_blocks, raw_columns

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
TableKind = Literal["trades", "quotes", "funding", "context"]

_TIMES: Final = ("event_ns", "transact_time", "timestamp", "time", "datetime", "date", "at_ns", "ts")
_TIMES_MORE: Final = ("calc_time", "funding_time", "trade_time")
_KNOWN: Final = ("known_ns", "received_ns", "local_timestamp", "received", "released", "release_date", "known")
_SYMBOLS: Final = ("symbol", "ticker", "instrument", "pair", "coin")
_NAMES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "trades": {
        "price": ("price",),
        "size": ("size", "qty", "quantity", "amount", "volume"),
        "side": ("side", "aggressor", "taker_side"),
        "maker": ("is_buyer_maker", "isbuyermaker", "m"),
        "id": ("trade_id", "id", "agg_trade_id", "agg_id"),
    },
    "quotes": {
        "bid": ("bid", "bid_price", "best_bid_price"),
        "ask": ("ask", "ask_price", "best_ask_price"),
        "bid_size": ("bid_size", "bid_qty", "bid_amount", "best_bid_qty"),
        "ask_size": ("ask_size", "ask_qty", "ask_amount", "best_ask_qty"),
    },
    "funding": {
        "settled": ("funding_rate", "fundingrate", "rate", "settled", "last_funding_rate"),
        "mark": ("mark", "mark_price"),
        "index": ("index", "index_price"),
        "open_interest": ("open_interest",),
    },
}
COUNT_MAX: Final = 2**53
"""Ticks or lots: beyond, a number of 64 bits is not exact."""

_BUYS: Final = ("buy", "b", "bid", "1", "true")
_SELLS: Final = ("sell", "s", "ask", "-1", "false")


@dataclass(frozen=True)
class TableReading:
    """How a file of rows is read: whose it is, when its rows were known, and which columns are figures of what name."""

    symbol: str | None = None
    known: Rule | None = None
    columns: tuple[tuple[str, str], ...] = ()


class FileRows(NamedTuple):
    """Some rows of one instrument, or of one figure: when they were known, their numbers, and what they say.

    Numbers count from 0. Columns are whole numbers, floats with NaN where a cell is empty, flags, or texts.
    """

    name: str
    at_ns: Int64s
    rows: Int64s
    columns: dict[str, pl.Series]


class _Table(NamedTuple):
    """Some rows of one file: its columns under plain names, when things were and when they were known."""

    path: Path
    frame: pl.DataFrame
    names: dict[str, str]
    before: int
    event_ns: Int64s
    at_ns: Int64s

    def bad_cell(self, column: str, place: int, wanted: str) -> BadTable:
        """The complaint about the cell of a column at a place of these rows."""
        cell = self.frame[column][place]
        return bad_cell(self.path, column, self.before + place + 1, "" if cell is None else cell, wanted)


Grid = Callable[[str], Terms]
"""The terms of an instrument that a file names."""


def read_rows(
    path: Path, kind: TableKind, reading: TableReading, grid: Grid, rows_at_once: int | None
) -> Iterator[FileRows]:
    """The rows of a file as they lie in it, by instrument or figure, so many at a time, or all together.

    Raises BadTable, and OtherForm where a look at some rows at a time cannot tell how times are written.
    """
    refuse_nothing(path)
    frames = iter((raw_columns(path),)) if rows_at_once is None else raw_blocks(path, rows_at_once)
    opener = _Opener(path, kind, reading, in_pieces=rows_at_once is not None)
    for frame in frames:
        table = opener.opened(frame)
        if kind == "context":
            yield from _figures(table, reading)
            continue
        for symbol, rows in _by_symbol(table, reading):
            columns = _COLUMNS[kind](table, rows, grid(symbol))
            columns["event_ns"] = pl.Series(table.event_ns[rows])
            yield FileRows(symbol, table.at_ns[rows], table.before + rows, columns)


class _Opener:
    """The frames of one file, one after the other: when their rows were, and when they were known."""

    def __init__(self, path: Path, kind: TableKind, reading: TableReading, *, in_pieces: bool) -> None:
        self._path, self._kind, self._reading, self._in_pieces = path, kind, reading, in_pieces
        self._events, self._known = Stamps(path), Stamps(path)
        self._before = 0

    def opened(self, frame: pl.DataFrame) -> _Table:
        """These rows; raises BadTable or OtherForm."""
        path, before, reading = self._path, self._before, self._reading
        self._before += frame.height
        names = plain_names(path, frame.columns)
        time = next((names[name] for name in (*_TIMES, *_TIMES_MORE) if name in names), None)
        if time is None:
            raise BadTable(
                f"{path}: no time column among {', '.join(frame.columns)}; expected timestamp, time, date, ..."
            )
        event_ns = self._times(self._events, frame[time], before)
        known = next((names[name] for name in _KNOWN if name in names and names[name] != time), None)
        if known is None:
            if reading.known is None:
                raise BadTable(
                    f"{path}: no column says when a row was known, expected one named {', '.join(_KNOWN[:4])}, ... or "
                    "the rule with --known at-event, next-day or next-trading-day"
                )
            return _Table(path, frame, names, before, event_ns, known_by(reading.known, event_ns))
        table = _Table(path, frame, names, before, event_ns, self._times(self._known, frame[known], before))
        early = table.at_ns < event_ns
        if self._kind == "context" and early.any():
            row = int(np.argmax(early))
            raise table.bad_cell(known, row, f"nothing before its {time}, {frame[time][row]}")
        return table

    def _times(self, stamps: Stamps, column: pl.Series, before: int) -> Int64s:
        stamps.refuse_zones(column, before)
        return stamps.read(column, before, in_pieces=self._in_pieces)


def _by_symbol(table: _Table, reading: TableReading) -> Iterator[tuple[str, Int64s]]:
    column = next((table.names[name] for name in _SYMBOLS if name in table.names), None)
    if column is None:
        if reading.symbol is None:
            raise BadTable(f"{table.path}: no column names the instrument; say it with --symbol")
        yield reading.symbol, np.arange(len(table.event_ns), dtype=np.int64)
        return
    symbols, who = who_is(table.path, table.frame[column], table.before)
    for place, symbol in enumerate(symbols):
        yield symbol, np.flatnonzero(who == place)


def _column(table: _Table, kind: str, field: str) -> str | None:
    return next((table.names[name] for name in _NAMES[kind][field] if name in table.names), None)


def _floats(table: _Table, name: str, rows: Int64s, wanted: str) -> Floats:
    return floats(table.path, table.frame[name], least=-np.inf, wanted=wanted, before=table.before)[rows]


def _on_grid(
    table: _Table, kind: str, field: str, rows: Int64s, step: Decimal | None, what: str, least: int
) -> pl.Series:
    """Whole steps of at least `least`; raises BadTable at the first value beside the grid."""
    name = _column(table, kind, field)
    if name is None:
        raise BadTable(f"{table.path}: no column for {field}, expected {' or '.join(_NAMES[kind][field])}")
    values = _floats(table, name, rows, "a finite number")
    if np.isnan(values).any():
        raise table.bad_cell(name, int(rows[int(np.argmax(np.isnan(values)))]), "a finite number")
    if step is None:
        raise BadTable(f"{table.path}: {kind} are counted in ticks and lots; say --{what}, or --instruments FILE")
    counts = np.rint(values / float(step))
    wrong = (np.abs(values / float(step) - counts) > 1e-6 * np.maximum(1.0, counts * 1e-6)) | (counts < least)
    wrong |= counts > COUNT_MAX
    if wrong.any():
        wanted = f"a multiple of the {what} {step}" + (" above 0" if least else "")
        raise table.bad_cell(name, int(rows[int(np.argmax(wrong))]), wanted)
    return pl.Series(counts.astype(np.int64))


def _trades(table: _Table, rows: Int64s, grid: Terms) -> dict[str, pl.Series]:
    return {
        "price": _on_grid(table, "trades", "price", rows, grid.tick, "tick", 1),
        "lots": _on_grid(table, "trades", "size", rows, grid.lot, "lot", 1),
        "buy": _sides(table, rows),
        "trade_id": _ids(table, rows),
    }


def _ids(table: _Table, rows: Int64s) -> pl.Series:
    """Numbers of trades, to the last digit; those of the rows where the file has none."""
    name = _column(table, "trades", "id")
    if name is None:
        return pl.Series(table.before + rows + 1)
    cells = table.frame[name].gather(rows)
    numbers = (cells.str.strip_chars() if cells.dtype == pl.String else cells).cast(pl.Int64, strict=False)
    lost = numbers.is_null()
    if cells.dtype.is_float():
        lost |= numbers.cast(pl.Float64) != cells
    if lost.any():
        raise table.bad_cell(name, int(rows[int(lost.arg_max() or 0)]), "a whole number")
    return numbers


def _sides(table: _Table, rows: Int64s) -> pl.Series:
    """Whether the taker bought; raises BadTable where a row does not say."""
    side, maker = _column(table, "trades", "side"), _column(table, "trades", "maker")
    name = side or maker
    if name is None:
        raise BadTable(f"{table.path}: no column says who took, expected side (buy, sell) or is_buyer_maker")
    text = table.frame[name].cast(pl.String).str.strip_chars().str.to_lowercase().gather(rows)
    buys, sells = text.is_in(_BUYS), text.is_in(_SELLS)
    unknown = ~(buys | sells).fill_null(False)
    if unknown.any():
        raise table.bad_cell(name, int(rows[int(unknown.arg_max() or 0)]), "buy or sell, true or false")
    return buys if side else sells


def _quotes(table: _Table, rows: Int64s, grid: Terms) -> dict[str, pl.Series]:
    sides = {
        "bid": _on_grid(table, "quotes", "bid", rows, grid.tick, "tick", 0),
        "ask": _on_grid(table, "quotes", "ask", rows, grid.tick, "tick", 0),
        "bid_lots": _on_grid(table, "quotes", "bid_size", rows, grid.lot, "lot", 0),
        "ask_lots": _on_grid(table, "quotes", "ask_size", rows, grid.lot, "lot", 0),
    }
    crossed = (sides["bid"] >= sides["ask"]) & (sides["bid"] > 0) & (sides["ask"] > 0)
    if crossed.any():
        name = _column(table, "quotes", "ask") or "ask"
        raise table.bad_cell(name, int(rows[int(crossed.arg_max() or 0)]), "an ask above the bid")
    return sides


def _funding(table: _Table, rows: Int64s, grid: Terms) -> dict[str, pl.Series]:
    found = {"settled_ns": pl.Series(table.event_ns[rows])}
    for field in _NAMES["funding"]:
        name = _column(table, "funding", field)
        if name is not None:
            found[field] = pl.Series(_floats(table, name, rows, "a finite number"))
    if "settled" not in found:
        raise BadTable(f"{table.path}: no column for the rate, expected {' or '.join(_NAMES['funding']['settled'])}")
    return found


_COLUMNS: Final = {"trades": _trades, "quotes": _quotes, "funding": _funding}


def _figures(table: _Table, reading: TableReading) -> Iterator[FileRows]:
    """Each column that was named, as a figure; a missing value takes the figure back."""
    if not reading.columns:
        raise BadTable(f"{table.path}: say which column is which figure, with --column COLUMN=NAME")
    rows = np.arange(len(table.at_ns), dtype=np.int64)
    for column, name in reading.columns:
        if column not in table.frame.columns:
            raise BadTable(f"{table.path}: no column {column!r}, expected one of {', '.join(table.frame.columns)}")
        cells = table.frame[column]
        cells = cells.replace(".", None) if cells.dtype == pl.String else cells
        values = floats(table.path, cells, least=-np.inf, wanted="a finite number, or nothing", before=table.before)
        columns = {"value": pl.Series(values), "event_ns": pl.Series(table.event_ns)}
        if "vintage" in table.names:
            columns["vintage"] = table.frame[table.names["vintage"]].cast(pl.String)
        yield FileRows(name, table.at_ns, table.before + rows, columns)
