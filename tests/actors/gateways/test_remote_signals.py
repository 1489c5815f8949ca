"""The gateway of agents elsewhere: admits what is in order, outlives its source, and is never in a hurry."""

import asyncio

from actors.gateways.remote_signals import RemoteCounts, RemoteSettings, RemoteSignals
from adapters.signals.memory import MemorySignals
from contracts.quantities import SECOND_NS
from contracts.remote import RemoteFrame, RemoteNews
from contracts.wire import RawSignal
from runtime.clock import LoopClock
from runtime.outlet import Outlet
from tests.kit.market import NOON_NS, a_universe_changed, an_envelope
from tests.kit.remote import a_record, far


class Asked(MemorySignals):
    """A source that counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def connect(self):
        self.times += 1
        return super().connect()


class Listening:
    """A gateway at work, and what it admitted."""

    def __init__(self, **settings) -> None:
        self.source, self.counts = Asked(), RemoteCounts()
        self.clock, self.inbox = LoopClock(NOON_NS), Outlet("remote_signals", 16)
        self.inbox.offer(an_envelope(a_universe_changed("BTC-EUR", "ETH-EUR")))
        self.said: list = []
        self.gateway = RemoteSignals(self.source, self.clock, RemoteSettings(**settings), {"far": far()}, self.counts)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.gateway.run(self.inbox, self.admit))
        await self.wait(0.001)
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.wait([self.task])
        assert self.task.cancelled()

    def admit(self, payload):
        self.said.append(payload)
        return an_envelope(payload)

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep_until(self.clock.now() + round(seconds * SECOND_NS))

    def write(self, *records: RawSignal) -> None:
        for each in records:
            self.source.write(each.data, each.stamped_ns)

    def of(self, kind: type) -> list:
        return [each for each in self.said if isinstance(each, kind)]

    def news(self) -> list[tuple[str, str, int]]:
        return [(each.kind, each.reason, each.count) for each in self.of(RemoteNews)]


async def test_what_is_in_order_is_admitted_and_what_is_not_is_told() -> None:
    async with Listening() as listening:
        listening.write(a_record(), a_record(symbol="ETH-EUR"), a_record(symbol="XRP-EUR"))
        await listening.wait(1)
        (frame,) = listening.of(RemoteFrame)
        assert frame.mu.values.tolist() == [0.0001, 0.0001]
        assert listening.news() == [("connected", "", 1), ("refused", "unknown_symbol", 1)]
        assert listening.counts.taken == {"far": 2}


async def test_a_source_that_goes_is_told_once_and_found_again_ever_more_slowly() -> None:
    async with Listening(retry_s=1, retry_s_max=8) as listening:
        listening.source.lose("broker is down")
        await listening.wait(30)
        assert listening.news() == [("connected", "", 1), ("lost", "broker is down", 1)]
        assert not listening.counts.connected
        listening.source.heal()
        await listening.wait(8)
        listening.write(a_record(second=38))
        await listening.wait(1)
        assert listening.news()[2:] == [("connected", "", 1)]
        assert len(listening.of(RemoteFrame)) == 1
        assert (listening.counts.connections, listening.counts.lost) == (2, 1)


async def test_one_that_was_never_there_is_told_once() -> None:
    listening = Listening()
    listening.source.lose("no broker")
    async with listening:
        await listening.wait(600)
        assert listening.news() == [("lost", "no broker", 1)]
        assert listening.source.times == 7 + 8, "after 1, 2, 4, 8, 16 and 32 s, then once a minute"


async def test_a_flood_is_read_at_its_pace_and_what_waited_too_long_is_old() -> None:
    async with Listening(records_s_max=100) as listening:
        listening.write(*[a_record(agent="nobody")] * 4_000, a_record())
        await listening.wait(10.1)
        assert listening.counts.refused == {"unknown_agent": 1_500}
        await listening.wait(60)
        assert listening.counts.refused == {"unknown_agent": 4_000, "too_old": 1}
        listening.write(a_record(agent="nobody"))
        await listening.wait(1)
        assert [count for _, reason, count in listening.news() if reason == "unknown_agent"] == [500, 3_501]


async def test_a_universe_that_changes_is_known_before_the_next_batch() -> None:
    async with Listening() as listening:
        listening.inbox.offer(an_envelope(a_universe_changed("ETH-EUR", version=2)))
        listening.write(a_record(symbol="ETH-EUR"))
        await listening.wait(1)
        (frame,) = listening.of(RemoteFrame)
        assert (frame.universe, len(frame.mu)) == (2, 1)
