"""What the market said: ticks, trades, books, bars, marks, rates, and the state of the feeds themselves.

Rows (`Tick`, `Trade`, `BookDelta`, `BookSnapshot`, `Perp`) come from outside, one per turn. Frames (`MarkFrame`,
`BarFrame`, `TradeFrame`, `PerpFrame`, `BookFrame`) are cross-sections over the universe, derived on a signal beat.
Prices and quantities of rows are whole ticks and lots of the instrument, but for `Perp`, whose numbers are derived by
the venue and lie on no grid; frames hold floats, NaN where nothing is known.

`epoch` counts the connections of a feed: nothing of a book survives its epoch. `frame` is the number of the raw frame
within the feed, so that every number can be traced to the bytes it came from. `event_ns` is the venue's own time and
may lie after the time of receipt.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from contracts.column import Column, floats
from contracts.instrument import Universe
from contracts.quantities import Lots, Nanos, Seconds, Side, Ticks


def _none() -> Column:
    return floats([])


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


class Perp(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a venue says of a perpetual; None is what this row does not say.

    `funding` is the rate predicted for the payment at `next_funding_ns`, as received; `settled` the rate that was paid
    at `settled_ns`. `mark` and `index` are prices in quote units, `open_interest` counts base units. `liquidated` is
    the base quantity of one forced order, positive where the forced one bought.
    """

    symbol: str
    funding: float | None = None
    next_funding_ns: Nanos | None = None
    settled: float | None = None
    settled_ns: Nanos | None = None
    mark: float | None = None
    index: float | None = None
    open_interest: float | None = None
    liquidated: float | None = None
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


class BarHistory(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Closed bars from before the first beat, oldest first: columns are bars, shape (bars, instruments).

    `trades` is how many there were in each, None where that is not known.
    """

    universe: int
    bar_s: Seconds
    close_ns: Column
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column
    trades: Column | None = None


class ClosedBars(msgspec.Struct, frozen=True, gc=False):
    """Bars that closed at `close_ns`, as history tells them: the outside of a backtest, never of a live market.

    Columns as in `BarFrame`, NaN where an instrument has no bar. `bid` and `ask` are the quotes at the close in quote
    units, recorded or assumed by the fill model; NaN where there is none.
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
    bid: Column
    ask: Column


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


class TradeFrame(msgspec.Struct, frozen=True, gc=False):
    """Cross-section of the trades at a beat, by the time of receipt alone; said before the `BookFrame`.

    `simb_*` is the signed share of the volume of the last 60, 300 and 3600 s, in [-1, 1], positive with more buying;
    `vpin_50` the mean share of one-sided volume in the last 50 buckets of equal volume, in [0, 1]; `kyle_300` the move
    of the mid in bps per signed root of a base unit, over 300 s; `big_imb` as `simb_300s` of the largest twentieth of
    trades; `burst` the rate of the last 10 s over that of 300 s; `trade_gap_ms` the time since the last trade;
    `tick_dir_20` the share of the last 20 trades that were up. `trade_seq` is the seq of the last trade (0 for none).
    """

    universe: int
    simb_60s: Column
    simb_300s: Column
    simb_3600s: Column
    vpin_50: Column
    kyle_300: Column
    big_imb: Column
    burst: Column
    trade_gap_ms: Column
    tick_dir_20: Column
    trade_seq: Column


class PerpFrame(msgspec.Struct, frozen=True, gc=False):
    """Cross-section of the perpetuals at a beat; said only where a venue has said something of one.

    `funding` is the rate of the payment due in `next_funding_s`; `basis_bps` the mark against the index;
    `open_interest` in base units; `liquidated` the net base quantity of forced orders in the last hour, positive where
    the forced ones bought.
    """

    universe: int
    funding: Column
    next_funding_s: Column
    basis_bps: Column
    open_interest: Column
    liquidated: Column
    perp_seq: Column


class BookFrame(msgspec.Struct, frozen=True, gc=False):
    """Cross-section of the order books at a beat, the last frame of the market to be said on a signal beat.

    Imbalances lie in [-1, 1], positive with more bids: of the best level, of the best five, of twenty whose weights
    fall exponentially (`imbalance_l20`), and of all within 10 bp of the mid (`dimb_10bp`). `micro_bps` is the
    size-weighted mid against the mid. `ofi` is the order-flow imbalance (Cont, Kukanov and Stoikov 2014) summed over
    the last 10 s and divided by the mean depth of the best levels, `ofi_1s` and `ofi_60s` the same of other windows;
    `depth` is that mean depth in base units, `ldepth_10bp` the logarithm of all base units within 10 bp, `slope_book`
    how many times that mean depth a side gains per bp from the touch. `updates` counts book changes in the last 10 s;
    `cancel_ratio_10s` is the share of the quantity gone from the best levels that no trade explains; `queue_dep` in
    [-1, 1] how the best bid's size has grown against the best ask's since the last trade; `mid_age_ms` how long the mid
    has stood. `book_seq` is the seq of the last message that changed the book (0 for none). Columns without a row, as
    in records from before they were said, are of length 0.
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
    imbalance_l20: Column = msgspec.field(default_factory=_none)
    ofi_1s: Column = msgspec.field(default_factory=_none)
    ofi_60s: Column = msgspec.field(default_factory=_none)
    ldepth_10bp: Column = msgspec.field(default_factory=_none)
    dimb_10bp: Column = msgspec.field(default_factory=_none)
    slope_book: Column = msgspec.field(default_factory=_none)
    cancel_ratio_10s: Column = msgspec.field(default_factory=_none)
    queue_dep: Column = msgspec.field(default_factory=_none)
    mid_age_ms: Column = msgspec.field(default_factory=_none)
