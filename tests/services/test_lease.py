"""The claim on an account, on a real Kafka: one holder at a time, whatever hangs or is cut off."""

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from adapters.kafka.lease import Claim, Lease, LeaseHeld, LeaseUnsure
from adapters.kafka.role_topics import RolesUnusable, Topics, ensure
from adapters.kafka.sender import Outgoing, Sender
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.stream_records import Seal
from contracts.secret import Secret
from tests.kit.services import KafkaServer

LEASE_S = 2.0
SEAL = Seal(Secret("a shared secret of these tests"), "profile")
_ENVIRONMENTS = itertools.count(1)

Claims = Callable[..., Lease]


@pytest.fixture
def settings(kafka: KafkaServer) -> KafkaSettings:
    env = f"lease{os.getpid()}-{next(_ENVIRONMENTS)}"
    return KafkaSettings(
        brokers=(kafka.bootstrap,), env=env, security="plaintext", request_timeout_s=3.0, send_timeout_s=4.0
    )


@pytest.fixture
def topics(settings: KafkaSettings) -> Topics:
    return asyncio.run(ensure(settings, 1))


@pytest.fixture
def claims(settings: KafkaSettings, topics: Topics) -> Iterator[Claims]:
    opened: list[Lease] = []

    def claim(holder: str, account: str = "canary", seal: Seal = SEAL, before: int = 0) -> Lease:
        opened.append(Lease(settings, topics, seal, account, holder, LEASE_S, time.monotonic, before))
        return opened[-1]

    yield claim
    for each in opened:
        each.close()


def died(lease: Lease) -> None:
    """As a process does that is killed: it gives nothing back."""
    lease._thread.close()


def test_whoever_claims_first_holds_and_the_other_is_refused(claims: Claims) -> None:
    first, second = claims("one"), claims("two")
    assert first.open() == 1

    with pytest.raises(LeaseHeld, match="'canary' is traded by one"):
        second.open()

    time.sleep(1.5 * LEASE_S)
    assert first.objection() == "" and first.lost == "", "a rival that was refused has not cut it off"
    assert first.renewals >= 3


def test_other_accounts_are_other_claims(claims: Claims) -> None:
    assert claims("one").open() == 1
    assert claims("two", account="other").open() == 1


def test_an_account_that_was_given_back_is_free_at_once(claims: Claims) -> None:
    first, second = claims("one"), claims("two")
    first.open()
    first.close()
    assert first.objection()

    began_s = time.monotonic()
    assert second.open() == 2
    assert time.monotonic() - began_s < LEASE_S


def test_the_dead_are_succeeded_after_a_lease_and_their_own_machine_at_once(claims: Claims) -> None:
    first = claims("one")
    first.open()
    died(first)
    began_s = time.monotonic()
    again = claims("one")
    assert again.open() == 2, "the lock of the same directory proves that it is gone"
    assert time.monotonic() - began_s < LEASE_S

    died(again)
    began_s = time.monotonic()
    assert claims("two").open() == 3
    assert time.monotonic() - began_s >= LEASE_S, "nobody may send before the old one knows that it may not"
    assert again.objection()


def test_epochs_rise_beyond_what_a_machine_knows_of(claims: Claims) -> None:
    assert claims("one", before=41).open() == 42


def test_who_cannot_reach_kafka_sends_nothing_and_goes_on_when_it_is_back(kafka: KafkaServer, claims: Claims) -> None:
    lease = claims("one")
    lease.open()

    kafka.pause()
    try:
        time.sleep(1.5 * LEASE_S)
        assert "was not renewed in time" in lease.objection()
        assert lease.lost == ""
    finally:
        kafka.resume()

    until_s = time.monotonic() + 30
    while lease.objection() and time.monotonic() < until_s:
        time.sleep(0.1)
    assert lease.objection() == ""
    assert lease.epoch == 1


def test_a_forged_claim_is_no_claim(settings: KafkaSettings, topics: Topics, claims: Claims) -> None:
    value = msgspec.msgpack.encode(Claim("canary", 10_000, "an attacker", 1, False))
    wrong = Seal(Secret("another secret, of somebody else"), "profile").headers(topics.desks, value)

    async def forge() -> None:
        sender = Sender(settings, "attacker")
        await sender.deliver([Outgoing(topics.desks, 0, value, headers, b"canary") for headers in (wrong, [])])
        await sender.close()

    asyncio.run(forge())

    assert claims("one").open() == 1


def test_an_old_claim_that_is_written_again_gives_nothing_away(
    settings: KafkaSettings, topics: Topics, claims: Claims
) -> None:
    value = msgspec.msgpack.encode(Claim("canary", 1, "one", 9, True))
    once = Outgoing(topics.desks, 0, value, SEAL.headers(topics.desks, value), b"canary")

    async def replay() -> None:
        sender = Sender(settings, "attacker")
        await sender.deliver([once])
        await sender.close()

    asyncio.run(replay())
    assert (first := claims("two")).open() == 2
    asyncio.run(replay())

    with pytest.raises(LeaseHeld, match="'canary' is traded by two"):
        claims("three").open()
    assert first.objection() == "" and first.lost == ""


def test_topics_of_another_split_are_refused(settings: KafkaSettings, topics: Topics) -> None:
    with pytest.raises(RolesUnusable, match=r"has 1 partitions, expected roles\.parts 3"):
        asyncio.run(ensure(settings, 3))


def test_nobody_claims_what_kafka_does_not_tell_of(kafka: KafkaServer, topics: Topics) -> None:
    nowhere = KafkaSettings(brokers=("127.0.0.1:1",), env="x", security="plaintext", request_timeout_s=1.0)
    lease = Lease(nowhere, topics, SEAL, "canary", "one", LEASE_S, time.monotonic)

    with pytest.raises(LeaseUnsure, match="Kafka did not say who holds 'canary'"):
        lease.open()
    assert lease.objection()
