"""A feed handler over a scripted feed in virtual time, and everything it said."""

import asyncio
import itertools
from decimal import Decimal

import numpy as np
import pytest

from actors.gateways.feed_counts import FeedCounts, Quarantined
from actors.gateways.feed_handler import FeedHandler
from actors.gateways.feed_settings import FeedSettings
from contracts.column import integers
from contracts.market import BookDelta, BookSnapshot, FeedStatus, Tick, Trade
from contracts.quantities import SECOND_NS
from contracts.wire import Parsed, Sequence
from runtime.clock import LoopClock
from tests.kit.feeds import START_NS, ScriptedFeed, coinbase_universe, meaning

BTC = "BTC-USD"


def settings(**changed):
    return FeedSettings(bar_s=60, warmup_bars=10, fx={"USD": Decimal("0.9")}, **changed)


def tick(number, *, bid=100, symbol=BTC):
    return Tick(symbol, bid, bid + 1, 5, 5, START_NS, 1, number)


def trade(number, lots=1):
    return Trade(BTC, 100, lots, "buy", number, START_NS, 1, number)


def delta(number, *levels, symbol=BTC):
    bids = integers([ticks for ticks, _ in levels]), integers([lots for _, lots in levels])
    return BookDelta(symbol, *bids, integers([]), integers([]), number, START_NS, 1, number)


def snapshot(number, *levels, symbol=BTC):
    bids = integers([ticks for ticks, _ in levels]), integers([lots for _, lots in levels])
    return BookSnapshot(symbol, *bids, integers([]), integers([]), number, START_NS, 1, number)


def said_by(number, *rows, kind="data"):
    return meaning(Parsed(kind, rows, Sequence("*", "consecutive", 0, number)))


async def nothing():
    """An inbox to which nobody writes."""
    await asyncio.Event().wait()
    yield


class World:
    """A handler over a scripted feed in virtual time, and what it said."""

    def __init__(self, *connections, history=None, **changed):
        self.clock = LoopClock(START_NS)
        self.said = []
        self.quarantined: list[Quarantined] = []
        self.finished = asyncio.Event()
        self.warm = asyncio.Event()
        self.feed = ScriptedFeed(self.clock, coinbase_universe(), *connections, history=history)
        self.counts = FeedCounts()
        self.handler = FeedHandler(
            self.feed,
            self.clock,
            settings(**changed),
            chance=np.random.default_rng(7),
            epochs=itertools.count(1),
            counts=self.counts,
            quarantine=self.quarantined.append,
            on_warm=self.warm.set,
            on_finished=self.finished.set,
        )

    def admit(self, payload):
        self.said.append((round((self.clock.now() - START_NS) / SECOND_NS, 3), payload))

    async def run(self, seconds=None):
        task = asyncio.get_running_loop().create_task(self.handler.run(nothing(), self.admit))
        if seconds is None:
            await self.finished.wait()
            await asyncio.sleep(1)
            assert not task.done(), "a finished feed serves on until it is cancelled"
        else:
            await asyncio.sleep(seconds)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return self

    def of(self, *types):
        return [payload for _, payload in self.said if isinstance(payload, types)]

    def states(self):
        return [(payload.state, payload.epoch) for payload in self.of(FeedStatus)]
