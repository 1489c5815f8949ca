"""A file of bars as rows: who, when, and what; long, wide or of one instrument, CSV, Parquet or Feather.

Nothing is judged here but what cannot be read at all: a cell that is no number or time, offsets of several zones in
one column, a column that nobody knows. Whether the numbers make sense is asked of all rows at once, elsewhere.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.catalog.naming import plain_names
from adapters.catalog.peeking import refuse_nothing
from adapters.catalog.stamps import Stamps
from adapters.tables.cells import floats
from adapters.tables.errors import BadTable, bad_cell
from adapters.tables.reading import raw_blocks, raw_columns

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Read = TypeVar("Read")
Layout = Literal["long", "wide", "one symbol"]

_OPENED: Final = ("open_time", "timestamp", "datetime", "date", "time", "ts", "unix", "index", "__index_level_0__", "")
_CLOSED: Final = ("close_ns", "close_time", "at_ns")
_SYMBOLS: Final = ("symbol", "ticker", "instrument", "asset", "pair", "coin", "tic")
_FIELDS: Final = {
    "open": ("open", "open_price"),
    "high": ("high", "high_price"),
    "low": ("low", "low_price"),
    "close": ("close", "price", "close_price"),
    "volume": ("volume", "vol", "base_volume"),
    "trades": ("trades", "count", "number_of_trades", "trade_count", "tradecount"),
    "bid": ("bid", "bid_price", "bid_close"),
    "ask": ("ask", "ask_price", "ask_close"),
}
_PASSED_OVER: Final = frozenset(
    {"quote_volume", "quote_asset_volume", "taker_buy_volume", "taker_buy_base_volume", "taker_buy_quote_volume"}
    | {"taker_buy_base_asset_volume", "taker_buy_quote_asset_volume", "ignore", "adj_close", "vwap", "unnamed:_0"}
    | {"close_time", "open_time", "date", "timestamp"}
)
"""Columns that bar files often have and a data set does not need: told, not complained about."""


@dataclass(frozen=True)
class BarRows:
    """Rows of bars in the order of the file; `rows` counts from 1, as the complaint about one would.

    `who` indexes `symbols`. `stamped` says whether `at_ns` is the start of a bar or its close. `columns` holds what the
    file has of open, high, low, close, volume, trades, bid and ask, NaN where a cell is empty; `names` how the file
    calls each of them, and the time. `said` is what was noticed and not complained about.
    """

    path: Path
    layout: Layout
    symbols: tuple[str, ...]
    who: Int64s
    at_ns: Int64s
    rows: Int64s
    columns: dict[str, Floats]
    names: dict[str, str]
    stamped: Literal["open", "close"]
    said: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.at_ns)


class _Found(NamedTuple):
    """The file's own names; an empty one is absent."""

    time: str
    symbol: str
    fields: dict[str, str]
    wide: tuple[str, ...]
    passed: tuple[str, ...]
    stamped: Literal["open", "close"]


def read_bars(path: Path, symbol: str | None = None, ignored: Sequence[str] = (), any_zone: bool = False) -> BarRows:
    """The rows of a file of bars; `symbol` names the only instrument of a file that does not, else its name does.

    `ignored` columns are not read. With `any_zone` times of several offsets are taken, each by its own.

    Raises BadTable naming file, row and column.
    """
    refuse_nothing(path)
    reader = _Reader(path, symbol, frozenset(ignored), any_zone)
    rows = reader.taken(raw_columns(path))
    reader.refuse_noted()
    assert rows is not None
    return rows


def bars_in_blocks(
    path: Path, symbol: str | None, ignored: Sequence[str], any_zone: bool, rows_at_once: int
) -> Iterator[BarRows]:
    """The same rows, some at a time; `symbols` are those of the block.

    Raises BadTable as `read_bars` does, when all rows were looked at, and OtherForm where times are written in several
    ways, or one of them is none: only a look at all of them judges that.
    """
    refuse_nothing(path)
    reader = _Reader(path, symbol, frozenset(ignored), any_zone)
    for frame in raw_blocks(path, rows_at_once):
        rows = reader.taken(frame, in_blocks=True)
        if rows is not None:
            yield rows
    reader.refuse_noted()


class _Reader:
    """The frames of one file, one after the other, as rows of bars."""

    def __init__(self, path: Path, symbol: str | None, ignored: frozenset[str], any_zone: bool) -> None:
        self._path, self._symbol, self._ignored = path, symbol, ignored
        self._stamps = Stamps(path, any_zone=any_zone)
        self._before = 0
        self._noted: dict[int, BadTable] = {}

    def taken(self, frame: pl.DataFrame, *, in_blocks: bool = False) -> BarRows | None:
        """The rows of a frame, numbered behind those of the frames before it; None where a complaint was noted."""
        path, before, found = self._path, self._before, _recognised(self._path, frame, self._ignored)
        self._before += frame.height
        self._note(0, lambda: self._stamps.refuse_zones(frame[found.time], before))
        at_ns = self._note(1, lambda: self._stamps.read(frame[found.time], before, in_pieces=in_blocks))
        values = []
        for place, name in enumerate(found.wide or found.fields.values()):
            values.append(self._note(2 + place, partial(_numbers, path, frame[name], before)))
        who = self._note(2 + len(values), partial(who_is, path, frame[found.symbol], before)) if found.symbol else None
        numbers = [each for each in values if each is not None]
        if self._noted or at_ns is None:
            return None
        return self._rows(found, at_ns, np.arange(before + 1, self._before + 1, dtype=np.int64), numbers, who)

    def refuse_noted(self) -> None:
        """Raise the complaint that comes first: zones, times, then column by column."""
        if self._noted:
            raise self._noted[min(self._noted)]

    def _rows(
        self,
        found: _Found,
        at_ns: Int64s,
        rows: Int64s,
        values: list[Floats],
        who: tuple[tuple[str, ...], Int64s] | None,
    ) -> BarRows:
        path, names = self._path, {"time": found.time, **found.fields}
        said = tuple(f"column {name!r} is not needed and was not read" for name in found.passed)
        if found.wide:
            close = np.stack(values, axis=1)
            there = ~np.isnan(close)
            down, across = np.nonzero(there)
            columns = {"close": close[there]}
            names |= {"close": found.wide[0]}
            return BarRows(
                path, "wide", found.wide, across, at_ns[down], rows[down], columns, names, found.stamped, said
            )
        columns = dict(zip(found.fields, values, strict=True))
        if who is not None:
            return BarRows(path, "long", *who, at_ns, rows, columns, names, found.stamped, said)
        symbol = path.name.partition(".")[0] if self._symbol is None else self._symbol
        symbols, nobody = (symbol,), np.zeros(len(at_ns), dtype=np.int64)
        return BarRows(path, "one symbol", symbols, nobody, at_ns, rows, columns, names, found.stamped, said)

    def _note(self, rank: int, read: Callable[[], Read]) -> Read | None:
        """What is read; a complaint is noted, and what would come behind one is not looked at any more."""
        if any(noted <= rank for noted in self._noted):
            return None
        try:
            return read()
        except BadTable as error:
            self._noted[rank] = error
            return None


def _recognised(path: Path, frame: pl.DataFrame, ignored: frozenset[str]) -> _Found:
    """Which column is what; raises BadTable where no time or price is found, or a column that nobody knows."""
    known = plain_names(path, (name for name in frame.columns if name not in ignored))
    times_known = [key for key in (*_OPENED, *_CLOSED) if key in known]
    if not times_known:
        raise BadTable(f"{path}: no time column among {_listed(frame.columns)}; expected open_time, timestamp, date, …")
    time = known[times_known[0]]
    fields = {
        field: next(known[name] for name in names if name in known)
        for field, names in _FIELDS.items()
        if any(name in known for name in names)
    }
    rest = {key: name for key, name in known.items() if name != time}
    if "close" not in fields:
        return _wide(path, frame, time, rest, fields)
    symbol = next((known[name] for name in _SYMBOLS if name in known), "")
    others = {key: name for key, name in rest.items() if name not in (symbol, *fields.values())}
    foreign = [name for key, name in others.items() if key not in _PASSED_OVER]
    if foreign:
        raise BadTable(
            f"{path}: column {foreign[0]!r} is none that a bar has, expected some of {', '.join(_FIELDS)}; "
            f"leave it out with --ignore {foreign[0]!r}"
        )
    closed = times_known[0] in _CLOSED or "open" not in fields
    return _Found(time, symbol, fields, (), tuple(others.values()), "close" if closed else "open")


def _wide(path: Path, frame: pl.DataFrame, time: str, rest: dict[str, str], fields: dict[str, str]) -> _Found:
    if fields or not rest:
        raise BadTable(f"{path}: no price column among {_listed(frame.columns)}; expected close or price")
    return _Found(time, "", {}, tuple(rest.values()), (), "close")


def _numbers(path: Path, column: pl.Series, before: int) -> Floats:
    return floats(path, column, least=-np.inf, wanted="a finite number, or nothing", before=before)


def who_is(path: Path, column: pl.Series, before: int) -> tuple[tuple[str, ...], Int64s]:
    """Symbols as they first appear, and for each row which of them."""
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        raise BadTable(f"{path}: column {column.name!r} holds {column.dtype}, expected names of instruments")
    named = column.cast(pl.String).str.strip_chars()
    empty = named.is_null() | (named == "").fill_null(True)
    if empty.any():
        row = int(empty.arg_max() or 0)
        raise bad_cell(path, column.name, before + row + 1, column[row] or "", "the name of an instrument")
    symbols = named.unique(maintain_order=True)
    places = pl.DataFrame({"name": symbols, "place": np.arange(len(symbols), dtype=np.int64)})
    who = pl.DataFrame({"name": named}).join(places, on="name", how="left", maintain_order="left")["place"]
    return tuple(symbols.to_list()), np.asarray(who.to_numpy(), dtype=np.int64)


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")
