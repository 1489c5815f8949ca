"""Prices of a file, whatever its layout, as arrays over times and symbols; nothing in it is silently repaired.

Three layouts are told apart by the names of their columns: long (a time, a symbol, and a close or price), one symbol
(a time, and open, high, low, close, volume), and wide (a time, and one column of closes per symbol).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.tables.cells import Floats, Int64s, floats, times
from adapters.tables.errors import BadTable, bad_cell
from adapters.tables.reading import raw_columns

Layout = Literal["long", "wide", "one symbol"]
Flags = npt.NDArray[np.bool_]
FIELDS: Final = ("open", "high", "low", "close", "volume")

_TIMES: Final = (
    "open_time", "at_ns", "timestamp", "datetime", "date", "time", "ts", "unix", "close_time", "close_ns",
    "index", "__index_level_0__", "unnamed: 0", "",
)  # fmt: skip
_CLOSED: Final = ("close_time", "close_ns")
_SYMBOLS: Final = ("symbol", "ticker", "instrument", "asset", "pair", "coin")
_CLOSES: Final = ("close", "price", "adj_close", "close_price")
_VOLUMES: Final = ("volume", "vol", "base_volume")


@dataclass(frozen=True)
class PriceTable:
    """Bars or prices: arrays of shape (times, symbols), NaN where the file has nothing.

    `at_ns` (times,) rises strictly and is what the file says. `stamped` tells what it means: an `open` is the start of
    a bar of `bar_s` (the usual way of bar files), so that its close is known at `close_ns()`; a `close` is the moment
    at which the price is known. `bar_s` is the most usual distance between two times (0 for a single row). `said` holds
    what was noticed and not complained about.
    """

    path: Path
    layout: Layout
    symbols: tuple[str, ...]
    at_ns: Int64s
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    stamped: Literal["open", "close"]
    bar_s: float
    said: tuple[str, ...] = ()

    def close_ns(self) -> Int64s:
        """When each row was known, int64 of shape (times,)."""
        return self.at_ns + (round(self.bar_s * 1e9) if self.stamped == "open" else 0)

    def __len__(self) -> int:
        return len(self.at_ns)


class _Names(NamedTuple):
    """The file's own names of what was found; an empty one is absent."""

    time: str
    symbol: str
    fields: dict[str, str]
    wide: tuple[str, ...]
    ignored: tuple[str, ...]


def read_prices(path: Path, symbol: str | None = None) -> PriceTable:
    """The prices of a CSV, Parquet or Feather file.

    `symbol` names the only instrument of a file that does not name it; else the name of the file does.

    Raises:
        BadTable: naming file, column, row, value and what was expected: a cell that is no number or time, a price that
            is not positive, a high below its low, a time twice, no price column, no row.
    """
    path = Path(path)
    frame = raw_columns(path)
    names = _recognised(path, frame)
    at_ns = times(path, frame[names.time])
    columns = {field: _numbers(path, frame[name], field) for field, name in names.fields.items()}
    said = [f"not read: column {name!r}" for name in names.ignored]
    if names.wide:
        values = np.stack([_numbers(path, frame[name], "close") for name in names.wide], axis=1)
        order = _order(path, at_ns, names.time, said)
        tables = _filled(values[order])
        return _table(path, "wide", names, names.wide, at_ns[order], tables, said)
    _check_bars(path, columns, names, said)
    if names.symbol:
        return _long(path, frame, names, at_ns, columns, said)
    order = _order(path, at_ns, names.time, said)
    one = {field: column[order, None] for field, column in columns.items()}
    tables = _filled(one["close"], one)
    return _table(path, "one symbol", names, (symbol or _stem(path),), at_ns[order], tables, said)


def _recognised(path: Path, frame: pl.DataFrame) -> _Names:
    """Which column is what; raises BadTable where no time or no price is found."""
    known = {re.sub(r"[ .-]+", "_", name.lower()): name for name in frame.columns}
    time = next((known[name] for name in _TIMES if name in known), None)
    if time is None:
        time = next((name for name in frame.columns if frame[name].dtype in (pl.Date, pl.Datetime)), None)
    if time is None:
        raise BadTable(
            f"{path}: no time column among {_listed(frame.columns)}; expected one named date, timestamp, ..."
        )
    close = next((known[name] for name in _CLOSES if name in known), "")
    rest = [name for name in frame.columns if name != time]
    if not close:
        if {"open", "high", "low"} <= known.keys() or not rest:
            raise BadTable(f"{path}: no price column among {_listed(frame.columns)}; expected close or price")
        return _Names(time, "", {}, tuple(rest), ())
    symbol = next((known[name] for name in _SYMBOLS if name in known), "")
    fields = {str(name): known[name] for name in ("open", "high", "low") if name in known} | {"close": close}
    volume = next((known[name] for name in _VOLUMES if name in known), "")
    fields |= {"volume": volume} if volume else {}
    return _Names(time, symbol, fields, (), tuple(name for name in rest if name not in (symbol, *fields.values())))


def _numbers(path: Path, column: pl.Series, field: str) -> Floats:
    if field == "volume":
        return floats(path, column, least=-np.finfo(np.float64).tiny, wanted="a finite number of 0 or more, or nothing")
    return floats(path, column, least=0.0, wanted="a finite price above 0, or nothing")


def _check_bars(path: Path, columns: dict[str, Floats], names: _Names, said: list[str]) -> None:
    if not {"high", "low"} <= columns.keys():
        return
    high, low = columns["high"], columns["low"]
    if (high < low).any():
        row = int(np.argmax(high < low))
        raise bad_cell(path, names.fields["high"], row + 1, high[row], f"at least the low, {low[row]}")
    for field in ("open", "close"):
        outside = int(((columns[field] > high) | (columns[field] < low)).sum()) if field in columns else 0
        if outside:
            said.append(f"{outside} of column {names.fields[field]!r} outside low to high: taken as they are")


def _order(path: Path, at_ns: Int64s, name: str, said: list[str]) -> Int64s:
    """The rows by time; raises BadTable where a time stands twice."""
    order = np.argsort(at_ns, kind="stable")
    _refuse_twice(path, at_ns[order][1:] == at_ns[order][:-1], order, at_ns, name, "")
    if (np.diff(at_ns) < 0).any():
        said.append("rows were not in the order of time: sorted")
    return np.asarray(order)


def _refuse_twice(path: Path, twice: Flags, order: Int64s, at_ns: Int64s, name: str, of: str) -> None:
    if twice.any():
        place = int(np.argmax(twice))
        first, second = int(order[place]) + 1, int(order[place + 1]) + 1
        when = np.datetime_as_string(at_ns[order[place]].astype("datetime64[ns]"), unit="s")
        raise BadTable(
            f"{path}: column {name!r}, row {second}: {when}{of} is also in row {first}, expected each time once"
        )


def _long(
    path: Path, frame: pl.DataFrame, names: _Names, at_ns: Int64s, columns: dict[str, Floats], said: list[str]
) -> PriceTable:
    """Rows of (time, symbol) laid out over times and symbols, symbols as they first appear."""
    who = frame[names.symbol].cast(pl.String).str.strip_chars()
    if who.null_count() or (who == "").any():
        row = int((who.is_null() | (who == "").fill_null(True)).arg_max() or 0)
        raise BadTable(f"{path}: column {names.symbol!r}, row {row + 1}: was empty, expected the name of an instrument")
    symbols = tuple(who.unique(maintain_order=True).to_list())
    place = {name: at for at, name in enumerate(symbols)}
    across = np.array([place[name] for name in who.to_list()], dtype=np.int64)
    moments, down = np.unique(at_ns, return_inverse=True)
    order = np.lexsort((across, down))
    twice = (np.diff(down[order]) == 0) & (np.diff(across[order]) == 0)
    of = f" of {symbols[across[order[int(np.argmax(twice))]]]}" if twice.any() else ""
    _refuse_twice(path, twice, order, at_ns, names.time, of)
    laid = {}
    for field, column in columns.items():
        laid[field] = np.full((len(moments), len(symbols)), np.nan)
        laid[field][down, across] = column
    return _table(path, "long", names, symbols, moments, _filled(laid["close"], laid), said)


def _filled(close: Floats, known: dict[str, Floats] | None = None) -> dict[str, Floats]:
    """All fields; one that the file lacks is NaN everywhere."""
    known = known or {}
    return {name: known.get(name, np.full(close.shape, np.nan)) for name in FIELDS} | {"close": close}


def _table(
    path: Path,
    layout: Layout,
    names: _Names,
    symbols: tuple[str, ...],
    at_ns: Int64s,
    tables: dict[str, Floats],
    said: list[str],
) -> PriceTable:
    if np.isnan(tables["close"]).all(axis=0).any():
        column = int(np.argmax(np.isnan(tables["close"]).all(axis=0)))
        raise BadTable(f"{path}: {symbols[column]} has no price in any row, expected at least one")
    bars = not names.wide and "open" in names.fields and names.time.lower() not in _CLOSED
    steps = np.diff(at_ns)
    usual = np.unique(steps, return_counts=True) if len(steps) else None
    bar_s = 0.0 if usual is None else float(usual[0][np.argmax(usual[1])]) / 1e9
    return PriceTable(
        path, layout, symbols, at_ns, **tables, stamped="open" if bars else "close", bar_s=bar_s, said=tuple(said)
    )


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")
