"""The ingest's journal on its way to the stream: what is on the medium, in order, from where Kafka knows it on.

The journal is the outbox and the topic's own end is the cursor: whoever starts looks what was proved last there, and
goes on with the next message of the journal. A message that was acknowledged and is sent again is known by its number.
"""

import asyncio
from pathlib import Path
from typing import Any, Final

from adapters.journal.follow import Follower
from adapters.journal.record import Record
from adapters.kafka.beside import Beside
from adapters.kafka.connection import library
from adapters.kafka.role_reading import last_position
from adapters.kafka.role_topics import Topics
from adapters.kafka.sender import Outgoing, Sender
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.stream_records import Seal, cut, encode
from contracts.quantities import Seconds
from contracts.stream import StreamBlock, StreamMessage

LOOK_S: Final = 0.01
AGAIN_S: Final = 1.0
BLOCKS_MAX: Final = 256


class StreamPublisher:
    """Follows one run's journal on a thread and publishes it as the stream of one ingest process."""

    def __init__(
        self, settings: KafkaSettings, topics: Topics, seal: Seal, run: str, epoch: int, journal: Path
    ) -> None:
        self._settings = settings
        self._topics = topics
        self._seal = seal
        self._run = run
        self._epoch = epoch
        self._journal = journal
        self._sender = Sender(settings, "keel-ingest")
        self._thread = Beside("publisher", self._publish)
        self.published_seq = 0
        self.connected = False

    def open(self) -> None:
        """Start to publish."""
        self._thread.start()

    def finish(self, within_s: Seconds) -> bool:
        """Wait until the end of a sealed journal was acknowledged; whether it was."""
        done = self._thread.wait(within_s) and self._thread.error is None
        self._thread.close()
        return done

    def close(self) -> None:
        """Publish no more."""
        self._thread.close()

    def figures(self) -> dict[str, Any]:
        """How the publishing goes."""
        return {
            "connected": self.connected,
            "published_seq": self.published_seq,
            "records": self._sender.acknowledged,
            "failures": self._sender.failures,
            "last_error": self._sender.last_error,
        }

    async def _publish(self) -> None:
        try:
            self.published_seq = await self._known()
            self.connected = True
            await self._follow(Follower(self._journal))
        finally:
            await self._sender.close()

    async def _known(self) -> int:
        """The last message of this run that the topic has."""
        while True:
            try:
                last = await last_position(self._settings, self._topics, self._seal, self._topics.stream, 0)
            except (TimeoutError, OSError, library().errors.KafkaError):
                await asyncio.sleep(AGAIN_S)
            else:
                return last.seq - 1 if last is not None and last.run == self._run else 0

    async def _follow(self, follower: Follower) -> None:
        try:
            while not follower.ended:
                records = [record for record in follower.read() if record.seq > self.published_seq]
                if not records:
                    await asyncio.sleep(LOOK_S)
                    continue
                await self._send(records)
        finally:
            follower.close()

    async def _send(self, records: list[Record]) -> None:
        pieces = list(cut(_message(record) for record in records))
        for start in range(0, len(pieces), BLOCKS_MAX):
            some = pieces[start : start + BLOCKS_MAX]
            await self._sender.deliver([self._outgoing(piece) for piece in some])
            self.published_seq = some[-1][-1].seq

    def _outgoing(self, piece: list[StreamMessage]) -> Outgoing:
        value = encode(StreamBlock(self._run, self._epoch, tuple(piece)))
        topic = self._topics.stream
        return Outgoing(topic, 0, value, self._seal.headers(topic, value))


def _message(record: Record) -> StreamMessage:
    return StreamMessage(record.seq, record.at_ns, record.source, record.type, bytes(record.payload))
