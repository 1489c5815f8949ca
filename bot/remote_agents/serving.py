"""Serving one agent from its own process: read what the mirror writes, let the agent answer, write its beliefs."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from adapters.kafka.login import check_login
from adapters.kafka.reading import Assembler, MalformedRecord
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.signals import SignalWriter
from adapters.kafka.tailing import Tailed, TailLost, tail
from bot.remote_agents.life import AgentLife
from bot.remote_agents.ordering import Ordering
from contracts.market import BarHistory, UniverseChanged
from contracts.ports import Clock
from contracts.quantities import SECOND_NS, nanos
from contracts.topics import BY_TYPE
from contracts.upgrades import UnreadableVersion

FROM_START: Final = tuple(BY_TYPE[kind].name for kind in (UniverseChanged, BarHistory))
"""What is said once at the beginning of a run, so that an agent who comes later knows it too."""
RETRY_S: Final = 1.0
RETRY_S_MAX: Final = 30.0
TELL_S: Final = 60.0


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What serving came to."""

    agent: str
    run: str
    beats: int
    written: int
    dropped: int
    unreadable: int
    lost: int


class Serving:
    """Serves until it is cancelled; brokers that go are asked again for ever. `tell` hears of what changed."""

    def __init__(
        self, name: str, life: AgentLife, settings: KafkaSettings, clock: Clock, tell: Callable[[str], None]
    ) -> None:
        self._name, self._life, self._settings, self._clock, self._tell = name, life, settings, clock, tell
        self._writer = SignalWriter(settings)
        self._ordering = Ordering()
        self._assembler = Assembler()
        self._unreadable = 0
        self._told_ns = 0
        self._let_in = False

    @property
    def served(self) -> Served:
        """What it came to so far."""
        return Served(
            agent=self._name,
            run=self._life.run,
            beats=self._life.beats,
            written=self._writer.sent,
            dropped=self._writer.dropped,
            unreadable=self._unreadable,
            lost=self._ordering.lost,
        )

    async def run(self) -> None:
        """Serve; raises BadConfiguration, KafkaMissing, KafkaUnusable, SecretUnreadable and whatever the agent does."""
        retry_s = RETRY_S
        try:
            while True:
                try:
                    await self._serve()
                except TailLost as lost:
                    if not self._let_in:
                        await check_login(self._settings)
                    self._tell(f"{lost}; trying again in {retry_s:g} s")
                await self._clock.sleep_until(self._clock.now() + nanos(retry_s))
                retry_s = min(2 * retry_s, RETRY_S_MAX)
        finally:
            await self._writer.close()

    async def _serve(self) -> None:
        topics = self._life.topics
        from_start = tuple(each for each in topics if each in FROM_START)
        rest = tuple(each for each in topics if each not in FROM_START)
        async with tail(self._settings, f"keel-agent-{self._name}", rest, from_start=from_start) as batches:
            self._let_in = True
            self._tell(f"agent {self._name} listens at {', '.join(self._settings.brokers)}")
            async for batch in batches:
                for record in batch:
                    await self._hear(record)
                await asyncio.sleep(0)
                self._tell_how_it_goes()

    async def _hear(self, record: Tailed) -> None:
        try:
            heard = self._assembler.add(record.topic, record.value, record.headers)
        except (MalformedRecord, UnreadableVersion):
            self._unreadable += 1
            return
        if heard is None:
            return
        for each in self._ordering.add(heard, self._clock.now()):
            rows = self._life.hear(each)
            if rows:
                await self._writer.write(rows)

    def _tell_how_it_goes(self) -> None:
        now_ns = self._clock.now()
        if now_ns - self._told_ns >= TELL_S * SECOND_NS and self._life.beats:
            self._told_ns = now_ns
            served = self.served
            self._tell(
                f"agent {self._name} in {served.run}: {served.beats} beats, {served.written} beliefs written, "
                f"{served.dropped} dropped"
            )


def summary_of(served: Served) -> dict[str, Any]:
    """The same for a machine."""
    return msgspec.structs.asdict(served)
