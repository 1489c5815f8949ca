"""Outside messages as columns of a part, and back: quotes, trades, books, funding, context.

`at_ns` is when a row was known, everything else as in the message. The symbol, or the name of a figure, is the part's.
Numbers that a message leaves out are null.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
import polars as pl

from contracts.column import integers
from contracts.context import ContextValue
from contracts.history import Dated
from contracts.market import BookDelta, BookSnapshot, Perp, Tick, Trade
from contracts.quantities import Nanos, Side

Row = dict[str, Any]
Columns = dict[str, list[Any]]

_INT: Final = pl.Int64()
_LEVELS: Final = pl.List(pl.Int64())
_FLOAT: Final = pl.Float64()
_PLACE: Final = {"event_ns": _INT, "epoch": _INT, "frame": _INT}
SCHEMAS: Final[dict[str, dict[str, pl.DataType]]] = {
    "quotes": {"at_ns": _INT, "bid": _INT, "ask": _INT, "bid_lots": _INT, "ask_lots": _INT, **_PLACE},
    "trades": {"at_ns": _INT, "price": _INT, "lots": _INT, "buy": pl.Boolean(), "trade_id": _INT, **_PLACE},
    "books": {
        "at_ns": _INT,
        "snapshot": pl.Boolean(),
        **dict.fromkeys(("bid_ticks", "bid_lots", "ask_ticks", "ask_lots"), _LEVELS),
        "last_id": _INT,
        **_PLACE,
    },
    "funding": {
        "at_ns": _INT,
        "funding": _FLOAT,
        "next_funding_ns": _INT,
        "settled": _FLOAT,
        "settled_ns": _INT,
        **dict.fromkeys(("mark", "index", "open_interest", "liquidated"), _FLOAT),
        **_PLACE,
    },
    "context": {"at_ns": _INT, "value": _FLOAT, "vintage": pl.String(), "event_ns": _INT},
}
"""The columns of each kind of rows, in their order."""

_dated: Final = partial(tuple.__new__, Dated)
"""Past the constructor of a named tuple, which takes as long again."""

AT: Final = "@"
"""Between the name of a figure and the instrument that it is about."""


class Filed(NamedTuple):
    """Where a message belongs: its kind, the name of its parts, and its row."""

    kind: str
    name: str
    row: Row


def filed(at_ns: Nanos, payload: msgspec.Struct) -> Filed | None:
    """Where an outside message belongs; None for one that is no row. A figure counts from its release at earliest."""
    if isinstance(payload, Tick):
        return Filed("quotes", payload.symbol, _row(at_ns, payload))
    if isinstance(payload, Trade):
        row = _row(at_ns, payload)
        return Filed("trades", payload.symbol, row | {"buy": row.pop("aggressor") == "buy"})
    if isinstance(payload, BookSnapshot | BookDelta):
        row = _row(at_ns, payload)
        levels = {name: row[name].values.tolist() for name in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")}
        return Filed("books", payload.symbol, row | levels | {"snapshot": isinstance(payload, BookSnapshot)})
    if isinstance(payload, Perp):
        return Filed("funding", payload.symbol, _row(at_ns, payload))
    if isinstance(payload, ContextValue):
        row = _row(max(at_ns, payload.released_ns), payload)
        name = row.pop("name") + (f"{AT}{payload.symbol}" if payload.symbol else "")
        del row["released_ns"]
        return Filed("context", name, row)
    return None


def frame_of(kind: str, rows: Sequence[Row]) -> pl.DataFrame:
    """Rows of one kind and name as columns."""
    return pl.DataFrame(rows, schema=SCHEMAS[kind], orient="row")


def messages(kind: str, names: Iterable[str], frame: pl.DataFrame) -> Iterator[Dated]:
    """Rows as the messages they were, column by column: `names` says of each row whose it is, and may go on."""
    columns = {column.name: column.to_list() for column in frame.iter_columns()}
    return map(_dated, zip(columns["at_ns"], _MAKERS[kind](names, columns)))


def symbol_of_name(kind: str, name: str) -> str:
    """The instrument that a part is about; empty for a figure that concerns everyone."""
    return name.partition(AT)[2] if kind == "context" else name


def _row(at_ns: Nanos, payload: msgspec.Struct) -> Row:
    row = msgspec.structs.asdict(payload)
    del row["symbol"]
    return {"at_ns": at_ns, **row}


def _ticks(symbols: Iterable[str], of: Columns) -> Iterator[Tick]:
    sides = (of[name] for name in ("bid", "ask", "bid_lots", "ask_lots"))
    return map(Tick, symbols, *sides, of["event_ns"], of["epoch"], of["frame"])


def _trades(symbols: Iterable[str], of: Columns) -> Iterator[Trade]:
    sides: Iterator[Side] = ("buy" if buy else "sell" for buy in of["buy"])
    place = (of[name] for name in ("trade_id", "event_ns", "epoch", "frame"))
    return map(Trade, symbols, of["price"], of["lots"], sides, *place)


def _books(symbols: Iterable[str], of: Columns) -> Iterator[BookSnapshot | BookDelta]:
    kinds = (BookSnapshot if snapshot else BookDelta for snapshot in of["snapshot"])
    levels = (map(integers, of[name]) for name in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots"))
    place = (of[name] for name in ("last_id", "event_ns", "epoch", "frame"))
    return (kind(*fields) for kind, *fields in zip(kinds, symbols, *levels, *place))


def _perps(symbols: Iterable[str], of: Columns) -> Iterator[Perp]:
    told = tuple(name for name in of if name != "at_ns")
    rows = zip(*(of[name] for name in told))
    return (Perp(symbol=symbol, **dict(zip(told, row))) for symbol, row in zip(symbols, rows))


def _figures(names: Iterable[str], of: Columns) -> Iterator[ContextValue]:
    for name, at_ns, value, vintage, event_ns in zip(names, of["at_ns"], of["value"], of["vintage"], of["event_ns"]):
        figure, _, symbol = name.partition(AT)
        yield ContextValue(
            name=figure, value=value, event_ns=event_ns, released_ns=at_ns, vintage=vintage, symbol=symbol
        )


_MAKERS: Final[dict[str, Callable[[Iterable[str], Columns], Iterator[msgspec.Struct]]]] = {
    "quotes": _ticks,
    "trades": _trades,
    "books": _books,
    "funding": _perps,
    "context": _figures,
}
