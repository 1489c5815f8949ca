"""A producer that may be thrown away: the library's never gives a batch up, so this one is begun anew instead."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from adapters.kafka.connection import TopicsMissing, connection, library
from adapters.kafka.login import check_login
from adapters.kafka.settings import KafkaSettings

if TYPE_CHECKING:
    from adapters.kafka.packed import PackedBatch

BATCH_BYTES: Final = 1 << 18
ABANDON_S: Final = 1.0
FLEETING: Final = (TimeoutError, OSError)


class Producer:
    """One idempotent producer of the library at a time, acks from all replicas, order kept per partition.

    It lives in an event loop of its own: `abandon` ends every task that the library has started there, because its own
    way to stop waits for brokers that may never answer. Every call is bounded by the settings' timeouts; whatever the
    library raises means that this producer is to be abandoned.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._library = library()
        from adapters.kafka.packed import PackedBatch  # which needs the library too

        self._make = PackedBatch
        self._producer: Any = None
        self._known = False
        errors = self._library.errors
        self.failures: tuple[type[BaseException], ...] = (errors.KafkaError, *FLEETING)
        self.refusals: tuple[type[BaseException], ...] = (
            errors.MessageSizeTooLargeError, errors.RecordListTooLargeError, errors.InvalidTimestampError,
        )  # fmt: skip
        """What the brokers say of a batch that will never be taken."""

    async def open(self, topics: Sequence[str]) -> dict[str, int]:
        """Connect, and count the partitions of these topics.

        Raises TopicsMissing naming those that there are not, and KafkaUnusable where a broker refuses who we are;
        once it has let us in, that is a failure as any other, since brokers that begin anew may not know everyone yet.
        """
        compression = self._settings.compression
        self._producer = self._library.AIOKafkaProducer(
            **connection(self._settings, "keel-mirror"),
            enable_idempotence=True,
            acks="all",
            compression_type=None if compression == "none" else compression,
            linger_ms=0,
        )
        await self._start()
        async with asyncio.timeout(self._settings.send_timeout_s):
            if not await self._producer.client.set_topics(topics):
                raise ConnectionError("the brokers did not say which topics there are")
        cluster = self._producer.client.cluster
        counts = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in topics}
        missing = sorted(topic for topic, count in counts.items() if not count)
        if missing:
            raise TopicsMissing(
                f"the brokers at {', '.join(self._settings.brokers)} have not {len(missing)} of {len(topics)} topics "
                f"({', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}); create them with `bot topics apply`"
            )
        return counts

    async def _start(self) -> None:
        try:
            async with asyncio.timeout(self._settings.send_timeout_s):
                await self._producer.start()
        except self.failures:
            if not self._known:
                await check_login(self._settings)
            raise
        self._known = True

    def batch(self) -> "PackedBatch":
        """A batch to be filled: `append(timestamp, key, value, headers)` returns None when it is full."""
        return self._make(self._settings.compression, BATCH_BYTES)

    def pack(self, batches: "Sequence[PackedBatch]") -> "asyncio.Future[None]":
        """Compress batches beside the loop; the future is done when they are."""
        return asyncio.get_running_loop().run_in_executor(None, _pack, batches)

    async def send(self, batch: "PackedBatch", topic: str, partition: int) -> "asyncio.Future[Any]":
        """Hand a packed batch over; the future is done when it is acknowledged."""
        async with asyncio.timeout(self._settings.send_timeout_s):
            future: asyncio.Future[Any] = await self._producer.send_batch(batch, topic, partition=partition)
        future.add_done_callback(_heard)
        return future

    async def abandon(self) -> None:
        """Let go of the producer, whatever it still wants to do."""
        if self._producer is None:
            return
        producer, self._producer = self._producer, None
        try:
            async with asyncio.timeout(ABANDON_S):
                await producer.stop()
        except self.failures:
            await _end(self._of_library())
            async with asyncio.timeout(ABANDON_S):
                await producer.client.close()

    def _of_library(self) -> list["asyncio.Task[Any]"]:
        home = self._library.__path__[0]
        return [task for task in asyncio.all_tasks() if _source_of(task).startswith(home)]


def _pack(batches: "Sequence[PackedBatch]") -> None:
    for batch in batches:
        batch.pack()


async def acknowledged(futures: Iterable["asyncio.Future[Any]"], within_s: float) -> bool:
    """Whether all are done; raises what one of them failed with, TimeoutError never."""
    waiting = [future for future in futures if not future.done()]
    if waiting:
        await asyncio.wait(waiting, timeout=within_s)
    for future in futures:
        if not future.done():
            return False
        future.result()
    return True


async def _end(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=ABANDON_S)


def _source_of(task: "asyncio.Task[Any]") -> str:
    code = getattr(task.get_coro(), "cr_code", None)
    return code.co_filename if code is not None else ""


def _heard(future: "asyncio.Future[Any]") -> None:
    """An error of a batch that nobody waits for any more is known already."""
    if not future.cancelled():
        future.exception()
