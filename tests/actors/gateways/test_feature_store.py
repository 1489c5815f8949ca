"""The feature writer: the newest frame is kept, what cannot be kept is counted, and nothing ever stops it."""

import asyncio

import numpy as np
import pytest

from actors.gateways.feature_store import FeatureWriter, FeatureWriterSettings, StoreFigures
from adapters.feature_memory import MemoryFeatureStore
from contracts.ports import StoreUnavailable
from contracts.stored_features import feature_set
from runtime.clock import LoopClock
from runtime.outlet import Outlet
from tests.kit.beliefs import a_feature_frame
from tests.kit.market import a_universe_changed, an_envelope, at

SYMBOLS = ("BTC-EUR", "ETH-EUR")
OF = feature_set("test", 3, bar_s=60.0, horizon_bars=30)


class Faulty(MemoryFeatureStore):
    """Fails while `fails`, loses while `loses`; a write takes a second."""

    fails = loses = False

    async def write(self, rows):
        await asyncio.sleep(1.0)
        if self.fails:
            raise StoreUnavailable("gone for lunch")
        await super().write(rows)
        if self.loses:
            self.values.clear()


class World:
    """A writer that serves beside whoever says something to it."""

    def __init__(self, **settings: float) -> None:
        self.clock = LoopClock(at(0.0))
        self.store, self.figures = Faulty(self.clock, ttl_s=3600.0), StoreFigures()
        self.inbox = Outlet("feature_store", 64)
        self.seq = 0
        self._settings = FeatureWriterSettings(**settings)

    async def serve(self) -> None:
        writer = FeatureWriter(self.store, self.clock, self._settings, self.figures, bar_s=60.0, horizon_bars=30)
        await writer.run(self.inbox, lambda payload: pytest.fail(f"admitted {payload}"))

    def say(self, payload) -> None:
        self.seq += 1
        self.inbox.offer(an_envelope(payload, seq=self.seq, at_ns=self.clock.now()))

    def feel(self, value: float, **changes) -> None:
        self.say(a_feature_frame(values=np.full((3, 2), value), **changes))

    async def seqs(self) -> list[int]:
        return (await self.store.read(OF, SYMBOLS)).seq.tolist()

    async def __aenter__(self) -> "World":
        self._task = asyncio.get_running_loop().create_task(self.serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert not self._task.done()
        self._task.cancel()


async def test_features_are_kept_with_the_seq_and_time_of_their_frame():
    async with World() as world:
        world.say(a_universe_changed(*SYMBOLS))
        world.feel(0.5)
        await asyncio.sleep(2.0)
        found = await world.store.read(OF, SYMBOLS)
        assert (found.values == np.float32(0.5)).all()
        assert (found.seq.tolist(), found.at_ns.tolist()) == ([2, 2], [at(0.0)] * 2)
        assert (world.figures.written, sum(world.figures.write_s.counts)) == (2, 1)


async def test_what_waited_is_let_go_for_the_newest():
    async with World() as world:
        world.say(a_universe_changed(*SYMBOLS))
        for value in (1.0, 2.0, 3.0):
            world.feel(value)
        await asyncio.sleep(2.0)
        assert (await world.seqs(), world.figures.let_go, world.figures.written) == ([4, 4], 2, 2)


async def test_frames_are_written_no_more_often_than_told():
    async with World(every_s=10.0) as world:
        world.say(a_universe_changed(*SYMBOLS))
        for _ in range(30):
            world.feel(1.0)
            await asyncio.sleep(1.0)
        assert (world.figures.written, world.figures.let_go) == (6, 27)


async def test_a_frame_of_another_or_no_universe_is_let_go():
    async with World() as world:
        world.feel(1.0)
        await asyncio.sleep(2.0)
        world.say(a_universe_changed(*SYMBOLS, version=2))
        world.feel(1.0, universe=1)
        await asyncio.sleep(2.0)
        assert (world.figures.written, world.figures.let_go) == (0, 2)


async def test_a_store_that_fails_all_day_is_counted_and_served_on():
    async with World() as world:
        world.store.fails = True
        world.say(a_universe_changed(*SYMBOLS))
        for _ in range(5):
            world.feel(1.0)
            await asyncio.sleep(2.0)
        assert (world.figures.failures, world.figures.why, world.figures.written) == (5, "gone for lunch", 0)
        world.store.fails = False
        world.feel(2.0)
        await asyncio.sleep(2.0)
        assert await world.seqs() == [7, 7]


async def test_now_and_then_it_looks_whether_what_was_written_is_there():
    async with World(check_s=5.0) as world:
        world.say(a_universe_changed(*SYMBOLS))
        for _ in range(5):
            world.feel(1.0)
            await asyncio.sleep(2.0)
        assert (sum(world.figures.read_s.counts), world.figures.lost) == (1, 0)
        world.store.loses = True
        for _ in range(5):
            world.feel(1.0)
            await asyncio.sleep(2.0)
        assert world.figures.lost == 4 and world.figures.refused == {"missing": 4}


@pytest.mark.parametrize("settings", [{"every_s": 0.0}, {"check_s": -1.0}])
def test_a_cadence_of_nothing_is_refused(settings):
    with pytest.raises(ValueError, match="expected a finite number above 0"):
        FeatureWriterSettings(**settings)
