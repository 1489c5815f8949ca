"""The schemas on a real broker, read by another client: one for each version, whatever is published again."""

import json
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from bot.schemas import published
from tests.kit.command_line import bot
from tests.kit.services import KafkaServer


def read(server: KafkaServer, topic: str) -> list[tuple[str, str]]:
    consumer = Consumer({"bootstrap.servers": server.bootstrap, "group.id": "reader", "enable.auto.commit": False})
    place = TopicPartition(topic, 0, 0)
    consumer.assign([place])
    _, end = consumer.get_watermark_offsets(place, timeout=10)
    found: list[tuple[str, str]] = []
    while len(found) < end:
        record: Any = consumer.poll(10)
        assert record is not None and record.error() is None
        assert dict(record.headers())["schema"] == record.key()
        found.append((record.key().decode(), record.value().decode()))
    consumer.close()
    return found


def test_schemas_are_published_and_published_again(kafka: KafkaServer) -> None:
    env = "schemas"
    where = {
        "BOT__KAFKA__BROKERS": f'["{kafka.bootstrap}"]',
        "BOT__KAFKA__ENV": env,
        "BOT__KAFKA__SECURITY": "plaintext",
    }
    first = bot("schema", "publish", "--json", **where)
    assert first.code == 0, first.err
    assert first.json["topic"] == f"keel.{env}.schemas" and set(first.json["schemas"]) == set(published())
    again = bot("schema", "publish", **where)
    assert again.out == f"{len(published())} schemas are in keel.{env}.schemas\n"
    records = read(kafka, f"keel.{env}.schemas")
    assert len(records) == 2 * len(published()), "compaction comes later"
    assert {key: json.loads(value) for key, value in records} == published()


@pytest.mark.parametrize("verb", ["stop", "pause"])
def test_brokers_that_are_away_are_told_in_time(kafka: KafkaServer, verb) -> None:
    where = {
        "BOT__KAFKA__BROKERS": f'["{kafka.bootstrap}"]', "BOT__KAFKA__ENV": "away", "BOT__KAFKA__SECURITY": "plaintext",
        "BOT__KAFKA__REQUEST_TIMEOUT_S": "1", "BOT__KAFKA__SEND_TIMEOUT_S": "2",
    }  # fmt: skip
    getattr(kafka, verb)()
    try:
        said = bot("schema", "publish", **where)
    finally:
        kafka.start() if verb == "stop" else kafka.resume()
    assert said.code == 75
