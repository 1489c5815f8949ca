"""The schemas of messages on Kafka: one record for each version there has been, under its name, kept for ever."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from adapters.kafka.admin import Admin
from adapters.kafka.connection import BrokersAway, TopicsMissing
from adapters.kafka.producing import Producer, acknowledged
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import WantedTopic, schemas_topic
from contracts.quantities import Nanos

MS_NS: Final = 1_000_000


async def publish(settings: KafkaSettings, documents: Mapping[str, Mapping[str, Any]], at_ns: Nanos) -> WantedTopic:
    """Write every document under its key, `Type@version`; the topic is made if it is not there.

    A record with the same key and value as one that is there changes nothing for a reader: publishing twice does no
    harm. Raises KafkaAway, BrokersAway, KafkaMissing, KafkaUnusable.
    """
    topic = schemas_topic(settings)
    async with Admin(settings) as cluster:
        if not await cluster.describe([topic.name]):
            await cluster.create([topic])
    producer = Producer(settings)
    try:
        await _open(producer, topic.name, settings)
        await _send(producer, topic.name, encoded(documents), at_ns, settings)
    except producer.failures as error:
        raise BrokersAway(f"the schemas were not taken: {str(error) or type(error).__name__}") from error
    finally:
        await producer.abandon()
    return topic


def encoded(documents: Mapping[str, Mapping[str, Any]]) -> list[tuple[bytes, bytes]]:
    """Keys and values in the order of the keys."""
    return [
        (key.encode(), msgspec.json.encode(document, order="deterministic"))
        for key, document in sorted(documents.items())
    ]


async def _open(producer: Producer, topic: str, settings: KafkaSettings) -> None:
    """Wait for a topic that was made just now."""
    deadline = asyncio.get_running_loop().time() + settings.send_timeout_s
    while True:
        try:
            await producer.open([topic])
            return
        except TopicsMissing:
            await producer.abandon()
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.2)


async def _send(
    producer: Producer, topic: str, records: list[tuple[bytes, bytes]], at_ns: Nanos, settings: KafkaSettings
) -> None:
    waiting, batch, filled = [], producer.batch(), 0
    for key, value in records:
        headers = [("schema", key)]
        if batch.append(timestamp=at_ns // MS_NS, key=key, value=value, headers=headers) is None:
            waiting.append(await producer.send(batch, topic, 0))
            batch, filled = producer.batch(), 0
            batch.append(timestamp=at_ns // MS_NS, key=key, value=value, headers=headers)
        filled += 1
    if filled:
        waiting.append(await producer.send(batch, topic, 0))
    if not await acknowledged(waiting, settings.send_timeout_s):
        raise TimeoutError("the brokers did not acknowledge in time")
