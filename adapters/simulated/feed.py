"""The simulated market as a feed: frames of bytes, paced by the injected clock, for as long as anyone listens."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from adapters.simulated.frames import BookWire, Levels, SimulatedParser, SnapshotWire, TradeWire, Wire, encode
from adapters.simulated.instruments import VENUE
from adapters.simulated.market import Ladder, Market
from contracts.instrument import Universe
from contracts.market import BarHistory
from contracts.ports import Clock
from contracts.quantities import Nanos, Seconds
from contracts.wire import RawFrame

Ints = npt.NDArray[np.int64]


class _Event(NamedTuple):
    """What one instrument has to say at one step; `fresh` begins a book."""

    at_ns: Nanos
    column: int
    step: int
    fresh: bool


class SimulatedFeed:
    """A feed that never ends: at first a snapshot of each book, then three frames per instrument and second.

    A listener who falls behind finds the frames that are due at once, in order; nothing is left out.
    """

    def __init__(self, market: Market, clock: Clock, name: str = VENUE) -> None:
        self.name = name
        self._market = market
        self._clock = clock
        self._number = 0
        self._shown: dict[int, tuple[int, Ladder]] = {}

    @property
    def universe(self) -> Universe:
        """The instruments of the market."""
        return self._market.universe

    def history(self, bar_s: Seconds, bars: int, before_ns: Nanos) -> BarHistory | None:
        """Closed bars of mids from before a time; None if none are wanted."""
        return self._market.bars(before_ns, bar_s, bars) if bars > 0 else None

    def parser(self, epoch: int) -> SimulatedParser:
        """A fresh parser."""
        return SimulatedParser(self._market.universe.symbols)

    @asynccontextmanager
    async def connect(self, epoch: int) -> AsyncIterator[AsyncIterator[RawFrame]]:
        """A connection from now on."""
        frames = self._frames(epoch)
        try:
            yield frames
        finally:
            await frames.aclose()

    async def _frames(self, epoch: int) -> AsyncGenerator[RawFrame, None]:
        sent = 0
        for event in self._events(self._clock.now()):
            await self._clock.sleep_until(event.at_ns)
            for wire in self._wires(event, sent):
                yield RawFrame(encode(wire), self._clock.now(), epoch, self._number)
                self._number += 1
                sent += 1

    def _events(self, start_ns: Nanos) -> Iterator[_Event]:
        columns = range(len(self._market.universe))
        for column in columns:
            yield _Event(start_ns, column, self._market.step_at(column, start_ns), True)
        step = min(self._market.step_at(column, start_ns) for column in columns)
        while True:
            for column in columns:
                at_ns = self._market.step_ns(column, step)
                if at_ns > start_ns:
                    yield _Event(at_ns, column, step, False)
            step += 1

    def _wires(self, event: _Event, sent: int) -> Iterator[Wire]:
        at_ns, column, step, fresh = event
        symbol = self._market.universe.instruments[column].symbol
        before, ladder = self._ladder(column, step - 1), self._ladder(column, step)
        best = (int(ladder.bid_ticks[0]), int(ladder.bid_lots[0]), int(ladder.ask_ticks[0]), int(ladder.ask_lots[0]))
        if fresh:
            bids, asks = _levels(ladder.bid_ticks, ladder.bid_lots), _levels(ladder.ask_ticks, ladder.ask_lots)
            yield SnapshotWire(sent, symbol, at_ns, best, bids, asks)
            return
        trade = self._market.trade(column, step)
        if trade is not None:
            yield TradeWire(sent, symbol, at_ns, trade.price, trade.lots, trade.buy, trade.trade_id)
            sent += 1
        bids, asks = _changes(before, ladder)
        yield BookWire(sent, symbol, at_ns, best, bids, asks)

    def _ladder(self, column: int, step: int) -> Ladder:
        """The market's ladder; the last one of each instrument is kept, because the next frame starts from it."""
        known = self._shown.get(column)
        if known is None or known[0] != step:
            known = self._shown[column] = (step, self._market.ladder(column, step))
        return known[1]


def _levels(ticks: Ints, lots: Ints) -> Levels:
    return tuple(zip(ticks.tolist(), lots.tolist(), strict=True))


def _changes(old: Ladder, new: Ladder) -> tuple[Levels, Levels]:
    bids = _side_changes(old.bid_ticks, old.bid_lots, new.bid_ticks, new.bid_lots)
    return bids, _side_changes(old.ask_ticks, old.ask_lots, new.ask_ticks, new.ask_lots)


def _side_changes(old_ticks: Ints, old_lots: Ints, new_ticks: Ints, new_lots: Ints) -> Levels:
    before = dict(_levels(old_ticks, old_lots))
    after = dict(_levels(new_ticks, new_lots))
    gone = [(ticks, 0) for ticks in before if ticks not in after]
    return (*gone, *((ticks, lots) for ticks, lots in after.items() if before.get(ticks) != lots))
