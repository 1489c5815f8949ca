from adapters.kafka.probe import NOT_ALLOWED, UNKNOWN_TOPIC, probe, verdict
from adapters.kafka.settings import KafkaSettings
from tests.kit.virtual_time import on_a_real_loop

NAMES = [f"keel.test.t{number}" for number in range(7)]


def test_topics_that_are_there_are_counted() -> None:
    assert verdict(NAMES, dict.fromkeys(NAMES, 0)) == ("kafka topics", True, "7 there", "")


def test_the_first_of_many_missing_topics_are_named() -> None:
    finding = verdict(NAMES, dict.fromkeys(NAMES[:3], UNKNOWN_TOPIC))

    assert finding.found == f"missing: {', '.join(NAMES[:5])} and 2 more"
    assert finding.remedy == "run: bot topics apply"


def test_topics_that_are_closed_to_us_come_before_missing_ones() -> None:
    finding = verdict(NAMES[:2], {NAMES[0]: UNKNOWN_TOPIC, NAMES[1]: NOT_ALLOWED})

    assert finding.found == f"not allowed: {NAMES[1]}"
    assert "WRITE and DESCRIBE" in finding.remedy


@on_a_real_loop
async def test_a_secret_that_is_not_there_is_the_only_finding() -> None:
    settings = KafkaSettings(brokers=("127.0.0.1:1",), env="test", username="me", password="env:KEEL_NO_SUCH_SECRET")

    (finding,) = await probe(settings, NAMES)

    assert not finding.ok and "env:KEEL_NO_SUCH_SECRET" in finding.found


@on_a_real_loop
async def test_where_no_broker_answers_nothing_else_is_asked() -> None:
    settings = KafkaSettings(brokers=("127.0.0.1:1", "[::1]:1"), env="test", security="plaintext")

    findings = await probe(settings, NAMES)

    assert [(finding.name, finding.ok) for finding in findings] == [
        ("kafka 127.0.0.1:1", False),
        ("kafka [::1]:1", False),
    ]
