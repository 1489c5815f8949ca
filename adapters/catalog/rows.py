"""Outside messages as columns of a part, and back: quotes, trades, books, funding, context.

`at_ns` is when a row was known, everything else as in the message. The symbol, or the name of a figure, is the part's.
Numbers that a message leaves out are null.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import polars as pl

from contracts.column import integers
from contracts.context import ContextValue
from contracts.history import Dated
from contracts.market import BookDelta, BookSnapshot, Perp, Tick, Trade
from contracts.quantities import Nanos, Side

Row = dict[str, Any]

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


def messages(kind: str, name: str, frame: pl.DataFrame) -> Iterator[Dated]:
    """The rows of a part as the messages they were."""
    make = _MAKERS[kind]
    names = frame.columns
    for values in frame.iter_rows():
        row = dict(zip(names, values))
        yield Dated(row["at_ns"], make(name, row))


def symbol_of_name(kind: str, name: str) -> str:
    """The instrument that a part is about; empty for a figure that concerns everyone."""
    return name.partition(AT)[2] if kind == "context" else name


def _row(at_ns: Nanos, payload: msgspec.Struct) -> Row:
    row = msgspec.structs.asdict(payload)
    del row["symbol"]
    return {"at_ns": at_ns, **row}


def _tick(symbol: str, row: Row) -> Tick:
    return Tick(
        symbol, row["bid"], row["ask"], row["bid_lots"], row["ask_lots"], row["event_ns"], row["epoch"], row["frame"]
    )


def _trade(symbol: str, row: Row) -> Trade:
    side: Side = "buy" if row["buy"] else "sell"
    return Trade(symbol, row["price"], row["lots"], side, row["trade_id"], row["event_ns"], row["epoch"], row["frame"])


def _book(symbol: str, row: Row) -> BookSnapshot | BookDelta:
    kind = BookSnapshot if row["snapshot"] else BookDelta
    return kind(
        symbol,
        integers(row["bid_ticks"]),
        integers(row["bid_lots"]),
        integers(row["ask_ticks"]),
        integers(row["ask_lots"]),
        row["last_id"],
        row["event_ns"],
        row["epoch"],
        row["frame"],
    )


def _perp(symbol: str, row: Row) -> Perp:
    return Perp(symbol=symbol, **{name: value for name, value in row.items() if name != "at_ns"})


def _figure(name: str, row: Row) -> ContextValue:
    figure, _, symbol = name.partition(AT)
    return ContextValue(
        name=figure,
        value=row["value"],
        event_ns=row["event_ns"],
        released_ns=row["at_ns"],
        vintage=row["vintage"],
        symbol=symbol,
    )


_MAKERS: Final[dict[str, Callable[[str, Row], msgspec.Struct]]] = {
    "quotes": _tick,
    "trades": _trade,
    "books": _book,
    "funding": _perp,
    "context": _figure,
}
