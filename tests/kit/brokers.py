"""Brokers in memory behind the interface of the mirror's producer: they keep what they acknowledge, and fail by a plan.

What is sent is taken at once or not at all; whether it is acknowledged is another matter, as it is with real ones.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Kept(NamedTuple):
    """One record on one partition."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class BrokersFailed(Exception):
    """Whatever a client raises."""


class BatchRefused(BrokersFailed):
    """A batch that is never taken."""


class Batch:
    """What is filled before it is sent; at most `most` records."""

    def __init__(self, most: int) -> None:
        self.records: list[dict[str, Any]] = []
        self._most = most

    def append(self, timestamp: int, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> object | None:
        if len(self.records) >= self._most:
            return None
        self.records.append({"timestamp": timestamp, "key": key, "value": value, "headers": headers})
        return self


class Brokers:
    """`fault(call, number)` is asked before every open and send: "" is well, "fail" has the client raise, "lost" is not
    taken and never answered, "unheard" taken and never answered. `refuses(record)` says what is never taken.

    As an idempotent producer and its brokers do, nothing is taken from a partition after something that was not, until
    a new producer is opened.
    """

    failures = (BrokersFailed, TimeoutError, OSError)
    refusals = (BatchRefused,)

    def __init__(
        self,
        fault: Callable[[str, int], str] = lambda call, number: "",
        refuses: Callable[[dict[str, Any]], bool] = lambda record: False,
        partitions: int = 3,
        batch_records: int = 7,
    ) -> None:
        self.kept: list[Kept] = []
        self.calls = 0
        self.abandoned = 0
        self._fault, self._refuses = fault, refuses
        self._partitions, self._batch_records = partitions, batch_records
        self._stuck: set[tuple[str, int]] = set()

    async def open(self, topics: Sequence[str]) -> dict[str, int]:
        self._stuck.clear()
        if self._ask("open"):
            raise BrokersFailed("no broker answers")
        return dict.fromkeys(topics, self._partitions)

    def batch(self) -> Batch:
        return Batch(self._batch_records)

    def pack(self, batches: Sequence[Batch]) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def send(self, batch: Batch, topic: str, partition: int) -> "asyncio.Future[Any]":
        what = self._ask("send")
        if what == "fail":
            raise BrokersFailed("the connection broke")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if (topic, partition) in self._stuck:
            return future
        refused = any(self._refuses(record) for record in batch.records)
        if what or refused:
            self._stuck.add((topic, partition))
        if refused:
            future.set_exception(BatchRefused("too large"))
            future.exception()
            return future
        if what in ("", "unheard"):
            self.kept += [
                Kept(topic, partition, each["key"], each["value"], list(each["headers"])) for each in batch.records
            ]
        if not what:
            future.set_result(None)
        return future

    async def abandon(self) -> None:
        self.abandoned += 1

    def _ask(self, call: str) -> str:
        self.calls += 1
        return self._fault(call, self.calls)
