"""The gateway in real time, which on these loops is virtual; a stream in virtual time is in tests/bot/roles."""

import asyncio
from collections import deque
from typing import Any

import pytest

from actors.gateways.stream_gateway import StreamGateway, StreamMemory
from actors.gateways.stream_settings import StreamSettings
from contracts import codec
from contracts.life import Beat, Stopping
from contracts.market import FeedStatus, Tick
from contracts.quantities import SECOND_NS, seconds
from contracts.stream import PartFrames, ShardFrames, StreamBlock, StreamMessage, StreamPosition
from runtime.clock import LoopClock
from runtime.outlet import Outlet

START_NS = 1_000 * SECOND_NS
SETTINGS = StreamSettings(parts=2, barrier_s=0.5, lag_s_max=2.0, silence_s_max=3.0)
AGENTS = ("momentum", "flow")


def tick(number: int) -> Tick:
    return Tick("BTC-EUR", 100, 101, 1, 1, START_NS, 1, number)


def status(state: Any = "live") -> FeedStatus:
    return FeedStatus("venue", state, 1, ("BTC-EUR",), f"{state} as the venue said")


def beat(kind: Any, number: int = 1) -> Beat:
    return Beat(kind=kind, number=number)


def part(number: int, seq: int) -> PartFrames:
    return PartFrames(run="a", seq=seq, at_ns=START_NS + SECOND_NS, part=number, parts=2, features=None, signals=())


class Script:
    """Gives each thing at its second; `sent` messages are numbered, and said `old_s` before they come."""

    def __init__(self, clock: LoopClock) -> None:
        self._clock = clock
        self._due: deque[tuple[float, StreamBlock | PartFrames]] = deque()
        self._seq = 0

    def send(self, at_s: float, *payloads: Any, old_s: float = 0.0) -> None:
        for payload in payloads:
            self._seq += 1
            said_ns = START_NS + round((at_s - old_s) * SECOND_NS)
            kind = type(payload).__name__
            message = StreamMessage(self._seq, said_ns, "feed", kind, codec.encode(payload))
            self._due.append((at_s, StreamBlock("a", 1, (message,))))

    def answer(self, at_s: float, frames: PartFrames) -> None:
        self._due.append((at_s, frames))

    async def take(self, within_s: float) -> StreamBlock | PartFrames | None:
        return await self._next(within_s)

    async def frames(self, within_s: float) -> PartFrames | None:
        found = await self._next(within_s, frames_only=True)
        assert found is None or isinstance(found, PartFrames)
        return found

    async def _next(self, within_s: float, *, frames_only: bool = False) -> StreamBlock | PartFrames | None:
        until_ns = self._clock.now() + round(within_s * SECOND_NS)
        wanted = [each for each in self._due if isinstance(each[1], PartFrames) or not frames_only]
        if not wanted or START_NS + round(wanted[0][0] * SECOND_NS) > until_ns:
            await self._clock.sleep_until(until_ns)
            return None
        await self._clock.sleep_until(START_NS + round(wanted[0][0] * SECOND_NS))
        self._due.remove(wanted[0])
        return wanted[0][1]


class Desk:
    """A gateway over a script, and what it admitted: (second, message)."""

    def __init__(self) -> None:
        self.clock = LoopClock(START_NS)
        self.script = Script(self.clock)
        self.memory = StreamMemory(SETTINGS, AGENTS, None)
        self.inbox = Outlet("stream", 16)
        self.said: list[tuple[float, Any]] = []

    def admit(self, payload: Any) -> Any:
        self.said.append((round(seconds(self.clock.now() - START_NS), 3), payload))
        return payload

    async def run(self, for_s: float) -> "Desk":
        gateway = StreamGateway(self.script, self.clock, SETTINGS, self.memory, held=False, on_finished=pytest.fail)
        task = asyncio.get_running_loop().create_task(gateway.run(self.inbox, self.admit))
        await asyncio.sleep(for_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return self

    def of(self, kind: type[Any]) -> list[tuple[float, Any]]:
        return [each for each in self.said if isinstance(each[1], kind)]


async def test_a_decision_waits_for_every_part_and_no_longer() -> None:
    desk = Desk()
    desk.script.send(1, status(), tick(1), beat("signal"), beat("decide"), beat("second"))
    desk.script.answer(1.1, part(0, 3))
    desk.script.answer(1.2, part(1, 3))
    await desk.run(1.4)

    kinds = [(at, type(said).__name__, getattr(said, "kind", "")) for at, said in desk.said]
    assert kinds[-4:] == [
        (1.0, "Beat", "signal"),
        (1.2, "ShardFrames", ""),
        (1.2, "Beat", "decide"),
        (1.2, "Beat", "second"),
    ]
    assert desk.of(ShardFrames)[0][1].late == ()


async def test_a_part_that_does_not_come_is_late_after_the_barrier() -> None:
    desk = Desk()
    desk.script.send(1, status(), beat("signal"), beat("decide"))
    desk.script.answer(1.1, part(0, 2))
    await desk.run(2)

    (at_s, frames), *_ = desk.of(ShardFrames)
    assert (at_s, frames.late) == (1.5, ("flow",))
    assert [at for at, said in desk.of(Beat) if said.kind == "decide"] == [1.5]
    assert desk.memory.late == {"flow": 1}


async def test_a_silent_stream_is_stale_and_the_desk_counts_its_own_seconds() -> None:
    desk = Desk()
    desk.script.send(1, status(), tick(1), beat("second", 41))
    await desk.run(9)

    states = [(at, said.state) for at, said in desk.of(FeedStatus)]
    assert states[-1][1] == "stale" and 4.0 <= states[-1][0] <= 4.5
    assert [said.number for at, said in desk.of(Beat) if at > 1] == [42, 43, 44, 45, 46, 47, 48]
    gaps = [b - a for (a, _), (b, _) in zip(desk.of(Beat), desk.of(Beat)[1:], strict=False)]
    assert max(gaps) <= 1.75, "orders are looked after, about once a second"


async def test_what_is_told_late_is_admitted_as_late_and_decides_nothing() -> None:
    desk = Desk()
    desk.script.send(1, status(), tick(1))
    desk.script.send(6, tick(2), beat("signal"), beat("decide"), beat("second"), old_s=4.5)
    desk.script.send(7, tick(3), beat("signal", 2), beat("decide", 2))
    await desk.run(8)

    assert [said.frame for _, said in desk.of(Tick)] == [1, 2, 3]
    assert [at for at, said in desk.of(Beat) if said.kind == "decide"] == [7.5]
    assert desk.memory.beats_passed_over == 3
    assert [said.state for at, said in desk.of(FeedStatus) if at >= 4] == ["stale", "live"]


async def test_a_successor_in_the_middle_of_a_stream_knows_how_the_feeds_stood() -> None:
    desk = Desk()
    desk.memory = StreamMemory(SETTINGS, AGENTS, StreamPosition("a", 4, 1))
    desk.script.send(0, status("connecting"), status("live"), tick(1))
    desk.script.send(1, tick(2))
    await desk.run(2)

    assert [(at, said.state) for at, said in desk.of(FeedStatus)] == [(1.0, "live")]
    assert [said.frame for _, said in desk.of(Tick)] == [2], "what its predecessor had heard is not said again"


async def test_an_ingest_that_ends_leaves_a_stale_feed_and_a_living_desk() -> None:
    desk = Desk()
    desk.script.send(1, status(), tick(1))
    desk.script.send(2, Stopping("keep", "asked by an operator"))
    await desk.run(6)

    at_s, last = desk.of(FeedStatus)[-1]
    assert (at_s, last.state) == (2.0, "stale")
    assert "asked by an operator" in last.detail
    assert len(desk.of(Beat)) >= 3
