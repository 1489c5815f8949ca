"""Reading topics on from their end: no group, no committed offsets, every wait bounded, and a loss is told.

Who reads this way wants what comes now. What was written while nobody read is old and is passed over, except of topics
that hold a state, which are read from their beginning.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from adapters.kafka.connection import connection, library
from adapters.kafka.settings import KafkaSettings, topic_name

BATCH_MAX: Final = 500
POLL_S: Final = 1.0
QUIET_S: Final = 5.0
"""After so long without a record the brokers are asked whether they are there: a consumer would not say."""
STOP_S: Final = 2.0
FETCH_BYTES: Final = 1 << 20
NS_PER_MS: Final = 1_000_000


class TailLost(ConnectionError):
    """The brokers or the topics cannot be reached, or not any more."""


class Tailed(NamedTuple):
    """One record: the topic as the table names it, the bytes, the text of its headers, and its time stamp."""

    topic: str
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    stamped_ns: int


@asynccontextmanager
async def tail(
    settings: KafkaSettings, client: str, topics: Sequence[str], *, from_start: Sequence[str] = ()
) -> AsyncIterator[AsyncIterator[tuple[Tailed, ...]]]:
    """Batches of what is written from now on, never empty; of the topics in `from_start` also what is there.

    Raises TailLost on entering and while iterating, at the latest some `request_timeout_s` after the brokers fell
    silent; KafkaMissing, KafkaUnusable and SecretUnreadable for what trying again does not mend.
    """
    kafka = library()
    names = {topic_name(settings.env, topic): topic for topic in (*topics, *from_start)}
    consumer = kafka.AIOKafkaConsumer(
        *names,
        **connection(settings, client),
        enable_auto_commit=False,
        auto_offset_reset="latest",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    lost = (kafka.errors.KafkaError, TimeoutError, OSError)
    try:
        try:
            async with asyncio.timeout(2 * settings.request_timeout_s):
                await consumer.start()
                await _begin(consumer, [topic_name(settings.env, topic) for topic in from_start])
        except lost as error:
            raise TailLost(_why(error, settings)) from error
        yield _batches(consumer, names, settings, lost)
    finally:
        await _close(consumer, lost)


async def _begin(consumer: Any, from_their_start: Sequence[str]) -> None:
    """Set out from where each partition ends, or from its beginning."""
    partitions = sorted(consumer.assignment())
    whole = [each for each in partitions if each.topic in from_their_start]
    rest = [each for each in partitions if each.topic not in from_their_start]
    offsets = await consumer.end_offsets(rest) | (await consumer.beginning_offsets(whole) if whole else {})
    for partition, offset in offsets.items():
        consumer.seek(partition, offset)


async def _batches(
    consumer: Any, names: dict[str, str], settings: KafkaSettings, lost: tuple[type[BaseException], ...]
) -> AsyncIterator[tuple[Tailed, ...]]:
    quiet_s = 0.0
    while True:
        try:
            async with asyncio.timeout(POLL_S + settings.request_timeout_s):
                found = await consumer.getmany(timeout_ms=round(POLL_S * 1000), max_records=BATCH_MAX)
            if not found and (quiet_s := quiet_s + POLL_S) >= QUIET_S:
                quiet_s = 0.0
                async with asyncio.timeout(settings.request_timeout_s):
                    await consumer.end_offsets(sorted(consumer.assignment()))
        except lost as error:
            raise TailLost(_why(error, settings)) from error
        if found:
            quiet_s = 0.0
            yield tuple(_tailed(names, record) for records in found.values() for record in records)


async def _close(consumer: Any, lost: tuple[type[BaseException], ...]) -> None:
    """Let go of a consumer; its own way hangs where a broker does, and dies of the tasks it has cancelled itself."""
    task = asyncio.current_task()
    asked = task.cancelling() if task is not None else 0
    try:
        async with asyncio.timeout(STOP_S):
            await consumer.stop()
    except lost:
        pass
    except asyncio.CancelledError:
        if task is not None and task.cancelling() > asked:
            raise
    else:
        return
    with contextlib.suppress(*lost):
        async with asyncio.timeout(STOP_S):
            await consumer._client.close()


def _tailed(names: dict[str, str], record: Any) -> Tailed:
    return Tailed(names[record.topic], record.value or b"", record.headers, max(0, record.timestamp) * NS_PER_MS)


def _why(error: BaseException, settings: KafkaSettings) -> str:
    kind, told = type(error).__name__, str(error) or "no answer in time"
    if kind == "UnknownTopicOrPartitionError":
        told = f"a topic of {settings.env} is not there; `bot topics apply` makes those that are missing"
    return f"{', '.join(settings.brokers)}: {told}"
