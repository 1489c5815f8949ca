"""Agents elsewhere on Kafka: their records are read from the inbound topic alone, and written there by whoever may."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from adapters.kafka.connection import connection, library
from adapters.kafka.settings import KafkaSettings, topic_name
from adapters.kafka.tailing import STOP_S, Tailed, TailLost, tail
from contracts.ports import SignalsLost
from contracts.remote import INBOUND, RemoteSignal
from contracts.wire import RawSignal

LINGER_MS: Final = 5
SEND_S: Final = 5.0


class KafkaSignals:
    """Implements `contracts.ports.SignalSource` on the topic `keel.<env>.agents.signals`."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncIterator[tuple[RawSignal, ...]]]:
        """Read on from the end; raises SignalsLost, and what trying again does not mend as the connection does."""
        with _as_signals_lost():
            async with tail(self._settings, "keel-remote-signals", (INBOUND,)) as batches:
                yield _signals(batches)


async def _signals(batches: AsyncIterator[tuple[Tailed, ...]]) -> AsyncIterator[tuple[RawSignal, ...]]:
    with _as_signals_lost():
        async for batch in batches:
            yield tuple(RawSignal(each.value, each.stamped_ns) for each in batch)


@contextlib.contextmanager
def _as_signals_lost() -> Iterator[None]:
    try:
        yield
    except TailLost as lost:
        raise SignalsLost(str(lost)) from lost


class SignalWriter:
    """Writes beliefs as they are formed. One that cannot be written soon is dropped and counted: later it is worthless.

    `sent` were acknowledged by the leader, `dropped` were not.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._topic = topic_name(settings.env, INBOUND)
        self._producer: Any = None
        self.sent = 0
        self.dropped = 0

    async def write(self, rows: Sequence[RemoteSignal]) -> None:
        """Hand rows to the client; the acknowledgements come later. Never takes longer than a few seconds."""
        kafka = library()
        lost = (kafka.errors.KafkaError, TimeoutError, OSError)
        waiting = len(rows)
        try:
            async with asyncio.timeout(SEND_S):
                producer = await self._started(kafka)
                for row in rows:
                    sending = await producer.send(self._topic, msgspec.json.encode(row), key=row.symbol.encode())
                    waiting -= 1
                    sending.add_done_callback(self._counted)
        except lost:
            self.dropped += waiting
            await self.close()

    async def close(self) -> None:
        """Wait a moment for what is under way, then let go of the client."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(library().errors.KafkaError, TimeoutError, OSError):
                async with asyncio.timeout(STOP_S):
                    await producer.stop()

    async def _started(self, kafka: Any) -> Any:
        if self._producer is None:
            self._producer = kafka.AIOKafkaProducer(
                **connection(self._settings, "keel-agent"), acks=1, linger_ms=LINGER_MS
            )
            await self._producer.start()
        return self._producer

    def _counted(self, sending: Any) -> None:
        if sending.cancelled() or sending.exception() is not None:
            self.dropped += 1
        else:
            self.sent += 1
