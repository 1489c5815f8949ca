"""Files of trades, quotes, funding and context as rows of a data set; what cannot be taken is named by row and column.

Prices and quantities become whole ticks and lots of the instrument, and one beside the grid is an error. A row counts
as known from its column of receipt or release; where a file has none, the caller says the rule.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.catalog.availability import Rule, known_by
from adapters.catalog.manifest import Terms
from adapters.catalog.peeking import refuse_nothing
from adapters.catalog.rows import SCHEMAS
from adapters.catalog.sources import refuse_mixed_zones
from adapters.tables.cells import floats, times
from adapters.tables.errors import BadTable, bad_cell
from adapters.tables.reading import raw_columns

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
_BUYS: Final = ("buy", "b", "bid", "1", "true")
_SELLS: Final = ("sell", "s", "ask", "-1", "false")


@dataclass(frozen=True)
class TableReading:
    """How a file of rows is read: whose it is, when its rows were known, and which columns are figures of what name."""

    symbol: str | None = None
    known: Rule | None = None
    columns: tuple[tuple[str, str], ...] = ()


class _Table(NamedTuple):
    """One file of rows, opened: its columns under plain names, when things were and when they were known."""

    path: Path
    frame: pl.DataFrame
    names: dict[str, str]
    event_ns: Int64s
    at_ns: Int64s


def read_rows(
    path: Path, kind: TableKind, reading: TableReading, terms: Mapping[str, Terms]
) -> dict[str, pl.DataFrame]:
    """The rows by instrument, or by figure, sorted by when they were known; raises BadTable."""
    table = _opened(path, kind, reading)
    if kind == "context":
        return _figures(table, reading)
    found = {}
    for symbol, rows in _by_symbol(table, reading).items():
        grid = terms.get(symbol, Terms(symbol=symbol))
        columns = _COLUMNS[kind](table, rows, grid)
        place = {"epoch": np.ones(len(rows), dtype=np.int64), "frame": rows}
        frame = pl.DataFrame(
            {"at_ns": table.at_ns[rows], **columns, "event_ns": table.event_ns[rows], **place},
        )
        missing = [
            pl.lit(None, dtype=of).alias(name) for name, of in SCHEMAS[kind].items() if name not in frame.columns
        ]
        found[symbol] = frame.with_columns(missing).select(*SCHEMAS[kind]).sort("at_ns", maintain_order=True)
    return found


def _opened(path: Path, kind: TableKind, reading: TableReading) -> _Table:
    refuse_nothing(path)
    frame = raw_columns(path)
    names = {re.sub(r"[ .-]+", "_", name.lower()): name for name in frame.columns}
    time = next((names[name] for name in (*_TIMES, *_TIMES_MORE) if name in names), None)
    if time is None:
        raise BadTable(f"{path}: no time column among {', '.join(frame.columns)}; expected timestamp, time, date, ...")
    refuse_mixed_zones(path, frame[time])
    event_ns = times(path, frame[time])
    known = next((names[name] for name in _KNOWN if name in names and names[name] != time), None)
    if known is not None:
        at_ns = times(path, frame[known])
        early = at_ns < event_ns
        if kind == "context" and early.any():
            row = int(np.argmax(early))
            raise bad_cell(path, known, row + 1, frame[known][row], f"nothing before its {time}, {frame[time][row]}")
        return _Table(path, frame, names, event_ns, at_ns)
    if reading.known is None:
        raise BadTable(
            f"{path}: no column says when a row was known, expected one named {', '.join(_KNOWN[:4])}, ... or the rule "
            "with --known at-event, next-day or next-trading-day"
        )
    return _Table(path, frame, names, event_ns, known_by(reading.known, event_ns))


def _by_symbol(table: _Table, reading: TableReading) -> dict[str, Int64s]:
    column = next((table.names[name] for name in _SYMBOLS if name in table.names), None)
    everyone = np.arange(len(table.event_ns), dtype=np.int64)
    if column is None:
        if reading.symbol is None:
            raise BadTable(f"{table.path}: no column names the instrument; say it with --symbol")
        return {reading.symbol: everyone}
    named = table.frame[column].cast(pl.String).str.strip_chars()
    if named.null_count() or (named == "").any():
        row = int((named.fill_null("") == "").arg_max() or 0)
        raise bad_cell(table.path, column, row + 1, "", "the name of an instrument")
    return {symbol: np.flatnonzero((named == symbol).to_numpy()) for symbol in sorted(named.unique().to_list())}


def symbols_in(path: Path, symbol: str | None) -> tuple[str, ...]:
    """The instruments that a file of rows is about; raises BadTable."""
    frame = raw_columns(path)
    names = {re.sub(r"[ .-]+", "_", name.lower()): name for name in frame.columns}
    column = next((names[name] for name in _SYMBOLS if name in names), None)
    if column is None:
        return (symbol,) if symbol is not None else ()
    return tuple(sorted(frame[column].cast(pl.String).str.strip_chars().drop_nulls().unique().to_list()))


def _column(table: _Table, kind: str, field: str) -> str | None:
    return next((table.names[name] for name in _NAMES[kind][field] if name in table.names), None)


def _numbers(table: _Table, kind: str, field: str, rows: Int64s) -> tuple[str, Floats]:
    name = _column(table, kind, field)
    if name is None:
        raise BadTable(f"{table.path}: no column for {field}, expected {' or '.join(_NAMES[kind][field])}")
    values = floats(table.path, table.frame[name], least=-np.inf, wanted="a finite number")[rows]
    if np.isnan(values).any():
        raise bad_cell(table.path, name, int(rows[int(np.argmax(np.isnan(values)))]) + 1, "", "a finite number")
    return name, values


def _on_grid(table: _Table, kind: str, field: str, rows: Int64s, step: Decimal | None, what: str, least: int) -> Int64s:
    """Whole steps of at least `least`; raises BadTable at the first value beside the grid."""
    name, values = _numbers(table, kind, field, rows)
    if step is None:
        raise BadTable(f"{table.path}: {kind} are counted in ticks and lots; say --{what}, or --instruments FILE")
    counts = np.rint(values / float(step))
    wrong = (np.abs(values / float(step) - counts) > 1e-6 * np.maximum(1.0, counts * 1e-6)) | (counts < least)
    if wrong.any():
        row = int(rows[int(np.argmax(wrong))])
        wanted = f"a multiple of the {what} {step}" + (" above 0" if least else "")
        raise bad_cell(table.path, name, row + 1, table.frame[name][row], wanted)
    return counts.astype(np.int64)


def _trades(table: _Table, rows: Int64s, grid: Terms) -> dict[str, pl.Series | Int64s]:
    number = _column(table, "trades", "id")
    ids = rows + 1 if number is None else _numbers(table, "trades", "id", rows)[1].astype(np.int64)
    return {
        "price": _on_grid(table, "trades", "price", rows, grid.tick, "tick", 1),
        "lots": _on_grid(table, "trades", "size", rows, grid.lot, "lot", 1),
        "buy": _sides(table, rows),
        "trade_id": ids,
    }


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
        row = int(rows[int(unknown.arg_max() or 0)])
        raise bad_cell(table.path, name, row + 1, table.frame[name][row], "buy or sell, true or false")
    return buys if side else sells


def _quotes(table: _Table, rows: Int64s, grid: Terms) -> dict[str, pl.Series | Int64s]:
    sides = {
        "bid": _on_grid(table, "quotes", "bid", rows, grid.tick, "tick", 0),
        "ask": _on_grid(table, "quotes", "ask", rows, grid.tick, "tick", 0),
        "bid_lots": _on_grid(table, "quotes", "bid_size", rows, grid.lot, "lot", 0),
        "ask_lots": _on_grid(table, "quotes", "ask_size", rows, grid.lot, "lot", 0),
    }
    crossed = (sides["bid"] >= sides["ask"]) & (sides["bid"] > 0) & (sides["ask"] > 0)
    if crossed.any():
        row, name = int(rows[int(np.argmax(crossed))]), _column(table, "quotes", "ask") or "ask"
        raise bad_cell(table.path, name, row + 1, table.frame[name][row], "an ask above the bid")
    return {**sides}


def _funding(table: _Table, rows: Int64s, grid: Terms) -> dict[str, pl.Series | Int64s]:
    found: dict[str, pl.Series | Int64s] = {"settled_ns": table.event_ns[rows]}
    for field in _NAMES["funding"]:
        name = _column(table, "funding", field)
        if name is not None:
            values = floats(table.path, table.frame[name], least=-np.inf, wanted="a finite number")[rows]
            found[field] = pl.Series(values).fill_nan(None)
    if "settled" not in found:
        raise BadTable(f"{table.path}: no column for the rate, expected {' or '.join(_NAMES['funding']['settled'])}")
    return found


_COLUMNS: Final = {"trades": _trades, "quotes": _quotes, "funding": _funding}


def _figures(table: _Table, reading: TableReading) -> dict[str, pl.DataFrame]:
    """Each column that was named, as a figure; a missing value takes the figure back."""
    if not reading.columns:
        raise BadTable(f"{table.path}: say which column is which figure, with --column COLUMN=NAME")
    found = {}
    for column, name in reading.columns:
        if column not in table.frame.columns:
            raise BadTable(f"{table.path}: no column {column!r}, expected one of {', '.join(table.frame.columns)}")
        cells = table.frame[column]
        cells = cells.replace(".", None) if cells.dtype == pl.String else cells
        values = floats(table.path, cells, least=-np.inf, wanted="a finite number, or nothing")
        vintage = table.frame[table.names["vintage"]].cast(pl.String) if "vintage" in table.names else _days(table)
        frame = pl.DataFrame(
            {"at_ns": table.at_ns, "value": values, "vintage": vintage, "event_ns": table.event_ns}
        ).with_columns(pl.col("value").fill_nan(None))
        found[name] = frame.select(*SCHEMAS["context"]).sort("at_ns", maintain_order=True)
    return found


def _days(table: _Table) -> Sequence[str]:
    """A vintage for rows that name none: the day from which they were known."""
    return [str(day) for day in table.at_ns.astype("datetime64[ns]").astype("datetime64[D]")]
