"""Reading the topics of roles: every record proved before it is believed, reconnecting for ever.

A record that does not prove who wrote it is refused, counted by why, and never heard of again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from adapters.kafka.connection import connection, library
from adapters.kafka.role_topics import Topics
from adapters.kafka.sender import ROLES_BYTES_MAX
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.stream_records import Seal, Unproved, block_of, frames_of
from contracts.quantities import Nanos
from contracts.stream import PartFrames, StreamBlock

POLL_MS: Final = 200
POLL_RECORDS: Final = 500
PAUSE_S: Final = 0.5
STOP_S: Final = 2.0
ASK_S: Final = 20.0
FULL_S: Final = 0.005

Heard = StreamBlock | PartFrames


class Refusals:
    """How many records were refused, by why; never what they said."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, why: str) -> None:
        """One more."""
        self.counts[why] += 1


class RoleReader:
    """Reads partitions of one topic from the start, or from an offset, and goes on there after every failure."""

    def __init__(self, settings: KafkaSettings, topics: Topics, seal: Seal, topic: str, client: str) -> None:
        self._settings = settings
        self._topics = topics
        self._seal = seal
        self._topic = topic
        self._client = client
        self._next: dict[int, int] = {}
        self.refused = Refusals()
        self.failures = 0
        self.connected = False

    async def read(self, partitions: Iterable[int], put: Callable[[Heard], None], room: Callable[[], bool]) -> None:
        """Hand over whatever comes, as long as there is room, until cancelled."""
        wanted = tuple(partitions)
        while True:
            consumer = await opened(self._settings, self._client)
            try:
                await self._follow(consumer, wanted, put, room)
            except (TimeoutError, OSError, library().errors.KafkaError):
                self.failures += 1
                self.connected = False
                await asyncio.sleep(PAUSE_S)
            finally:
                await closed(consumer)

    async def _follow(
        self, consumer: Any, partitions: tuple[int, ...], put: Callable[[Heard], None], room: Callable[[], bool]
    ) -> None:
        async with asyncio.timeout(ASK_S):
            await consumer.start()
        places = [library().TopicPartition(self._topic, each) for each in partitions]
        consumer.assign(places)
        for place in places:
            if place.partition in self._next:
                consumer.seek(place, self._next[place.partition])
        self.connected = True
        while True:
            if not room():
                await asyncio.sleep(FULL_S)
                continue
            for place, records in (await consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)).items():
                for record in records:
                    self._next[place.partition] = record.offset + 1
                    self._take(record, put)

    def _take(self, record: Any, put: Callable[[Heard], None]) -> None:
        try:
            put(self._proved(record))
        except Unproved as error:
            self.refused.add(str(error).partition(":")[0])

    def _proved(self, record: Any) -> Heard:
        value = self._seal.check(self._topic, record.value, record.headers)
        if self._topic == self._topics.stream:
            return block_of(value)
        frames = frames_of(value)
        if frames.part != record.partition:
            raise Unproved("frames of another part than the partition's")
        return frames


async def last_block(settings: KafkaSettings, topics: Topics, seal: Seal) -> StreamBlock | None:
    """The last proved block of the stream, of its newest process; None where there is none. Looks back a little.

    Raises TimeoutError, OSError or the library's error where Kafka does not answer.
    """
    consumer = await opened(settings, "keel-roles")
    place = library().TopicPartition(topics.stream, 0)
    try:
        async with asyncio.timeout(ASK_S):
            await consumer.start()
            consumer.assign([place])
            first = (await consumer.beginning_offsets([place]))[place]
            end = (await consumer.end_offsets([place]))[place]
            found = None
            consumer.seek(place, max(first, end - POLL_RECORDS))
            while await consumer.position(place) < end:
                for record in (await consumer.getmany(place, timeout_ms=POLL_MS)).get(place, ()):
                    found = _later(found, _block(record, topics, seal))
            return found
    finally:
        await closed(consumer)


async def last_answered_ns(settings: KafkaSettings, seal: Seal, topic: str, partition: int) -> Nanos:
    """When the newest beat was that the part of a partition has answered, -1 for none; asks until it is told."""
    while True:
        consumer = await opened(settings, "keel-roles")
        place = library().TopicPartition(topic, partition)
        try:
            async with asyncio.timeout(ASK_S):
                await consumer.start()
                consumer.assign([place])
                first = (await consumer.beginning_offsets([place]))[place]
                end = (await consumer.end_offsets([place]))[place]
                consumer.seek(place, max(first, end - POLL_RECORDS))
                newest_ns = -1
                while await consumer.position(place) < end:
                    for record in (await consumer.getmany(place, timeout_ms=POLL_MS)).get(place, ()):
                        newest_ns = max(newest_ns, _answered_ns(record, seal, topic))
                return newest_ns
        except (TimeoutError, OSError, library().errors.KafkaError):
            await asyncio.sleep(PAUSE_S)
        finally:
            await closed(consumer)


def _answered_ns(record: Any, seal: Seal, topic: str) -> Nanos:
    try:
        frames = frames_of(seal.check(topic, record.value, record.headers))
    except Unproved:
        return -1
    return frames.at_ns if frames.part == record.partition else -1


def _block(record: Any, topics: Topics, seal: Seal) -> StreamBlock | None:
    try:
        return block_of(seal.check(topics.stream, record.value, record.headers))
    except Unproved:
        return None


def _later(one: StreamBlock | None, other: StreamBlock | None) -> StreamBlock | None:
    """Of two blocks the one that was said later: an old one can be written again by anybody."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other, key=lambda block: (block.epoch, block.messages[-1].seq))


async def opened(settings: KafkaSettings, client: str, **more: Any) -> Any:
    """A consumer, not yet started."""
    return library().AIOKafkaConsumer(
        **connection(settings, client),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=ROLES_BYTES_MAX,
        fetch_max_bytes=2 * ROLES_BYTES_MAX,
        fetch_max_wait_ms=50,
        **more,
    )


async def closed(consumer: Any) -> None:
    """Let go of it, whatever it thinks of that."""
    try:
        async with asyncio.timeout(STOP_S):
            await consumer.stop()
    except (TimeoutError, OSError, library().errors.KafkaError):
        return
