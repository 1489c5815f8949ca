"""The frames of Binance that carry market rows, exactly as they look on the wire of spot and of USD-M futures.

Every field is named and required: a frame that decodes and has exactly the `marks` quotation marks of its layout holds
no key twice and none unknown. `Lenient` forms name only what is needed, for frames that were read carefully before.
"""

from typing import Annotated, ClassVar, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

Millis = Annotated[int, Meta(ge=0, le=9_223_372_036_854)]
Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Levels = list[tuple[str, str]]
DataT = TypeVar("DataT")


class Wrapped(msgspec.Struct, Generic[DataT], frozen=True, gc=False):
    """A frame of a combined stream."""

    stream: str
    data: DataT


class Depth(msgspec.Struct, frozen=True, gc=False):
    """Changed levels with absolute quantities between update `U` and update `u`; spot names no frame before."""

    pu: ClassVar[None] = None
    e: str
    E: Millis
    s: str
    U: Number
    u: Number
    b: Levels
    a: Levels

    def marks(self) -> int:
        """Quotation marks in a frame of this content, its wrapping included."""
        return 24 + 4 * (len(self.b) + len(self.a))


class UsdmDepth(msgspec.Struct, frozen=True, gc=False):
    """The same on futures, where `pu` is the `u` of the frame before."""

    e: str
    E: Millis
    T: Millis
    s: str
    U: Number
    u: Number
    pu: Number
    b: Levels
    a: Levels

    def marks(self) -> int:
        """Quotation marks in a frame of this content, its wrapping included."""
        return 28 + 4 * (len(self.b) + len(self.a))


class BookTicker(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer after update `u`; spot says no time."""

    T: ClassVar[None] = None
    u: Number
    s: str
    b: str
    B: str
    a: str
    A: str

    def marks(self) -> int:
        """Quotation marks in a frame of this content, its wrapping included."""
        return 28


class UsdmBookTicker(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer after update `u`."""

    e: str
    u: Number
    s: str
    b: str
    B: str
    a: str
    A: str
    T: Millis
    E: Millis

    def marks(self) -> int:
        """Quotation marks in a frame of this content, its wrapping included."""
        return 36


class SpotTrade(msgspec.Struct, frozen=True, gc=False):
    """One trade; `m` says that the buyer was the maker."""

    e: str
    E: Millis
    s: str
    t: Number
    p: str
    q: str
    T: Millis
    m: bool
    M: bool

    def marks(self) -> int:
        """Quotation marks in a frame of this content, its wrapping included."""
        return 32


class UsdmTrade(msgspec.Struct, frozen=True, gc=False):
    """One trade; `X` tells trades of the market from transfers of the insurance fund."""

    e: str
    E: Millis
    T: Millis
    s: str
    t: Number
    p: str
    q: str
    X: str
    m: bool

    def marks(self) -> int:
        """Quotation marks in a frame of this content, its wrapping included."""
        return 34


class SpotAggregateTrade(msgspec.Struct, frozen=True, gc=False):
    """Trades of one order at one price, counted by `a`."""

    e: str
    E: Millis
    s: str
    a: Number
    p: str
    q: str
    f: int
    l: int  # noqa: E741 - the venue's own name
    T: Millis
    m: bool
    M: bool

    def marks(self) -> int:
        """Quotation marks in a frame of this content, its wrapping included."""
        return 36


class UsdmAggregateTrade(msgspec.Struct, frozen=True, gc=False):
    """Trades of one order at one price, counted by `a`."""

    e: str
    E: Millis
    a: Number
    s: str
    p: str
    q: str
    f: int
    l: int  # noqa: E741 - the venue's own name
    T: Millis
    m: bool

    def marks(self) -> int:
        """Quotation marks in a frame of this content, its wrapping included."""
        return 34


class LenientDepth(msgspec.Struct, frozen=True):
    """What a depth update must say at least; futures say `pu`."""

    E: Millis
    s: str
    U: Number
    u: Number
    b: Levels
    a: Levels
    pu: Number | None = None


class LenientBookTicker(msgspec.Struct, frozen=True):
    """What a best bid and offer must say at least."""

    u: Number
    s: str
    b: str
    B: str
    a: str
    A: str
    T: Millis | None = None


class LenientTrade(msgspec.Struct, frozen=True):
    """What a trade must say at least."""

    s: str
    t: Number
    p: str
    q: str
    T: Millis
    m: bool
    X: str = "MARKET"


class LenientAggregateTrade(msgspec.Struct, frozen=True):
    """What an aggregate trade must say at least."""

    s: str
    a: Number
    p: str
    q: str
    T: Millis
    m: bool


class LenientMarkPrice(msgspec.Struct, frozen=True):
    """What futures say of a perpetual every second: mark, index, and the funding rate predicted for time `T`.

    Contracts with a date have no funding: an empty rate, and time 0.
    """

    E: Millis
    s: str
    p: str
    i: str
    r: str
    T: Millis


class ForcedOrder(msgspec.Struct, frozen=True):
    """The order of a liquidation; `z` is what of it was filled."""

    s: str
    S: Literal["BUY", "SELL"]
    z: str


class LenientForcedOrder(msgspec.Struct, frozen=True):
    """A liquidation, the largest of its second."""

    E: Millis
    o: ForcedOrder

    @property
    def s(self) -> str:
        """Whose it is."""
        return self.o.s


class Snapshot(msgspec.Struct, frozen=True):
    """A whole book as REST answers it."""

    lastUpdateId: Number  # noqa: N815 - the venue's own name
    bids: Levels
    asks: Levels
    E: Millis | None = None
