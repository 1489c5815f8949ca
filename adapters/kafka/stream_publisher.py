"""The ingest's journal on its way to the stream: what is on the medium, in order, from where Kafka knows it on.

The journal is the outbox and the topic's own end is the cursor: whoever starts looks what was proved last there, and
goes on with the next message of the journal. A message that was acknowledged and is sent again is known by its number.
Where the journal has not that message in that place it is another one of the same name, and is said from its start.
"""

import asyncio
from pathlib import Path
from typing import Any, Final

from adapters.journal.follow import Follower
from adapters.journal.record import Record
from adapters.kafka.beside import Beside
from adapters.kafka.connection import library
from adapters.kafka.role_reading import last_block
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
            last = await self._known()
            self.connected = True
            await self._follow(*await resumed(self._journal, last))
        finally:
            await self._sender.close()

    async def _known(self) -> StreamMessage | None:
        """The last message of this run that the topic has."""
        while True:
            try:
                last = await last_block(self._settings, self._topics, self._seal)
            except (TimeoutError, OSError, library().errors.KafkaError):
                await asyncio.sleep(AGAIN_S)
            else:
                return last.messages[-1] if last is not None and last.run == self._run else None

    async def _follow(self, follower: Follower, records: list[Record]) -> None:
        self.published_seq = follower.seq - len(records)
        try:
            while records or not follower.ended:
                if records:
                    await self._send(records)
                else:
                    await asyncio.sleep(LOOK_S)
                records = follower.read()
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


async def resumed(journal: Path, last: StreamMessage | None) -> tuple[Follower, list[Record]]:
    """Who follows a journal behind a message of it, with what was read already; from the start where it is not."""
    follower = Follower(journal)
    while last is not None and (records := follower.read()):
        place = last.seq - records[0].seq
        if place < len(records):
            if place >= 0 and _message(records[place]) == last:
                return follower, records[place + 1 :]
            break
        await asyncio.sleep(0)
    follower.close()
    return Follower(journal), []
