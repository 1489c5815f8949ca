"""The stream gateway: the market, the beats and what the shards made of them, from a stream instead of a venue.

It admits what an ingest admitted, in its order, and after each signal beat what the shards have said to it, so that a
desk hears what one process would have heard. Where time is virtual (`held`) each message comes at its own time, and
time stands still while one is waited for. In real time nothing is waited for but the shards: what comes late is let in
as late, while the stream is not to be believed every feed is stale, old beats are passed over, and the seconds go on by
the desk's own clock, so that orders are looked after whatever became of the stream.
"""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from actors.gateways.barrier import Barrier
from actors.gateways.stream_health import StreamHealth
from actors.gateways.stream_order import StreamOrder
from actors.gateways.stream_settings import StreamSettings
from contracts import codec
from contracts.life import Beat, Stopping
from contracts.market import FeedStatus
from contracts.ports import Clock, StreamSource
from contracts.quantities import SECOND_NS, Nanos, nanos, seconds
from contracts.stream import StreamBlock, StreamMessage, StreamPosition
from contracts.topics import topic_of
from runtime.actor import Admit, Gateway, Inbox

LISTEN_S: Final = 0.25
"""So long at most it listens before it looks after its own seconds."""

BREATH: Final = 32
"""After so many messages without a wait everybody else gets a turn."""

OWN_SECOND_NS: Final = SECOND_NS * 3 // 2
"""After so long without a second of the stream the desk counts its own."""


class StreamMemory:
    """What outlives a restart of the gateway: where it stands in the stream, who has said what, how it is."""

    def __init__(self, settings: StreamSettings, agents: tuple[str, ...], position: StreamPosition | None) -> None:
        self.order = StreamOrder(position)
        self.barrier = Barrier(agents, settings.parts)
        self.health = StreamHealth(settings.silence_s_max, settings.lag_s_max)
        self.begun = False
        self.admitted = 0
        self.beats_passed_over = 0
        self.late: dict[str, int] = {}


class StreamGateway(Gateway):
    """Reads one stream until cancelled; `on_finished` hears that a stream in virtual time is over."""

    role = "shards"
    also = ("feed", "metronome", "context")
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (Stopping,)

    def __init__(
        self,
        source: StreamSource,
        clock: Clock,
        settings: StreamSettings,
        memory: StreamMemory,
        *,
        held: bool,
        on_finished: Callable[[str], None],
    ) -> None:
        self._source = source
        self._clock = clock
        self._settings = settings
        self.memory = self._memory = memory
        self._held = held
        self._on_finished = on_finished
        self._deciding = True
        self._number = 0
        self._second_ns: Nanos = 0

    async def run(self, inbox: Inbox, admit: Admit) -> None:
        """Serve until cancelled."""
        self._second_ns = self._clock.now()
        over = ""
        while not over:
            message = self._memory.order.take()
            if message is None:
                over = await self._listen(admit)
                continue
            over = await self._let_in(message, inbox, admit)
            if self._memory.order.position.seq % BREATH == 0:
                await self._breathe(admit)
        self._on_finished(over)
        await self._count_alone(admit)

    async def _listen(self, admit: Admit) -> str:
        """Hear one thing more; why the stream is over, where waiting longer makes no sense."""
        heard = await self._hear(self._settings.hold_s if self._held else LISTEN_S)
        if self._held:
            return "" if heard else f"nothing of the stream for {self._settings.hold_s:g} s"
        if not heard:
            self._say_all(self._memory.health.look(self._clock.now()), admit)
        self._count_own(admit)
        return ""

    async def _breathe(self, admit: Admit) -> None:
        """A long backlog holds nobody up."""
        await asyncio.sleep(0)
        if not self._held:
            self._count_own(admit)

    async def _hear(self, within_s: float) -> bool:
        heard = await self._source.take(within_s)
        if heard is None:
            return False
        if isinstance(heard, StreamBlock):
            self._remember_feeds(heard)
            self._memory.order.hear(heard)
        else:
            self._memory.barrier.hear(heard)
        return True

    def _remember_feeds(self, block: StreamBlock) -> None:
        """A successor goes on in the middle of its stream, and must know how the feeds stood there."""
        order = self._memory.order
        if self._held or self._memory.begun or block.run != order.run:
            return
        for message in block.messages:
            if message.seq < order.position.seq and message.type == FeedStatus.__name__:
                status = codec.decode(message.type, message.payload)
                assert isinstance(status, FeedStatus), "the type was asked for"
                self._memory.health.remember(status)

    async def _let_in(self, message: StreamMessage, inbox: Inbox, admit: Admit) -> str:
        """Admit one message at its time; why the stream is over, where this was its end."""
        self._memory.begun = True
        said = codec.decode(message.type, message.payload)
        if isinstance(said, Stopping):
            return self._hear_the_end(said, admit)
        if topic_of(said).author not in self.also:
            return ""
        if self._held:
            if message.at_ns > self._clock.now():
                await self._clock.sleep_until(message.at_ns)
        else:
            self._say_all(self._memory.health.hear(message.at_ns, self._clock.now()), admit)
        self._deciding = self._deciding and all(each.payload.policy == "flatten" for each in inbox.unread())
        if isinstance(said, Beat):
            await self._beat(said, message, admit)
        elif isinstance(said, FeedStatus) and not self._held:
            self._say_all(self._memory.health.learn(said), admit)
        else:
            self._say(said, admit)
        return ""

    def _hear_the_end(self, said: Stopping, admit: Admit) -> str:
        """An ingest that ends takes a stream in virtual time with it; a living desk waits for the next one."""
        why = f"the ingest has ended: {said.reason}"
        if self._held:
            return why
        self._say_all(self._memory.health.end(why), admit)
        return ""

    async def _beat(self, beat: Beat, message: StreamMessage, admit: Admit) -> None:
        memory = self._memory
        if memory.health.away and not self._held:
            memory.beats_passed_over += 1
            if beat.kind == "signal":
                memory.barrier.pass_over(message.at_ns)
            return
        if beat.kind == "second":
            self._number, self._second_ns = beat.number, self._clock.now()
        elif not self._deciding:
            return
        self._say(beat, admit)
        if beat.kind == "signal":
            await self._await_shards(message, beat.number, admit)

    async def _await_shards(self, beat: StreamMessage, number: int, admit: Admit) -> None:
        """Hear until every part has spoken or the time is over, then say what was said."""
        barrier, heard = self._memory.barrier, self._memory.order.position
        left_s = self._settings.hold_s if self._held else self._settings.barrier_s
        until_ns = self._clock.now() + nanos(left_s)
        while barrier.missing(heard.run, beat.seq, beat.at_ns) and left_s > 0:
            frames = await self._source.frames(left_s)
            if frames is not None:
                barrier.hear(frames)
            if not self._held:
                left_s = seconds(until_ns - self._clock.now())
            elif frames is None:
                break
        said = barrier.close(StreamPosition(heard.run, beat.seq, heard.epoch), beat.at_ns, number)
        for agent in said.late:
            self._memory.late[agent] = self._memory.late.get(agent, 0) + 1
        self._say(said, admit)

    def _count_own(self, admit: Admit) -> None:
        """A second of our own, where the stream has not said one for too long."""
        now_ns = self._clock.now()
        if now_ns - self._second_ns >= OWN_SECOND_NS or now_ns < self._second_ns:
            self._number, self._second_ns = self._number + 1, now_ns - now_ns % SECOND_NS
            self._say(Beat(kind="second", number=self._number), admit)

    async def _count_alone(self, admit: Admit) -> None:
        """Nothing comes any more: orders are looked after until the process has ended."""
        while True:
            await self._clock.sleep_until((self._clock.now() // SECOND_NS + 1) * SECOND_NS)
            self._number += 1
            self._say(Beat(kind="second", number=self._number), admit)

    def _say_all(self, messages: tuple[FeedStatus, ...], admit: Admit) -> None:
        for each in messages:
            self._say(each, admit)

    def _say(self, message: Any, admit: Admit) -> None:
        self._memory.admitted += 1
        admit(message)
