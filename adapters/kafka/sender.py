"""Sends records in order until the broker has them all; the producer is thrown away whenever it does not answer.

An idempotent producer never gives a batch up, and its `stop` may hang: every call is bounded, what fails is abandoned,
and what was not acknowledged is sent again by a new one. So records may come twice, and whoever reads them counts.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from adapters.kafka.connection import connection, library
from adapters.kafka.settings import KafkaSettings

ROLES_BYTES_MAX: Final = 32 << 20
"""The largest record of a role: a history, or the features of thousands of instruments."""

STOP_S: Final = 2.0
PAUSE_S: Final = 0.25
PAUSE_S_MAX: Final = 5.0


class Outgoing(msgspec.Struct, frozen=True):
    """A record to be sent. The broker stamps it: by the time of a recording it would be old enough to be deleted."""

    topic: str
    partition: int
    value: bytes
    headers: list[tuple[str, bytes]]
    key: bytes | None = None


class Sender:
    """One connection for sending; `acknowledged` counts records, `failures` the producers thrown away."""

    def __init__(self, settings: KafkaSettings, client: str) -> None:
        self._settings = settings
        self._client = client
        self._producer: Any = None
        self.acknowledged = 0
        self.failures = 0
        self.last_error = ""

    async def deliver(self, records: Sequence[Outgoing]) -> None:
        """Return when the broker has all of them; for ever, if need be."""
        pause_s = PAUSE_S
        while True:
            try:
                async with asyncio.timeout(self._settings.send_timeout_s):
                    await self._send(records)
            except (TimeoutError, OSError, library().errors.KafkaError) as error:
                self.failures += 1
                self.last_error = f"{type(error).__name__}: {error}"
                await self._abandon()
                await asyncio.sleep(pause_s)
                pause_s = min(PAUSE_S_MAX, 2 * pause_s)
            else:
                self.acknowledged += len(records)
                return

    async def close(self) -> None:
        """Let go of the connection."""
        await self._abandon()

    async def _send(self, records: Sequence[Outgoing]) -> None:
        if self._producer is None:
            self._producer = library().AIOKafkaProducer(
                **connection(self._settings, self._client),
                acks="all",
                enable_idempotence=True,
                compression_type=None if self._settings.compression == "none" else self._settings.compression,
                max_request_size=ROLES_BYTES_MAX,
                max_batch_size=1 << 20,
            )
            await self._producer.start()
        sent = [
            await self._producer.send(
                each.topic,
                each.value,
                key=each.key,
                partition=each.partition,
                headers=each.headers,
            )
            for each in records
        ]
        for acknowledgement in sent:
            await acknowledgement

    async def _abandon(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(STOP_S):
                await producer.stop()
        except (TimeoutError, OSError, library().errors.KafkaError):
            return  # it hangs: nobody holds it any more
