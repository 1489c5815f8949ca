"""What every role needs of Kafka: the settings, the topics of the book, and the secret that proves a record."""

import asyncio

import msgspec

from adapters.kafka.role_topics import Topics, ensure
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.stream_records import Seal
from adapters.secret_store import read_secret
from bot.configuration import BadConfiguration
from bot.profile import Profile


class Wires(msgspec.Struct, frozen=True):
    """What every role needs of Kafka: its settings, the topics of the book, what proves a record."""

    kafka: KafkaSettings
    topics: Topics
    seal: Seal


def wired(profile: Profile) -> Wires:
    """Reach Kafka as a role does.

    Raises BadConfiguration for what is missing or too short, RolesUnusable, SecretUnreadable, KafkaUnusable and
    BrokersAway.
    """
    problems = []
    if profile.kafka is None:
        problems.append("kafka has no brokers; roles speak over Kafka, add a section [kafka]")
    if not profile.roles.key:
        problems.append("roles.key is empty; name the secret that proves who wrote a record, as env:NAME or file:PATH")
    if profile.kafka is None or problems:
        raise BadConfiguration(f"profile {profile.name!r}", problems)
    kafka = profile.kafka
    kafka.refuse_plaintext(profile.world)
    seal = _seal_of(profile)
    return Wires(kafka, asyncio.run(ensure(kafka, profile.roles.parts)), seal)


def _seal_of(profile: Profile) -> Seal:
    key = read_secret(profile.roles.key)
    try:
        return Seal(key, book_of(profile))
    except ValueError as error:
        raise BadConfiguration(f"profile {profile.name!r}", [f"{error} ({profile.roles.key})"]) from error


def book_of(profile: Profile) -> str:
    """What all roles of one book have in common, and no other book: who is which role is no part of it."""
    orders = msgspec.structs.replace(profile.orders, dry_run=False)
    return msgspec.structs.replace(profile, role="all", orders=orders).digest
