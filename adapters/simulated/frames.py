"""The simulated venue's own frames: bytes to ticks, trades and books, without I/O.

One JSON object per frame: `n` counts the frames of a connection from 0, `k` is the kind, `s` the symbol, `t` the time
of the venue in ns. `snap` has `b` and `a`, all levels as [ticks, lots]; `book` has only the changed ones, and 0 lots
delete; both have the best quote `q` = [bid, bid lots, ask, ask lots]. `trade` has price, lots, side and id.
"""

from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from contracts.column import Column, integers
from contracts.market import BookDelta, BookSnapshot, Tick, Trade
from contracts.quantities import Side
from contracts.wire import MalformedFrame, Parsed, RawFrame, Sequence

Positive = Annotated[int, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Levels = tuple[tuple[Positive, Count], ...]


class BookWire(msgspec.Struct, frozen=True, tag_field="k", tag="book"):
    """Changed levels and the best quote after the change."""

    n: Count
    s: str
    t: Count
    q: tuple[Positive, Positive, Positive, Positive]
    b: Levels
    a: Levels


class SnapshotWire(msgspec.Struct, frozen=True, tag_field="k", tag="snap"):
    """All levels and the best quote."""

    n: Count
    s: str
    t: Count
    q: tuple[Positive, Positive, Positive, Positive]
    b: Levels
    a: Levels


class TradeWire(msgspec.Struct, frozen=True, tag_field="k", tag="trade"):
    """One trade; `buy` is true where the taker bought."""

    n: Count
    s: str
    t: Count
    price: Positive
    lots: Positive
    buy: bool
    id: Count


Wire = BookWire | SnapshotWire | TradeWire

_DECODER: Final[msgspec.json.Decoder[Wire]] = msgspec.json.Decoder(Wire)
_ENCODER: Final = msgspec.json.Encoder()


def encode(frame: Wire) -> bytes:
    """The bytes of a frame."""
    return _ENCODER.encode(frame)


def decode(data: bytes) -> Wire:
    """The frame in the bytes; raises MalformedFrame."""
    try:
        return _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedFrame(f"simulated frame of {len(data)} bytes: {error}") from error


class SimulatedParser:
    """The parser of one connection; it knows the symbols it may see."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._symbols = dict.fromkeys(symbols)

    def parse(self, frame: RawFrame) -> Parsed:
        """The rows of a frame: a book change comes before the tick it leads to."""
        wire = decode(frame.data)
        if wire.s not in self._symbols:
            raise MalformedFrame(f"symbol was {wire.s!r}, which this feed was not asked for")
        sequence = Sequence("connection", "consecutive", wire.n, wire.n)
        if isinstance(wire, TradeWire):
            return Parsed("trade", (_trade(wire, frame),), sequence)
        kind = "book" if isinstance(wire, BookWire) else "snap"
        return Parsed(kind, (_book(wire, frame), _tick(wire, frame)), sequence)


def _trade(wire: TradeWire, frame: RawFrame) -> Trade:
    side: Side = "buy" if wire.buy else "sell"
    return Trade(wire.s, wire.price, wire.lots, side, wire.id, wire.t, frame.epoch, frame.number)


def _tick(wire: BookWire | SnapshotWire, frame: RawFrame) -> Tick:
    bid, bid_lots, ask, ask_lots = wire.q
    return Tick(wire.s, bid, ask, bid_lots, ask_lots, wire.t, frame.epoch, frame.number)


def _book(wire: BookWire | SnapshotWire, frame: RawFrame) -> BookDelta | BookSnapshot:
    kind = BookDelta if isinstance(wire, BookWire) else BookSnapshot
    bids, asks = _columns(wire.b), _columns(wire.a)
    return kind(wire.s, *bids, *asks, wire.n, wire.t, frame.epoch, frame.number)


def _columns(levels: Levels) -> tuple[Column, Column]:
    return integers([ticks for ticks, _ in levels]), integers([lots for _, lots in levels])


def crossed(data: bytes) -> bytes | None:
    """The frame with bid and offer exchanged, None where it holds no quote."""
    return _requoted(data, lambda bid, bid_lots, ask, ask_lots: (ask, bid_lots, bid, ask_lots))


def absurd(data: bytes) -> bytes | None:
    """The frame quoted at ten times the price, None where it holds no quote."""
    return _requoted(data, lambda bid, bid_lots, ask, ask_lots: (10 * bid, bid_lots, 10 * ask, ask_lots))


def _requoted(data: bytes, forge: Callable[[int, int, int, int], tuple[int, int, int, int]]) -> bytes | None:
    try:
        wire = decode(data)
    except MalformedFrame:
        return None
    return None if isinstance(wire, TradeWire) else encode(msgspec.structs.replace(wire, q=forge(*wire.q)))
