"""Raw frames and what parsing them yields: how every feed hands over the market, and agents elsewhere their beliefs."""

from typing import Literal

import msgspec

from contracts.market import BookDelta, BookSnapshot, Perp, Tick, Trade
from contracts.quantities import Nanos

MarketRow = Tick | Trade | BookSnapshot | BookDelta | Perp


class MalformedFrame(ValueError):
    """Bytes that are no frame of this venue: counted, quarantined raw, and never the end of a feed."""


class RawFrame(msgspec.Struct, frozen=True, gc=False):
    """The bytes of one frame, when they were received, on which connection (epoch), as which frame of the feed."""

    data: bytes
    received_ns: Nanos
    epoch: int
    number: int


class RawSignal(msgspec.Struct, frozen=True, gc=False):
    """The bytes of one record that an agent elsewhere wrote, and the time stamp of that record."""

    data: bytes
    stamped_ns: Nanos


class Sequence(msgspec.Struct, frozen=True, gc=False):
    """What a frame says about its place in a stream.

    `consecutive`: `last` is one more than that of the frame before (one counter per `stream`); `first` is where the
    counter is known to begin (Coinbase: 0), or equals `last` if it may begin anywhere.
    `chain`: `previous` must equal the `last` before; a frame whose `first` is at most the last + 1 also continues
    (Binance: U, u and, on futures, pu); with `first` 0 each frame stands for itself and only its order matters.
    `snapshot`: the stream starts again at `last`, later frames must bridge it.
    """

    stream: str
    rule: Literal["consecutive", "chain", "snapshot"]
    first: int
    last: int
    previous: int = -1


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """One frame understood: its channel for the count, the symbol's sequence if it has one, and the rows in it.

    A frame that is legal but says nothing to us (acknowledgements, heartbeats, candles) has no rows and a `kind`.
    """

    kind: str
    rows: tuple[MarketRow, ...] = ()
    sequence: Sequence | None = None
