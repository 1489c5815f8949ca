"""A producer without brokers fails in time and leaves nothing behind; batches are those that the library makes."""

import asyncio
import itertools
from typing import Any

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from adapters.kafka.lanes import Lanes, partition_of
from adapters.kafka.packed import CODECS, PackedBatch
from adapters.kafka.producing import Producer, acknowledged
from adapters.kafka.records import Outgoing
from adapters.kafka.settings import KafkaSettings
from tests.kit.virtual_time import on_a_real_loop


@on_a_real_loop
async def test_without_brokers_opening_fails_and_nothing_is_left_running() -> None:
    before = asyncio.all_tasks()
    producer = Producer(KafkaSettings(brokers=("127.0.0.1:1",), env="test", security="plaintext"))

    with pytest.raises(producer.failures):
        await producer.open(["keel.test.market.tick"])
    await producer.abandon()
    await producer.abandon()

    assert asyncio.all_tasks() == before


async def test_acknowledgement_is_waited_for_no_longer_than_said() -> None:
    loop = asyncio.get_running_loop()
    done, never, failed = loop.create_future(), loop.create_future(), loop.create_future()
    done.set_result(None)
    failed.set_exception(ConnectionError("gone"))

    assert await acknowledged([done], 1.0)
    assert not await acknowledged([done, never], 1.0)
    with pytest.raises(ConnectionError):
        await acknowledged([done, failed], 1.0)


def a_batch(batch: Any, count: int = 200) -> Any:
    for number in range(count):
        value, headers = b'{"a": %d}' % number * 3, [("seq", b"%d" % number), ("run", b"canary/canary-000001")]
        batch.append(timestamp=1_700_000_000_000 + number, key=b"key", value=value, headers=headers)
    return batch


def test_a_batch_that_is_not_compressed_is_the_one_that_the_library_makes() -> None:
    ours, theirs = a_batch(PackedBatch("none", 1 << 16)), a_batch(BatchBuilder(1 << 16, CODECS["none"]))
    ours.pack()

    for batch in (ours, theirs):
        batch._set_producer_state(123_456_789_012, 7, 99)

    assert bytes(ours._build()) == bytes(theirs._build())
    assert (ours.record_count(), ours.size(), ours.closed()) == (200, len(theirs._build()), True)


@pytest.mark.parametrize("compression", CODECS)
@pytest.mark.parametrize("told", [False, True])
def test_a_packed_batch_is_read_as_the_one_that_the_library_makes(compression, told: bool) -> None:
    ours, theirs = a_batch(PackedBatch(compression, 1 << 16)), a_batch(BatchBuilder(1 << 16, CODECS[compression]))
    ours.pack()
    if told:
        for batch in (ours, theirs):
            batch._set_producer_state(123_456_789_012, 7, 99)

    assert read(ours._build()) == read(theirs._build())
    assert compression == "none" or len(ours._build()) < len(a_batch(PackedBatch("none", 1 << 16))._build())


def read(batch: bytearray) -> list[Any]:
    """What a reader finds in a batch whose checksum is right."""
    found = MemoryRecords(bytes(batch)).next_batch()
    assert found.validate_crc()
    head = [
        found.producer_id,
        found.producer_epoch,
        found.base_sequence,
        found.compression_type,
        found.is_transactional,
    ]
    records = [(each.offset, each.timestamp, each.key, each.value, each.headers) for each in found]
    return [head, records]


def test_a_full_batch_takes_nothing_more() -> None:
    batch = PackedBatch("none", 200)

    taken = list(itertools.takewhile(bool, (batch.append(1, b"k", b"v" * 50, []) for _ in range(100))))
    assert batch.record_count() == len(taken) < 100


def test_what_has_one_key_goes_one_way_in_order() -> None:
    lanes = Lanes("test", {"keel.test.market.tick": 3}, lambda: PackedBatch("none", 300))
    keys = [b"BTC-EUR", b"ETH-EUR", b"SOL-EUR"]
    lanes.put([Outgoing("market.tick", keys[number % 3], b"%d" % number * 20, []) for number in range(60)], 1)

    parcels = lanes.take()

    assert sum(batch.record_count() for _, batch in parcels) == 60
    assert {lane.partition for lane, _ in parcels} == {partition_of(key, 3) for key in keys}
    assert lanes.take() == []


def test_keys_are_spread_as_the_clients_in_java_do_it() -> None:
    assert [partition_of(key, 8) for key in (b"BTC-EUR", b"ETH-EUR", b"")] == [
        partition_of(key, 8) for key in (b"BTC-EUR", b"ETH-EUR", b"")
    ]
    assert partition_of(b"21", 1 << 30) == (-973932308 & 0x7FFFFFFF) % (1 << 30)  # org.apache.kafka UtilsTest
