"""Which parts are ours: the partitions of the shards' topic, dealt out by Kafka among all who are in the group.

Nothing is read here: a partition is the right, and the duty, to say what its part makes of each beat. One who dies
loses its parts to the others after `session_s`. Membership is kept on a thread of its own, because a part may think for
longer than that about a long history; one whose loop does not turn for `hang_s` leaves by itself.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from adapters.kafka.beside import Beside
from adapters.kafka.connection import library
from adapters.kafka.role_reading import PAUSE_S, closed, opened
from adapters.kafka.role_topics import ADMIN_S, Topics
from adapters.kafka.settings import KafkaSettings
from contracts.quantities import Seconds

LOOK_S: Final = 0.2
SESSION_S: Final = 6.0
HANG_S: Final = 60.0
BEATS: Final = 4


class ShardGroup:
    """Membership of one process; `on_parts` is told on `loop` which parts are ours whenever that changes."""

    def __init__(
        self, settings: KafkaSettings, topics: Topics, on_parts: Callable[[tuple[int, ...]], None],
        monotonic_s: Callable[[], float], session_s: Seconds = SESSION_S, hang_s: Seconds = HANG_S,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._topics = topics
        self._on_parts = on_parts
        self._monotonic_s = monotonic_s
        self._session_s = session_s
        self._hang_s = hang_s
        self._turned_s = monotonic_s()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Beside("membership", self._run)
        self.rebalances = 0
        self.parts: tuple[int, ...] = ()

    def open(self) -> None:
        """Ask for parts; they are told on the loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def turn(self) -> None:
        """The loop turns."""
        self._turned_s = self._monotonic_s()

    @property
    def error(self) -> BaseException | None:
        """What membership failed with, for good."""
        return self._thread.error

    def close(self) -> None:
        """Leave."""
        self._thread.close()

    async def _run(self) -> None:
        """Be a member until cancelled; who cannot reach Kafka, or hangs, has no part."""
        while True:
            if self._hangs():
                await asyncio.sleep(LOOK_S)
                continue
            consumer = await opened(
                self._settings,
                "keel-agents",
                group_id=f"{self._topics.shards}.agents",
                session_timeout_ms=round(self._session_s * 1000),
                heartbeat_interval_ms=round(self._session_s * 1000 / BEATS),
                partition_assignment_strategy=(_sticky(),),
            )
            try:
                async with asyncio.timeout(ADMIN_S):
                    await consumer.start()
                consumer.subscribe([self._topics.shards], listener=_listener(consumer, self._assigned))
                await self._attend(consumer)
            except (TimeoutError, OSError, library().errors.KafkaError):
                self._assigned(())
                await asyncio.sleep(PAUSE_S)
            finally:
                await closed(consumer)

    async def _attend(self, consumer: Any) -> None:
        while not self._hangs():
            consumer.pause(*consumer.assignment())
            await consumer.getmany(timeout_ms=round(LOOK_S * 1000), max_records=1)
            await asyncio.sleep(LOOK_S)
        raise TimeoutError("the loop does not turn")

    def _hangs(self) -> bool:
        return self._monotonic_s() - self._turned_s > self._hang_s

    def _assigned(self, parts: Iterable[int]) -> None:
        now = tuple(sorted(parts))
        loop = self._loop
        if now != self.parts and loop is not None and not loop.is_closed():
            self.parts = now
            self.rebalances += 1
            loop.call_soon_threadsafe(self._on_parts, now)


def _sticky() -> Any:
    """Who has a part keeps it: another one would have to hear the whole stream."""
    from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

    return StickyPartitionAssignor


def _listener(consumer: Any, assigned: Callable[[Iterable[int]], None]) -> Any:
    class Listener(library().ConsumerRebalanceListener):  # type: ignore[misc] # the library is not typed
        def on_partitions_revoked(self, revoked: Any) -> None:
            """What is revoked may come back at once: only the new split counts."""

        def on_partitions_assigned(self, places: Any) -> None:
            if places:
                consumer.pause(*places)
            assigned(place.partition for place in places)

    return Listener()
