"""What the market said: ticks, trades, books, bars, marks, rates, and the state of the feeds themselves.

Rows (`Tick`, `Trade`, `BookDelta`, `BookSnapshot`) come from outside, one per turn. Frames (`MarkFrame`, `BarFrame`,
`BookFrame`) are cross-sections over the universe, derived on a signal beat. Prices and quantities of rows are whole
ticks and lots of the instrument; frames hold floats, NaN where nothing is known.

`epoch` counts the connections of a feed: nothing of a book survives its epoch. `frame` is the number of the raw frame
within the feed, so that every number can be traced to the bytes it came from. `event_ns` is the venue's own time and
may lie after the time of receipt.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from contracts.column import Column
from contracts.instrument import Universe
from contracts.quantities import Lots, Nanos, Seconds, Side, Ticks


class UniverseChanged(msgspec.Struct, frozen=True):
    """From now on frames have these columns."""

    universe: Universe


class Tick(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer of one instrument; 0 ticks means that this side is empty."""

    symbol: str
    bid: Ticks
    ask: Ticks
    bid_lots: Lots
    ask_lots: Lots
    event_ns: Nanos
    epoch: int
    frame: int


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One public trade; `aggressor` is the side of the taker."""

    symbol: str
    price: Ticks
    lots: Lots
    aggressor: Side
    trade_id: int
    event_ns: Nanos
    epoch: int
    frame: int


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A whole book; int64 columns of equal length per side, best first not required."""

    symbol: str
    bid_ticks: Column
    bid_lots: Column
    ask_ticks: Column
    ask_lots: Column
    last_id: int
    event_ns: Nanos
    epoch: int
    frame: int


class BookDelta(msgspec.Struct, frozen=True, gc=False):
    """Changed levels with their absolute quantity, 0 deletes; continuous with its predecessor (the guard saw to it)."""

    symbol: str
    bid_ticks: Column
    bid_lots: Column
    ask_ticks: Column
    ask_lots: Column
    last_id: int
    event_ns: Nanos
    epoch: int
    frame: int


FeedState = Literal["connecting", "live", "gap", "stale", "down"]


class FeedStatus(msgspec.Struct, frozen=True):
    """A feed changed its state; with `gap` or `down` the books of `symbols` are void until the next snapshot."""

    feed: str
    state: FeedState
    epoch: int
    symbols: tuple[str, ...]
    detail: str


class FxMark(msgspec.Struct, frozen=True):
    """How much of the account's currency one unit of `currency` is worth."""

    currency: str
    rate: Decimal
    event_ns: Nanos


class BarHistory(msgspec.Struct, frozen=True, gc=False):
    """Closed bars from before the first beat, oldest first: columns are bars, shape (bars, instruments)."""

    universe: int
    bar_s: Seconds
    close_ns: Column
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column


class BarFrame(msgspec.Struct, frozen=True, gc=False):
    """The bars that closed at `close_ns`, in quote units of base volume; NaN where nothing was quoted in the bar.

    `tick_seq` is the seq of the last tick or trade inside the bar (0 for none).
    """

    universe: int
    bar_s: Seconds
    close_ns: Nanos
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column
    trades: Column
    tick_seq: Column


class MarkFrame(msgspec.Struct, frozen=True, gc=False):
    """Last valid quotes: prices in quote units, `tick_ns` when each was admitted, `tick_seq` by which message.

    `valid` is false where there is no quote yet, a side is empty, or the quote is crossed; prices are NaN there.
    """

    universe: int
    bid: Column
    ask: Column
    mid: Column
    tick_ns: Column
    tick_seq: Column
    valid: Column


class BookFrame(msgspec.Struct, frozen=True, gc=False):
    """Cross-section of the order books at a beat, the last frame of the market to be said on a signal beat.

    Imbalances lie in [-1, 1], positive with more bids; `micro_bps` is the size-weighted mid against the mid;
    `ofi` is the order-flow imbalance (Cont, Kukanov and Stoikov 2014) summed over the last 10 s and divided by the mean
    depth of the best levels; `depth` is the mean quantity at the best levels in base units; `updates` counts book
    changes in the last 10 s; `book_seq` is the seq of the last message that changed the book (0 for none).
    """

    universe: int
    spread_bps: Column
    imbalance_l1: Column
    imbalance_l5: Column
    micro_bps: Column
    ofi: Column
    depth: Column
    updates: Column
    book_seq: Column
