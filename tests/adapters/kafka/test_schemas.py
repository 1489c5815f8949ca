"""What is written of the schemas: under which key, in which bytes; a broker is asked in tests/services."""

import json

from adapters.kafka.schemas import encoded
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import schemas_topic, wanted
from bot.schemas import published
from contracts.topics import TABLE

SETTINGS = KafkaSettings(brokers=("127.0.0.1:9092",), env="test", security="plaintext")


def test_every_message_is_published_under_its_version() -> None:
    records = dict(encoded(published()))
    assert {f"{topic.payload.__name__}@{topic.version}".encode() for topic in TABLE} <= set(records)
    assert json.loads(records[b"Order@1"])["$id"] == "urn:keel:Order:1"
    assert "symbol" in json.loads(records[b"MarkFrame@1"])["$defs"]["MarkFrame"]["properties"]


def test_equal_schemas_are_equal_bytes_in_the_order_of_their_keys() -> None:
    first, again = encoded(published()), encoded(dict(reversed(published().items())))
    assert first == again and [key for key, _ in first] == sorted(key for key, _ in first)


def test_the_topic_keeps_the_last_of_each_key_for_ever() -> None:
    topic = schemas_topic(SETTINGS)
    assert (topic.name, topic.partitions) == ("keel.test.schemas", 1)
    assert topic.config["cleanup.policy"] == "compact" and topic in wanted(SETTINGS)
