"""Which parts are ours: the partitions of the shards' topic, dealt out by Kafka among all who are in the group.

Nothing is read here: a partition is the right, and the duty, to say what its part makes of each beat. One who dies or
hangs loses its parts to the others after `session_s`.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from adapters.kafka.connection import library
from adapters.kafka.role_reading import PAUSE_S, closed, opened
from adapters.kafka.role_topics import ADMIN_S, Topics
from adapters.kafka.settings import KafkaSettings
from contracts.quantities import Seconds

LOOK_S: Final = 0.2
SESSION_S: Final = 6.0
BEATS: Final = 4


class ShardGroup:
    """Membership of one process; `run` tells `on_parts` which parts are ours whenever that changes."""

    def __init__(self, settings: KafkaSettings, topics: Topics, session_s: Seconds = SESSION_S) -> None:
        self._settings = settings
        self._topics = topics
        self._session_s = session_s
        self.rebalances = 0
        self.parts: tuple[int, ...] = ()

    async def run(self, on_parts: Callable[[tuple[int, ...]], None]) -> None:
        """Be a member until cancelled; who cannot reach Kafka has no part."""
        while True:
            consumer = await opened(
                self._settings,
                "keel-agents",
                group_id=f"{self._topics.shards}.agents",
                session_timeout_ms=round(self._session_s * 1000),
                heartbeat_interval_ms=round(self._session_s * 1000 / BEATS),
            )
            try:
                async with asyncio.timeout(ADMIN_S):
                    await consumer.start()
                consumer.subscribe([self._topics.shards], listener=_listener(consumer, self._assigned(on_parts)))
                await self._attend(consumer)
            except (TimeoutError, OSError, library().errors.KafkaError):
                self._assigned(on_parts)(())
                await asyncio.sleep(PAUSE_S)
            finally:
                await closed(consumer)

    async def _attend(self, consumer: Any) -> None:
        while True:
            consumer.pause(*consumer.assignment())
            await consumer.getmany(timeout_ms=round(LOOK_S * 1000), max_records=1)
            await asyncio.sleep(LOOK_S)

    def _assigned(self, on_parts: Callable[[tuple[int, ...]], None]) -> Callable[[Iterable[int]], None]:
        def assigned(parts: Iterable[int]) -> None:
            now = tuple(sorted(parts))
            if now != self.parts:
                self.parts = now
                self.rebalances += 1
                on_parts(now)

        return assigned


def _listener(consumer: Any, assigned: Callable[[Iterable[int]], None]) -> Any:
    class Listener(library().ConsumerRebalanceListener):  # type: ignore[misc] # the library is not typed
        def on_partitions_revoked(self, revoked: Any) -> None:
            """What is revoked may come back at once: only the new split counts."""

        def on_partitions_assigned(self, places: Any) -> None:
            if places:
                consumer.pause(*places)
            assigned(place.partition for place in places)

    return Listener()
