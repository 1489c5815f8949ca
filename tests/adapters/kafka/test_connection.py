"""What a client of Kafka is built with, and what is refused before one is."""

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka.connection import KafkaMissing, KafkaUnusable, connection, library, ssl_context
from adapters.kafka.settings import KafkaSettings
from adapters.secret_store import SecretUnreadable


def settings(**changes: Any) -> KafkaSettings:
    return KafkaSettings(**{"brokers": ("127.0.0.1:9092",), "env": "test", **changes})


def test_a_plain_connection_names_brokers_and_bounds() -> None:
    options = connection(settings(security="plaintext", request_timeout_s=2.5))

    assert options["bootstrap_servers"] == ["127.0.0.1:9092"]
    assert options["security_protocol"] == "PLAINTEXT"
    assert options["request_timeout_ms"] == 2500
    assert "ssl_context" not in options
    assert "sasl_plain_password" not in options


def test_a_secure_connection_checks_the_broker_and_proves_who_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "hush")

    options = connection(settings(username="keel", password="env:KAFKA_PASSWORD"))

    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("keel", "hush")
    context = options["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_password_that_is_not_there_is_told_by_its_name() -> None:
    with pytest.raises(SecretUnreadable, match="env:NO_SUCH_PASSWORD"):
        connection(settings(username="keel", password="env:NO_SUCH_PASSWORD"))


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("key")
    key.chmod(0o644)

    with pytest.raises(SecretUnreadable, match="chmod 600"):
        ssl_context(settings(security="ssl", cert_file=str(key), key_file=str(key)))


def test_certificates_that_cannot_be_read_are_told_with_their_files(tmp_path: Path) -> None:
    with pytest.raises(KafkaUnusable, match=r"nowhere\.pem"):
        ssl_context(settings(security="ssl", ca_file=str(tmp_path / "nowhere.pem")))


def test_the_library_is_had_when_it_is_asked_for() -> None:
    assert library().__name__ == "aiokafka"


def test_without_the_library_it_is_said_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiokafka", None)

    with pytest.raises(KafkaMissing, match=r"pip install 'keel\[kafka\]'"):
        library()


@pytest.mark.numbers
def test_who_asks_for_nothing_of_kafka_imports_nothing_of_it() -> None:
    modules = "bot.cli.app, bot.running, bot.mirror.running, bot.mirror.measuring"
    look = f"import sys, {modules}; print('aiokafka' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60)

    assert found.stdout.strip() == "False"
