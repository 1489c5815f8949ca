"""Lanes: one per partition, each filling one batch at a time, so that what has one key stays in order."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from aiokafka.partitioner import murmur2

from adapters.journal.follow import Head, Place
from adapters.journal.record import Record
from adapters.kafka.records import Outgoing
from adapters.kafka.settings import topic_name

KEYS_MAX: Final = 65_536
"""How many keys are remembered with their lane; order ids come without end."""


class Lane:
    """One partition and the batch that is being filled for it."""

    __slots__ = ("batch", "partition", "topic")

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.batch: Any = None


class Chunk:
    """Messages that were read together: from behind `start` to `place`.

    `parcels` are their batches until they are handed over, `futures` what they are acknowledged by.
    """

    def __init__(self, records: list[Record], start: Place, place: Place, head: Head | None) -> None:
        self.records, self.start, self.place, self.head = records, start, place, head
        self.at_ns = records[-1].at_ns
        self.sent = 0
        self.parcels: list[tuple[Lane, Any]] = []
        self.packing: Any = None
        self.futures: list[Any] = []

    def halves(self) -> tuple["Chunk", "Chunk"]:
        """The same messages in two chunks; what is read again begins where this one began."""
        middle = len(self.records) // 2
        first, second = self.records[:middle], self.records[middle:]
        between = Place(first[-1].seq, self.start.segment, self.start.head)
        return Chunk(first, self.start, between, None), Chunk(second, between, self.place, self.head)


class Lanes:
    """The lanes to the partitions of an environment's topics; keys are spread as other clients of Kafka spread them."""

    def __init__(self, env: str, partitions: Mapping[str, int], make: Callable[[], Any]) -> None:
        self._env = env
        self._partitions = partitions
        self._make = make
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._of_key: dict[tuple[str, bytes], Lane] = {}
        self._touched: list[Lane] = []
        self._full: list[tuple[Lane, Any]] = []

    def put(self, outgoing: Iterable[Outgoing], timestamp_ms: int) -> None:
        """Add records to the batches of their lanes."""
        of_key = self._of_key
        for each in outgoing:
            lane = of_key.get((each.topic, each.key)) or self._introduce(each.topic, each.key)
            batch = lane.batch
            if batch is None:
                batch = lane.batch = self._make()
                self._touched.append(lane)
            if batch.append(timestamp_ms, each.key, each.value, each.headers) is None:
                self._full.append((lane, batch))
                batch = lane.batch = self._make()
                batch.append(timestamp_ms, each.key, each.value, each.headers)

    def take(self) -> list[tuple[Lane, Any]]:
        """All batches that hold something, those of one lane in order."""
        full = self._full + [(lane, lane.batch) for lane in self._touched]
        for lane in self._touched:
            lane.batch = None
        self._touched, self._full = [], []
        return full

    def _introduce(self, topic: str, key: bytes) -> Lane:
        name = topic_name(self._env, topic)
        partition = partition_of(key, self._partitions[name])
        lane = self._lanes.get((name, partition))
        if lane is None:
            lane = self._lanes[name, partition] = Lane(name, partition)
        if len(self._of_key) >= KEYS_MAX:
            self._of_key.clear()
        self._of_key[topic, key] = lane
        return lane


def partition_of(key: bytes, partitions: int) -> int:
    """Where a key goes: murmur2, as the clients in Java do it."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
