"""What a desk reads of Kafka: the stream and the frames of its shards, on threads beside the loop that trades."""

from typing import Any

from adapters.kafka.beside import Beside
from adapters.kafka.handover import Handover
from adapters.kafka.role_reading import RoleReader
from adapters.kafka.role_topics import Topics
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.stream_records import Seal
from contracts.quantities import Seconds
from contracts.stream import PartFrames, StreamBlock


class StreamFailed(RuntimeError):
    """The reading thread has ended; says why."""


class KafkaStream:
    """Implements `contracts.ports.StreamSource`; `held` where the loop's time stands while it waits."""

    def __init__(self, settings: KafkaSettings, topics: Topics, seal: Seal, parts: int, *, held: bool) -> None:
        self._parts = parts
        self._handover = Handover(held=held)
        self.stream = RoleReader(settings, topics, seal, topics.stream, "keel-desk")
        self.shards = RoleReader(settings, topics, seal, topics.shards, "keel-desk")
        self._threads = (Beside("stream", self._read_stream), Beside("shards", self._read_shards))

    def open(self) -> None:
        """Start to read."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Read no more."""
        for thread in self._threads:
            thread.close()

    async def take(self, within_s: Seconds) -> StreamBlock | PartFrames | None:
        """The next of anything; raises StreamFailed where nobody reads any more."""
        heard = await self._handover.take(within_s)
        if heard is None:
            for thread in self._threads:
                if thread.error is not None:
                    raise StreamFailed(f"the stream is not read any more: {thread.error!r}")
        return heard

    async def frames(self, within_s: Seconds) -> PartFrames | None:
        """The next frames."""
        return await self._handover.frames(within_s)

    def figures(self) -> dict[str, Any]:
        """How the reading goes."""
        return {
            "connected": self.stream.connected and self.shards.connected,
            "failures": self.stream.failures + self.shards.failures,
            "refused": dict(self.stream.refused.counts + self.shards.refused.counts),
        }

    async def _read_stream(self) -> None:
        await self.stream.read((0,), self._handover.put, self._handover.room_for_blocks)

    async def _read_shards(self) -> None:
        await self.shards.read(range(self._parts), self._handover.put, self._handover.room_for_frames)
