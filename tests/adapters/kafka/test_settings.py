"""What may be said of Kafka in a profile, and that nothing of it leaves this machine in the clear (S15)."""

from typing import Any

import msgspec
import pytest

from adapters.kafka.settings import KafkaSettings, host_of, is_loopback, topic_name

SASL = {"security": "sasl_ssl", "username": "keel", "password": "env:KAFKA_PASSWORD"}


def settings(**changes: Any) -> KafkaSettings:
    return KafkaSettings(**{"brokers": ("127.0.0.1:9092",), "env": "test", "security": "plaintext", **changes})


@pytest.mark.parametrize("broker", ["127.0.0.1:9092", "127.8.0.1:1", "localhost:9092", "[::1]:9092"])
def test_plaintext_is_for_this_machine(broker: str) -> None:
    assert settings(brokers=(broker,)).security == "plaintext"


@pytest.mark.parametrize(
    "broker", ["10.0.0.1:9092", "kafka:9092", "localhost.evil.org:9092", "[fe80::1]:1", "0.0.0.0:1"]
)
def test_plaintext_beyond_this_machine_is_refused(broker: str) -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        settings(brokers=("127.0.0.1:9092", broker))

    assert settings(brokers=(broker,), **SASL).security == "sasl_ssl"
    assert settings(brokers=(broker,), security="ssl").security == "ssl"


def test_a_name_that_leads_to_no_other_machine_is_named() -> None:
    assert settings(brokers=("kafka:9092",), local_hosts=("kafka",)).security == "plaintext"
    with pytest.raises(ValueError, match="not on this machine"):
        settings(brokers=("kafka:9092", "other:9092"), local_hosts=("kafka",))


@pytest.mark.parametrize("world", ["live", "paper", ""])
def test_plaintext_is_for_simulated_profiles_even_on_this_machine(world: str) -> None:
    settings().refuse_plaintext("simulated")
    settings(**SASL).refuse_plaintext(world)
    with pytest.raises(ValueError, match="plaintext"):
        settings().refuse_plaintext(world)


def test_who_we_are_is_not_shown_in_the_clear() -> None:
    with pytest.raises(ValueError, match="show who we are"):
        settings(username="keel", password="env:KAFKA_PASSWORD")


def test_encryption_with_a_name_is_the_default() -> None:
    with pytest.raises(ValueError, match="expected a username and a password"):
        KafkaSettings(brokers=("broker:9093",), env="live")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"brokers": ()}, "brokers were empty"),
        ({"brokers": ("broker",)}, "expected host:port"),
        ({"brokers": ("127.0.0.1:99999",)}, "expected host:port"),
        ({"env": "Prod Env"}, "env was"),
        ({"env": "a.b"}, "env was"),
        ({"partitions": 0}, "partitions was 0"),
        ({"replicas": 99}, "replicas was 99"),
        ({"record_bytes_max": 0}, "record_bytes_max"),
        ({"dead_letters_max": 0}, "dead_letters_max"),
        ({"request_timeout_s": 31.0}, "expected 0 < request_timeout_s"),
        ({"head_s": 0.0}, "head_s was 0"),
        ({"security": "ssl", "cert_file": "c.pem"}, "takes both"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_was(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        settings(**changes)


@pytest.mark.parametrize("name", ["password", "key_password"])
def test_a_secret_in_a_setting_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(ValueError, match="no reference") as refused:
        settings(**{**SASL, name: "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"brokers": ["127.0.0.1:1"], "env": "t", "securty": "plaintext"}, KafkaSettings)


def test_names_of_topics_carry_the_environment() -> None:
    assert topic_name("prod", "market.tick") == "keel.prod.market.tick"
    assert [host_of("[::1]:9"), host_of("a.b:9")] == ["::1", "a.b"]
    assert is_loopback("127.1.2.3")
    assert not is_loopback("128.0.0.1")
