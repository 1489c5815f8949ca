"""Builders of market messages: a test writes down only what matters to it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.column import Column, flags, floats, integers
from contracts.envelope import Envelope
from contracts.instrument import Instrument, Universe
from contracts.life import Beat, BeatKind
from contracts.market import (
    BarFrame,
    BarHistory,
    BookDelta,
    BookFrame,
    BookSnapshot,
    ClosedBars,
    FeedState,
    FeedStatus,
    MarkFrame,
    Tick,
    Trade,
    UniverseChanged,
)
from contracts.quantities import SECOND_NS, Nanos, Side

NOON_NS = 1_767_268_800 * SECOND_NS
"""2026-01-01 12:00 UTC, on the grid of every bar length a test uses."""

Levels = tuple[tuple[int, int], ...]


def at(seconds: float) -> int:
    """That many seconds after noon."""
    return NOON_NS + round(seconds * SECOND_NS)


def an_instrument(*, symbol: str = "BTC-EUR", **changed: Any) -> Instrument:
    """An instrument with a cent grid and no fees; anything can be changed by name."""
    base, _, quote = symbol.partition("-")
    facts: dict[str, Any] = {
        "venue": "test",
        "base": base,
        "quote": quote or "EUR",
        "settlement": quote or "EUR",
        "tick": Decimal("0.01"),
        "lot": Decimal("0.001"),
        "notional_min": Decimal(1),
        "quantity_max": Decimal(1_000_000),
        "can_short": True,
        "leverage_max": Decimal(1),
        "fee_taker_bps": 0.0,
        "fee_maker_bps": 0.0,
    }
    return Instrument(symbol=symbol, **(facts | changed))


def a_universe(*symbols: str, version: int = 1, **changed: Any) -> Universe:
    """A universe of such instruments in that order."""
    names = symbols or ("BTC-EUR", "ETH-EUR")
    return Universe(version=version, instruments=tuple(an_instrument(symbol=name, **changed) for name in names))


def a_wide_universe(*, width: int, version: int = 1, **changed: Any) -> Universe:
    """A universe of `width` instruments named C000-EUR, C001-EUR and so on."""
    return a_universe(*(f"C{column:03d}-EUR" for column in range(width)), version=version, **changed)


def a_universe_changed(*symbols: str, version: int = 1, **changed: Any) -> UniverseChanged:
    """The message that says such a universe."""
    return UniverseChanged(universe=a_universe(*symbols, version=version, **changed))


def an_envelope(payload: Any, *, seq: int = 1, at_ns: int = NOON_NS, source: str = "test", turn: int = 1) -> Envelope:
    """A message as the bus would deliver it, its own turn."""
    return Envelope(seq=seq, turn=turn, cause=0, at_ns=at_ns, source=source, payload=payload)


def a_beat(kind: BeatKind = "signal", *, number: int = 1) -> Beat:
    return Beat(kind=kind, number=number)


def a_tick(
    *,
    symbol: str = "BTC-EUR",
    bid: int = 9_999,
    ask: int = 10_001,
    bid_lots: int = 10,
    ask_lots: int = 10,
    event_ns: int = NOON_NS,
    epoch: int = 1,
    frame: int = 1,
) -> Tick:
    """A quote around 100.00, two ticks wide."""
    return Tick(symbol, bid, ask, bid_lots, ask_lots, event_ns, epoch, frame)


def a_trade(
    *,
    symbol: str = "BTC-EUR",
    price: int = 10_000,
    lots: int = 1,
    aggressor: Side = "buy",
    trade_id: int = 1,
    event_ns: int = NOON_NS,
    epoch: int = 1,
    frame: int = 1,
) -> Trade:
    """A trade at 100.00."""
    return Trade(symbol, price, lots, aggressor, trade_id, event_ns, epoch, frame)


def a_book_snapshot(
    *,
    symbol: str = "BTC-EUR",
    bids: Levels = ((9_999, 10),),
    asks: Levels = ((10_001, 10),),
    last_id: int = 1,
    event_ns: int = NOON_NS,
    epoch: int = 1,
    frame: int = 1,
) -> BookSnapshot:
    """A whole book of (ticks, lots) levels."""
    return BookSnapshot(symbol, *_sides(bids, asks), last_id, event_ns, epoch, frame)


def a_book_delta(
    *,
    symbol: str = "BTC-EUR",
    bids: Levels = (),
    asks: Levels = (),
    last_id: int = 2,
    event_ns: int = NOON_NS,
    epoch: int = 1,
    frame: int = 1,
) -> BookDelta:
    """Changed levels; zero lots delete."""
    return BookDelta(symbol, *_sides(bids, asks), last_id, event_ns, epoch, frame)


def a_feed_status(
    state: FeedState = "live", *, symbols: tuple[str, ...] = ("BTC-EUR",), epoch: int = 1, feed: str = "test"
) -> FeedStatus:
    return FeedStatus(feed=feed, state=state, epoch=epoch, symbols=symbols, detail="")


def a_mark_frame(
    *,
    mid: npt.ArrayLike = (100.0, 100.0),
    spread_bps: float = 2.0,
    tick_ns: int = NOON_NS,
    tick_seq: int = 1,
    universe: int = 1,
) -> MarkFrame:
    """Quotes of one spread around mids; a NaN mid is not valid."""
    mids = np.asarray(mid, dtype=np.float64)
    half = mids * spread_bps * 5e-5
    valid = ~np.isnan(mids)
    return MarkFrame(
        universe=universe,
        bid=floats(mids - half),
        ask=floats(mids + half),
        mid=floats(mids),
        tick_ns=integers(np.full(len(mids), tick_ns)),
        tick_seq=integers(np.full(len(mids), tick_seq)),
        valid=flags(valid),
    )


def a_bar_frame(
    *,
    close: npt.ArrayLike = (100.0, 100.0),
    close_ns: int = NOON_NS,
    bar_s: float = 60.0,
    spread: float = 0.001,
    volume: float = 1.0,
    universe: int = 1,
) -> BarFrame:
    """Closed bars around their closes; a NaN close was not quoted."""
    closes = np.asarray(close, dtype=np.float64)
    quoted = ~np.isnan(closes)
    return BarFrame(
        universe=universe,
        bar_s=bar_s,
        close_ns=close_ns,
        open=floats(closes),
        high=floats(closes * (1.0 + spread)),
        low=floats(closes * (1.0 - spread)),
        close=floats(closes),
        volume=floats(np.where(quoted, volume, np.nan)),
        trades=integers(quoted.astype(np.int64)),
        tick_seq=integers(quoted.astype(np.int64)),
    )


def a_bar_history(
    *,
    close: npt.ArrayLike,
    bar_s: float = 60.0,
    last_close_ns: int = NOON_NS,
    spread: float = 0.001,
    volume: npt.ArrayLike = 1.0,
    universe: int = 1,
) -> BarHistory:
    """Closed bars, shape (bars, instruments), the last one at `last_close_ns`."""
    closes = np.asarray(close, dtype=np.float64)
    ages = np.arange(len(closes) - 1, -1, -1)
    return BarHistory(
        universe=universe,
        bar_s=bar_s,
        close_ns=integers(last_close_ns - ages * round(bar_s * SECOND_NS)),
        open=floats(closes),
        high=floats(closes * (1.0 + spread)),
        low=floats(closes * (1.0 - spread)),
        close=floats(closes),
        volume=floats(np.broadcast_to(np.asarray(volume, dtype=np.float64), closes.shape)),
    )


def a_book_frame(
    *,
    width: int = 2,
    spread_bps: npt.ArrayLike = 2.0,
    imbalance_l1: npt.ArrayLike = 0.0,
    imbalance_l5: npt.ArrayLike = 0.0,
    micro_bps: npt.ArrayLike = 0.0,
    ofi: npt.ArrayLike = 0.0,
    depth: npt.ArrayLike = 1.0,
    updates: npt.ArrayLike = 1.0,
    book_seq: int = 1,
    universe: int = 1,
    **others: npt.ArrayLike,
) -> BookFrame:
    """The state of the books; a single number stands for every instrument. Optional columns are empty if not given."""
    rows = (spread_bps, imbalance_l1, imbalance_l5, micro_bps, ofi, depth, updates)
    more = {name: _row(row, width) for name, row in others.items()}
    return BookFrame(universe, *(_row(row, width) for row in rows), integers(np.full(width, book_seq)), **more)


def _row(value: npt.ArrayLike, width: int) -> Column:
    return floats(np.broadcast_to(np.asarray(value, dtype=np.float64), (width,)))


def _sides(bids: Levels, asks: Levels) -> tuple[Any, ...]:
    return tuple(
        integers([row[field] for row in side]) if side else integers(np.empty(0, np.int64))
        for side in (bids, asks)
        for field in (0, 1)
    )


def closed_bars(
    *,
    close: Sequence[float] = (100.0, 10.0),
    bid: Sequence[float] | None = None,
    ask: Sequence[float] | None = None,
    trades: Sequence[float] | None = None,
    close_ns: Nanos | None = None,
    bar_s: float = 60.0,
    universe: int = 1,
) -> ClosedBars:
    """Bars of history, flat at their close, of volume 1, quoted a tick of 0.01 around the close."""
    known = np.isfinite(np.asarray(close))
    prices = floats(close)
    return ClosedBars(
        universe=universe,
        bar_s=bar_s,
        close_ns=at(60) if close_ns is None else close_ns,
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        volume=floats(np.where(known, 1.0, np.nan)),
        trades=floats(np.where(known, 1.0, np.nan) if trades is None else trades),
        bid=floats(np.asarray(close) - 0.01 if bid is None else bid),
        ask=floats(np.asarray(close) + 0.01 if ask is None else ask),
    )
