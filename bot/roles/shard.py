"""A shard: as many parts of the agents as Kafka gives it, each moved by the stream from its beginning.

A part that is given to it hears the whole stream before it speaks, and says nothing of beats that were answered
already: what it says is what its predecessor would have said. Meanwhile its other parts go on.
"""

import asyncio
import os
import signal
from collections import deque
from typing import Any, Final

import msgspec

from adapters.kafka.role_reading import Heard, RoleReader, last_answered_ns
from adapters.kafka.sender import Outgoing, Sender
from adapters.kafka.shard_group import ShardGroup
from adapters.kafka.stream_records import encode
from bot.assemble import agents_of
from bot.profile import Profile
from bot.roles.parts import PartRunner
from bot.roles.wires import Wires
from bot.system import EXIT_GAVE_UP, EXIT_OK, Ending
from contracts.life import GatewayFailed
from contracts.quantities import Nanos, Seconds
from contracts.stream import PartFrames, StreamBlock
from runtime.clock import monotonic_s
from runtime.seeds import Seeds
from runtime.supervisor import Supervisor

WAITING_MAX: Final = 256
IDLE_S: Final = 0.002
SENT_AT_ONCE_MAX: Final = 64
LOOK_S: Final = 0.05
END_S: Final = 10.0


class ShardResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a shard came to: `busy_s` was spent on thinking, `spoke_s` is from the first block to the last answer.

    `cpu_s` is what the whole process used of the processor from its first block on.
    """

    ending: str
    exit_code: int
    parts: tuple[int, ...]
    beats: int
    signals: int
    messages: int
    busy_s: float
    spoke_s: float
    cpu_s: float
    rebalances: int
    refused: dict[str, int]
    failures: int
    actor_failures: dict[str, int]


class _Part:
    """One part at work: reads the stream, hears it, and puts what is new into the outbox."""

    def __init__(self, profile: Profile, wires: Wires, part: int, shard: "Shard") -> None:
        self.runner = PartRunner(profile, agents_of(profile), part)
        self.reader = RoleReader(wires.kafka, wires.topics, wires.seal, wires.topics.stream, f"keel-part-{part}")
        self.messages = 0
        self._wires = wires
        self._part = part
        self._shard = shard
        self._blocks: deque[StreamBlock] = deque()

    async def read(self) -> None:
        """Fetch blocks of the stream, as many as have room."""
        await self.reader.read((0,), self._put, self._room)

    async def work(self) -> None:
        """One block at a time, so that nobody in this process waits longer than for one block."""
        wires = self._wires
        answered_ns = await last_answered_ns(wires.kafka, wires.seal, wires.topics.shards, self._part)
        while True:
            if not self._blocks or self._shard.is_full:
                await asyncio.sleep(IDLE_S)
                continue
            self._shard.begin()
            began_s = monotonic_s()
            self._think(self._blocks.popleft(), answered_ns)
            self._shard.busy_s += monotonic_s() - began_s
            await asyncio.sleep(0)

    def _put(self, heard: Heard) -> None:
        assert isinstance(heard, StreamBlock), "the topic of the stream carries blocks"
        self._blocks.append(heard)

    def _room(self) -> bool:
        return len(self._blocks) < WAITING_MAX

    def _think(self, block: StreamBlock, answered_ns: Nanos) -> None:
        for frames in self.runner.hear(block):
            if frames.at_ns > answered_ns:
                self._shard.say(frames)
        self.messages += len(block.messages)


class Shard:
    """One process of the role `agents`; `run` serves until a signal, the time limit, or the end of what is played."""

    def __init__(self, profile: Profile, wires: Wires, *, ends_with_stream: bool) -> None:
        self._profile = profile
        self._wires = wires
        self._ends_with_stream = ends_with_stream
        self._group = ShardGroup(wires.kafka, wires.topics, self._take_parts, monotonic_s)
        self._sender = Sender(wires.kafka, "keel-agents")
        self._outbox: deque[Outgoing] = deque()
        self._parts: dict[int, _Part] = {}
        self._tasks: dict[int, tuple[asyncio.Task[None], ...]] = {}
        self._supervisor = Supervisor(Seeds(profile.seed).generator("supervisor"), self._on_failure)
        self._dealt = 0
        self._gone: list[_Part] = []
        self._wanted: tuple[int, ...] = ()
        self._changed = asyncio.Event()
        self._over = asyncio.Event()
        self._ending = Ending("", EXIT_OK)
        self._first_s: float | None = None
        self._last_s = 0.0
        self._first_cpu_s = _cpu_s()
        self.beats = 0
        self.busy_s = 0.0

    @property
    def is_full(self) -> bool:
        """Whether more is said than Kafka takes."""
        return len(self._outbox) > SENT_AT_ONCE_MAX

    def say(self, frames: PartFrames) -> None:
        """Put what a part said into the outbox."""
        topic, value = self._wires.topics.shards, encode(frames)
        self._outbox.append(Outgoing(topic, frames.part, value, self._wires.seal.headers(topic, value)))
        self.beats += 1
        self._last_s = monotonic_s()

    def begin(self) -> None:
        """A first block is heard."""
        if self._first_s is None:
            self._first_s, self._first_cpu_s = monotonic_s(), _cpu_s()

    async def run(self, duration_s: Seconds | None) -> ShardResult:
        """Serve."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number.name)
        spawn = self._supervisor.spawn_once
        self._group.open()
        spawn("deal", self._deal)
        spawn("send", self._send)
        spawn("look", lambda: self._look(duration_s))
        await self._over.wait()
        await self._supervisor.shutdown(END_S)
        self._group.close()
        await self._sender.close()
        return self._result()

    def _end(self, why: str, exit_code: int = EXIT_OK) -> None:
        if not self._over.is_set():
            self._ending = Ending(why, exit_code)
        self._over.set()

    def _on_failure(self, failure: GatewayFailed, error: BaseException | None) -> None:
        """A part that broke would break again here: the process ends, and Kafka gives its parts to others."""
        self._end(f"{failure.gateway} failed: {failure.error}", EXIT_GAVE_UP)

    def _take_parts(self, parts: tuple[int, ...]) -> None:
        self._wanted = parts
        self._changed.set()

    async def _deal(self) -> None:
        """Begin the parts that are ours now, let go of those that are not."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            for part in [each for each in self._parts if each not in self._wanted]:
                for task in self._tasks.pop(part):
                    task.cancel()
                self._gone.append(self._parts.pop(part))
            for part in self._wanted:
                if part not in self._parts:
                    self._begin_part(part)

    def _begin_part(self, part: int) -> None:
        self._dealt += 1
        mine = self._parts[part] = _Part(self._profile, self._wires, part, self)
        name, spawn = f"part-{part}-{self._dealt}", self._supervisor.spawn_once
        self._tasks[part] = (spawn(f"{name}-reader", mine.read), spawn(name, mine.work))

    async def _send(self) -> None:
        while True:
            if not self._outbox:
                await asyncio.sleep(IDLE_S)
                continue
            some = [self._outbox[index] for index in range(min(SENT_AT_ONCE_MAX, len(self._outbox)))]
            await self._sender.deliver(some)
            for _ in some:
                self._outbox.popleft()

    async def _look(self, duration_s: Seconds | None) -> None:
        """End when the time is over, or with the stream once everything was said of it."""
        until_s = None if duration_s is None else monotonic_s() + duration_s
        while True:
            await asyncio.sleep(LOOK_S)
            self._group.turn()
            if self._group.error is not None:
                raise RuntimeError("this shard is no member any more") from self._group.error
            if until_s is not None and monotonic_s() >= until_s:
                self._end(f"ran for {duration_s:g} s")
            done = bool(self._parts) and all(part.runner.ended for part in self._parts.values())
            if self._ends_with_stream and done and not self._outbox:
                self._end("the stream is at its end")

    def _result(self) -> ShardResult:
        parts = [*self._gone, *self._parts.values()]
        refused: dict[str, int] = {}
        failed: dict[str, int] = {}
        for each in parts:
            for why, count in each.reader.refused.counts.items():
                refused[why] = refused.get(why, 0) + count
            for actor, count in each.runner.failures.items():
                failed[actor] = failed.get(actor, 0) + count
        return ShardResult(
            ending=self._ending.reason,
            exit_code=self._ending.exit_code,
            parts=tuple(sorted(self._parts)),
            beats=self.beats,
            signals=sum(each.runner.signals for each in parts),
            messages=sum(each.messages for each in parts),
            busy_s=round(self.busy_s, 3),
            spoke_s=round(max(0.0, self._last_s - (self._first_s or self._last_s)), 3),
            cpu_s=round(_cpu_s() - self._first_cpu_s, 3),
            rebalances=self._group.rebalances,
            refused=refused,
            failures=self._sender.failures,
            actor_failures=failed,
        )


def _cpu_s() -> float:
    used = os.times()
    return used.user + used.system


def run_shard(profile: Profile, wires: Wires, duration_s: Seconds | None, *, ends_with_stream: bool) -> dict[str, Any]:
    """Run a shard to its end; returns its summary."""
    import uvloop

    async def live() -> ShardResult:
        return await Shard(profile, wires, ends_with_stream=ends_with_stream).run(duration_s)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result: dict[str, Any] = msgspec.to_builtins(runner.run(live()))
    return result
