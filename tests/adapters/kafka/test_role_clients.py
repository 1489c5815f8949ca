"""The clients of roles where no broker answers, and what they make of records; with a broker: tests/services."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.kafka.connection import BrokersAway
from adapters.kafka.lease import Lease, LeaseUnsure
from adapters.kafka.role_reading import Heard, RoleReader
from adapters.kafka.role_topics import RolesUnusable, Topics, ensure
from adapters.kafka.sender import Outgoing, Sender
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.shard_group import ShardGroup
from adapters.kafka.stream_head import head_of
from adapters.kafka.stream_publisher import StreamPublisher
from adapters.kafka.stream_records import Seal, encode
from adapters.kafka.stream_source import KafkaStream
from contracts.secret import Secret
from contracts.stream import PartFrames, StreamBlock, StreamMessage
from tests.kit.virtual_time import on_a_real_loop

NOWHERE = KafkaSettings(
    brokers=("127.0.0.1:1",), env="test", security="plaintext", request_timeout_s=0.2, send_timeout_s=0.2
)
TOPICS = Topics("test")
SEAL = Seal(Secret("a secret of at least sixteen bytes"), "profile")
BLOCK = StreamBlock("a", 1, (StreamMessage(1, 10, "feed", "Tick", b""),))
FRAMES = PartFrames(run="a", seq=1, at_ns=5, part=1, parts=2, features=None, signals=())


def record(topic: str, value: bytes, partition: int = 0, headers: Any = None) -> Any:
    proof = SEAL.headers(topic, value) if headers is None else headers
    return SimpleNamespace(value=value, headers=proof, partition=partition, offset=7)


def read(topic: str, *records: Any) -> tuple[RoleReader, list[Heard]]:
    reader, heard = RoleReader(NOWHERE, TOPICS, SEAL, topic, "test"), list[Heard]()
    for each in records:
        reader._take(each, heard.append)
    return reader, heard


def test_topics_are_named_by_their_environment() -> None:
    assert (TOPICS.stream, TOPICS.shards, TOPICS.desks) == (
        "keel.test.roles.stream",
        "keel.test.roles.shards",
        "keel.test.roles.desks",
    )


def test_what_is_proved_is_heard() -> None:
    assert read(TOPICS.stream, record(TOPICS.stream, encode(BLOCK)))[1] == [BLOCK]
    assert read(TOPICS.shards, record(TOPICS.shards, encode(FRAMES), partition=1))[1] == [FRAMES]


def test_what_is_not_proved_is_counted_by_why_and_not_heard() -> None:
    value = encode(BLOCK)
    reader, heard = read(
        TOPICS.stream,
        record(TOPICS.stream, value, headers=[]),
        record(TOPICS.stream, value, headers=SEAL.headers(TOPICS.shards, value)),
        record(TOPICS.stream, b"\xc1"),
        record(TOPICS.stream, b"\xc1"),
    )

    assert heard == []
    assert reader.refused.counts == {
        "a record without a proof": 1,
        "a record whose proof is wrong": 1,
        "no block of a stream": 2,
    }


def test_a_part_speaks_on_its_own_partition_alone() -> None:
    reader, heard = read(TOPICS.shards, record(TOPICS.shards, encode(FRAMES), partition=0))

    assert heard == []
    assert reader.refused.counts == {"frames of another part than the partition's": 1}


@on_a_real_loop
async def test_a_sender_tries_for_ever_and_says_why_it_does_not_succeed() -> None:
    sender = Sender(NOWHERE, "test")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.4):
            await sender.deliver([Outgoing("topic", 0, b"value", [])])

    assert sender.acknowledged == 0
    assert sender.failures >= 1
    assert sender.last_error
    await sender.close()


@on_a_real_loop
async def test_a_reader_without_a_broker_goes_on_trying() -> None:
    reader = RoleReader(NOWHERE, TOPICS, SEAL, TOPICS.stream, "test")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.4):
            await reader.read((0,), lambda heard: None, lambda: True)

    assert reader.failures >= 1
    assert not reader.connected


def test_topics_that_cannot_be_asked_for_are_one_clear_failure() -> None:
    with pytest.raises(BrokersAway, match=r"Kafka at 127\.0\.0\.1:1 could not be asked"):
        asyncio.run(ensure(NOWHERE, 2))


def test_a_stream_that_does_not_begin_names_what_to_start() -> None:
    with pytest.raises(RolesUnusable, match="start `bot run --role ingest`"):
        asyncio.run(head_of(NOWHERE, TOPICS, SEAL, 0.05))


def test_a_claim_that_nobody_answers_is_none() -> None:
    lease = Lease(NOWHERE, TOPICS, SEAL, "canary", "one", 1.0, time.monotonic)
    assert "was not renewed in time" in lease.objection()

    with pytest.raises(LeaseUnsure, match="Kafka did not say who holds 'canary'"):
        lease.open()
    assert lease.objection()


class SlowProducer:
    """A broker that takes a claim, and three seconds of the clock for it."""

    def __init__(self, clock: list[float]) -> None:
        self._clock = clock

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    async def send(self, *said: Any, **more: Any) -> None:
        self._clock[0] += 3.0


@on_a_real_loop
async def test_a_claim_holds_from_before_it_was_written() -> None:
    clock = [100.0]
    lease = Lease(NOWHERE, TOPICS, SEAL, "canary", "one", 5.0, lambda: clock[0])
    lease._producer = SlowProducer(clock)

    await lease._say(released=False)

    clock[0] = 105.0
    assert lease.objection() == ""
    clock[0] = 105.1
    assert "was not renewed in time" in lease.objection()


@on_a_real_loop
async def test_who_cannot_reach_kafka_has_no_part() -> None:
    told: list[tuple[int, ...]] = []
    group = ShardGroup(NOWHERE, TOPICS, told.append, time.monotonic)
    group.open()
    await asyncio.sleep(0.05)
    group.turn()
    group.close()

    assert (told, group.parts, group.error) == ([], (), None)


def test_a_stream_that_cannot_be_read_gives_nothing_and_can_be_closed() -> None:
    stream = KafkaStream(NOWHERE, TOPICS, SEAL, 2, held=True)
    stream.open()

    assert asyncio.run(stream.take(0.01)) is None
    assert asyncio.run(stream.frames(0.01)) is None
    assert stream.figures()["connected"] is False
    stream.close()


def test_a_publisher_that_reaches_nobody_says_so_in_time(tmp_path: Path) -> None:
    publisher = StreamPublisher(NOWHERE, TOPICS, SEAL, "run", 1, tmp_path)
    publisher.open()

    assert not publisher.finish(0.05)
    assert publisher.figures()["published_seq"] == 0
