"""S15 on a real broker: nobody gets in or writes who was not given the right, and the refusal says why."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiokafka
import msgspec
import pytest
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from adapters.kafka.admin import Admin
from adapters.kafka.connection import KafkaUnusable, connection
from adapters.kafka.login import check_login
from adapters.kafka.probe import probe
from adapters.kafka.producing import Producer
from adapters.kafka.role_topics import ensure
from adapters.kafka.settings import KafkaSettings
from tests.kit.services import Certificates, KafkaServer

PASSWORD = "of-the-mirror"
OURS, THEIRS = "keel.test.market.tick", "someone.else"


@pytest.fixture(scope="module")
def broker(secured_kafka: KafkaServer) -> KafkaServer:
    secured_kafka.create_topics(OURS, THEIRS)
    secured_kafka.add_user("mirror", PASSWORD)
    for principal in ("User:mirror", "User:CN=mirror"):
        secured_kafka.allow(principal, "keel.test.", ["WRITE", "DESCRIBE"])
    return secured_kafka


@pytest.fixture
def password(tmp_path: Path) -> str:
    return secret(tmp_path, PASSWORD)


def secret(directory: Path, value: str) -> str:
    path = directory / "password"
    path.touch(mode=0o600)
    path.write_text(value)
    return f"file:{path}"


def by_password(broker: KafkaServer, password: str, **changes: Any) -> KafkaSettings:
    assert broker.certificates
    chosen = {"ca_file": str(broker.certificates.ca_file), "username": "mirror", "password": password}
    return KafkaSettings(brokers=(broker.sasl_bootstrap,), env="test", **(chosen | changes))


def by_certificate(broker: KafkaServer, **changes: Any) -> KafkaSettings:
    assert broker.certificates
    own = broker.certificates.leaf("mirror")
    chosen = {"ca_file": broker.certificates.ca_file, "cert_file": own.cert_file, "key_file": own.key_file} | changes
    files = {name: str(path) for name, path in chosen.items()}
    return KafkaSettings(brokers=(broker.mtls_bootstrap,), env="test", security="ssl", **files)


@asynccontextmanager
async def producer(settings: KafkaSettings) -> AsyncIterator[aiokafka.AIOKafkaProducer]:
    writer = aiokafka.AIOKafkaProducer(**connection(settings), acks="all", enable_idempotence=True)
    try:
        await writer.start()
        yield writer
    finally:
        await writer.stop()


async def test_the_mirror_writes_by_password_and_by_certificate(broker: KafkaServer, password: str) -> None:
    for settings in (by_password(broker, password), by_certificate(broker)):
        async with producer(settings) as writer:
            written = await writer.send_and_wait(OURS, b"{}")

        assert written.topic == OURS


async def test_the_mirror_may_not_read_what_it_writes(broker: KafkaServer, password: str) -> None:
    reader = aiokafka.AIOKafkaConsumer(**connection(by_password(broker, password)))
    await reader.start()
    try:
        reader.assign([aiokafka.TopicPartition(OURS, 0)])
        reader.seek(aiokafka.TopicPartition(OURS, 0), 0)
        with pytest.raises(TopicAuthorizationFailedError):
            await reader.getone()
    finally:
        await reader.stop()


async def test_the_mirror_may_not_write_elsewhere(broker: KafkaServer, password: str) -> None:
    async with producer(by_password(broker, password)) as writer:
        with pytest.raises(KafkaError, match=r"(?i)authorization"):
            await writer.send_and_wait(THEIRS, b"{}")


async def test_a_name_without_rights_sees_no_topic(broker: KafkaServer, tmp_path: Path) -> None:
    broker.add_user("stranger", "a-stranger")
    settings = by_password(broker, secret(tmp_path, "a-stranger"), username="stranger")

    findings = await probe(settings, [OURS])

    assert [finding.ok for finding in findings] == [True, True, False]
    assert findings[-1].found == f"not allowed: {OURS}"


async def test_all_is_well_where_it_is(broker: KafkaServer, password: str) -> None:
    for settings in (by_password(broker, password), by_certificate(broker)):
        findings = await probe(settings, [OURS])

        assert [(finding.name.split()[-1], finding.ok) for finding in findings[1:]] == [
            ("login", True),
            ("topics", True),
        ]


async def test_a_wrong_password_is_refused_as_such(broker: KafkaServer, tmp_path: Path) -> None:
    *_, login = await probe(by_password(broker, secret(tmp_path, "guessed")), [OURS])

    assert not login.ok
    assert "refused mirror" in login.found and "invalid credentials" in login.found
    assert "guessed" not in repr(login)


async def test_clients_that_only_fail_to_bootstrap_say_that_the_password_is_wrong(
    broker: KafkaServer, password: str, tmp_path: Path
) -> None:
    await check_login(by_password(broker, password))
    (elsewhere := tmp_path / "wrong").mkdir()
    wrong = by_password(broker, secret(elsewhere, "guessed"))

    writer = Producer(wrong)
    for opening in (writer.open([OURS]), Admin(wrong).__aenter__(), ensure(wrong, 2)):
        with pytest.raises(KafkaUnusable, match=r"did not let mirror in: .*invalid credentials") as refused:
            await opening
        assert "guessed" not in str(refused.value)
    await writer.abandon()


async def test_a_wrong_password_lets_nobody_write(broker: KafkaServer, tmp_path: Path) -> None:
    with pytest.raises(KafkaError):
        async with producer(by_password(broker, secret(tmp_path, "guessed"))):
            pass


async def test_an_authority_we_do_not_know_is_refused(broker: KafkaServer, password: str, tmp_path: Path) -> None:
    other = Certificates(tmp_path / "other", authority="Somebody else")

    (finding,) = await probe(by_password(broker, password, ca_file=str(other.ca_file)), [OURS])

    assert not finding.ok and "not trusted" in finding.found
    assert "ca_file" in finding.remedy


async def test_a_certificate_of_another_host_is_refused(broker: KafkaServer, password: str) -> None:
    """127.1 is the same machine by a name that is not in the broker's certificate."""
    port = broker.sasl_bootstrap.rpartition(":")[2]
    elsewhere = msgspec.structs.replace(by_password(broker, password), brokers=(f"127.1:{port}",))

    (finding,) = await probe(elsewhere, [OURS])

    assert not finding.ok and "the certificate of another host" in finding.found


async def test_a_client_without_its_certificate_is_refused(broker: KafkaServer) -> None:
    settings = by_certificate(broker)
    bare = KafkaSettings(brokers=settings.brokers, env="test", security="ssl", ca_file=settings.ca_file)

    *_, login = await probe(bare, [OURS])

    assert not login.ok and "cert_file" in login.remedy


async def test_a_client_certificate_of_a_strange_authority_is_refused(broker: KafkaServer, tmp_path: Path) -> None:
    own = Certificates(tmp_path / "other", authority="Somebody else").leaf("mirror")

    *_, login = await probe(by_certificate(broker, cert_file=own.cert_file, key_file=own.key_file), [OURS])

    assert not login.ok and "cert_file" in login.remedy


async def test_a_missing_topic_is_named(broker: KafkaServer, password: str) -> None:
    *_, topics = await probe(by_password(broker, password), [OURS, "keel.test.not.there"])

    assert (topics.ok, topics.found) == (False, "missing: keel.test.not.there")


async def test_a_hung_broker_costs_a_bounded_time(broker: KafkaServer, password: str) -> None:
    broker.pause()
    try:
        findings = await probe(by_password(broker, password), [OURS], limit_s=0.3)
    finally:
        broker.resume()

    assert [finding.ok for finding in findings] == [False]
    assert "did not answer within 0.3 s" in findings[0].found
