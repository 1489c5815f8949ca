"""Agents elsewhere on a real broker: the laws of the port, and what a broker that stops or hangs comes to."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from aiokafka.errors import KafkaError

from adapters.kafka.settings import KafkaSettings, topic_name
from adapters.kafka.signals import KafkaSignals, SignalWriter
from contracts.ports import SignalsLost
from contracts.remote import INBOUND, RemoteSignal
from tests.kit.services import KafkaServer, free_port
from tests.kit.signal_sources import LAWS, PATIENCE_S, Place, heard
from tests.services.test_kafka_security import by_password, producer, secret
from tests.services.test_servers import write

ROW = RemoteSignal(agent="far", symbol="BTC-EUR", mu=0.0001, sigma=0.01, horizon_s=600.0, number=3)


class OnKafka(Place):
    def __init__(self, server: KafkaServer, env: str) -> None:
        self.server, self.env = server, env
        server.create_topics(topic_name(env, INBOUND))
        self.settings = a_setting(server.bootstrap, env)
        self.source = KafkaSignals(self.settings)

    async def write(self, *records: bytes) -> None:
        assert await asyncio.to_thread(write, self.server, topic_name(self.env, INBOUND), *records) == 0

    async def break_off(self) -> None:
        self.source = KafkaSignals(a_setting(f"127.0.0.1:{free_port()}", self.env))


def a_setting(bootstrap: str, env: str) -> KafkaSettings:
    return KafkaSettings(brokers=(bootstrap,), env=env, security="plaintext", request_timeout_s=2, send_timeout_s=2)


@pytest.fixture
async def place(kafka: KafkaServer, request: pytest.FixtureRequest) -> OnKafka:
    name = request.node.name.replace("_", "-").replace("[", "-").replace("]", "")
    return OnKafka(kafka, name[-40:].strip("-"))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
async def test_it_keeps_the_laws_of_the_port(place: OnKafka, law) -> None:
    await law(place)


async def test_a_topic_that_is_not_there_is_a_source_that_is_not_there(kafka: KafkaServer) -> None:
    with pytest.raises(SignalsLost, match="bot topics apply"):
        async with KafkaSignals(a_setting(kafka.bootstrap, "nothing-here")).connect():
            pass


@pytest.mark.parametrize("fault", ["kill", "pause"])
async def test_a_broker_that_stops_or_hangs_is_lost_and_found_again(place: OnKafka, fault: str) -> None:
    before = len(asyncio.all_tasks())
    try:
        async with asyncio.timeout(PATIENCE_S):
            async with place.source.connect() as batches:
                getattr(place.server, fault)()
                with pytest.raises(SignalsLost):
                    await anext(batches)
            for _ in range(3):
                with pytest.raises(SignalsLost):
                    async with place.source.connect():
                        pass
        assert len(asyncio.all_tasks()) <= before + 1, "what was let go of is gone"
    finally:
        place.server.start() if fault == "kill" else place.server.resume()
    async with place.source.connect() as batches:
        await place.write(b"back")
        assert await heard(batches, 1) == [b"back"]


async def test_a_writer_drops_what_it_cannot_write_in_time_and_goes_on_when_it_can(place: OnKafka) -> None:
    writer = SignalWriter(place.settings)
    async with place.source.connect() as batches:
        await writer.write([ROW])
        assert len(await heard(batches, 1)) == 1
    place.server.pause()
    try:
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(3):
                await writer.write([ROW] * 4)
                await asyncio.sleep(1.5)
    finally:
        place.server.resume()
    await asyncio.sleep(3)
    assert writer.dropped > 0
    async with place.source.connect() as batches:
        await writer.write([ROW])
        assert len(await heard(batches, 1)) == 1
    await writer.close()
    assert writer.sent >= 2


async def test_who_may_speak_for_agents_may_write_there_alone(secured_kafka: KafkaServer, tmp_path: Path) -> None:
    """Rights as the page says them: the agents' user writes to one topic, the daemon's reads it."""
    inbound, fills = topic_name("rights", INBOUND), topic_name("rights", "trade.fill")
    secured_kafka.create_topics(inbound, fills)
    known = {}
    for user, prefix, operations in (
        ("agents", inbound, ["WRITE", "DESCRIBE"]),
        ("daemon", inbound, ["READ", "DESCRIBE"]),
    ):
        secured_kafka.add_user(user, f"of-{user}")
        secured_kafka.allow(f"User:{user}", prefix, operations)
        own = tmp_path / user
        own.mkdir()
        settings = by_password(secured_kafka, secret(own, f"of-{user}"), username=user)
        known[user] = msgspec.structs.replace(settings, env="rights")
    writer = SignalWriter(known["agents"])
    async with KafkaSignals(known["daemon"]).connect() as batches:
        await writer.write([ROW])
        assert len(await heard(batches, 1)) == 1
    await writer.close()
    async with producer(known["agents"]) as forging:
        with pytest.raises(KafkaError, match=r"(?i)authorization"):
            await forging.send_and_wait(fills, b"{}")
    with pytest.raises(SignalsLost):
        async with KafkaSignals(known["agents"]).connect() as batches:
            await anext(batches)
