"""A broker that answers and does not let us in is named; one that is away is nobody's fault."""

import asyncio
import ssl

import pytest

from adapters.kafka.connection import KafkaUnusable
from adapters.kafka.login import check_login, remedy, said
from adapters.kafka.settings import KafkaSettings
from tests.kit.virtual_time import on_a_real_loop

PASSWORD = "not-for-anybody"


def by_password(monkeypatch: pytest.MonkeyPatch, *ports: int) -> KafkaSettings:
    monkeypatch.setenv("KEEL_TEST_PASSWORD", PASSWORD)
    brokers = tuple(f"127.0.0.1:{port}" for port in ports)
    return KafkaSettings(brokers=brokers, env="test", username="me", password="env:KEEL_TEST_PASSWORD")


async def _says_no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


@on_a_real_loop
async def test_brokers_that_are_away_are_not_said_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    await check_login(by_password(monkeypatch, 1))


@on_a_real_loop
async def test_a_port_that_does_not_speak_tls_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    server = await asyncio.start_server(_says_no_tls, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(KafkaUnusable, match=rf"127\.0\.0\.1:{port} did not let me in: .*sasl_ssl") as refused:
            await check_login(by_password(monkeypatch, 1, port))

    assert PASSWORD not in str(refused.value)


def test_a_certificate_that_is_not_trusted_is_not_blamed_on_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = by_password(monkeypatch, 1)

    assert "ca_file" in remedy(settings, ssl.SSLCertVerificationError("no issuer"))
    assert "password" in remedy(settings, ConnectionError("refused"))


def test_an_error_without_words_says_its_name() -> None:
    assert said(KeyError()) == "KeyError"
    assert said(ValueError("bad")) == "bad"
