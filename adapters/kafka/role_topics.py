"""The topics of roles: made where they are missing, refused where they were made for another split."""

import asyncio
from typing import Any, Final

from adapters.kafka.connection import BrokersAway, connection, library
from adapters.kafka.login import check_login
from adapters.kafka.sender import ROLES_BYTES_MAX
from adapters.kafka.settings import KafkaSettings, topic_name
from adapters.kafka.stream_records import DESKS, SHARDS, STREAM

RETENTION_MS: Final = 7 * 86_400_000
"""A week: what a part must hear to become what another was."""

COMPACTED: Final = {
    "cleanup.policy": "compact",
    "segment.ms": "600000",
    "min.cleanable.dirty.ratio": "0.1",
    "max.message.bytes": "65536",
}
"""Of claims only the newest of each account matters, and whoever starts reads them all."""

ADMIN_S: Final = 20.0


class RolesUnusable(Exception):
    """The topics of roles are not those of this split, cannot be made, or say nothing; exit code 4."""


class Topics:
    """The names of the topics of one environment."""

    def __init__(self, env: str) -> None:
        self.stream = topic_name(env, STREAM)
        self.shards = topic_name(env, SHARDS)
        self.desks = topic_name(env, DESKS)


async def ensure(settings: KafkaSettings, parts: int) -> Topics:
    """Make the topics that are missing.

    Raises RolesUnusable where the shards' has another number of partitions, KafkaUnusable where we are not let in,
    BrokersAway where nobody answers.
    """
    topics, kafka = Topics(settings.env), library()
    admin_client: Any = __import__("aiokafka.admin", fromlist=["AIOKafkaAdminClient"])
    admin = admin_client.AIOKafkaAdminClient(**connection(settings, "keel-roles"))
    try:
        async with asyncio.timeout(ADMIN_S):
            await admin.start()
            wanted = [
                admin_client.NewTopic(name, partitions, settings.replicas, topic_configs=options)
                for name, partitions, options in _wanted(topics, parts)
            ]
            there = set(await admin.list_topics())
            for topic in wanted:
                if topic.name not in there:
                    await _make(admin, topic)
            found = await admin.describe_topics([topics.shards])
            partitions = len(found[0]["partitions"])
    except (TimeoutError, OSError, kafka.errors.KafkaError) as error:
        await check_login(settings)
        told = str(error) or f"no answer within {ADMIN_S:g} s"
        brokers = ", ".join(settings.brokers)
        raise BrokersAway(f"Kafka at {brokers} could not be asked for the topics of roles: {told}") from error
    finally:
        await _let_go(admin)
    if partitions != parts:
        raise RolesUnusable(
            f"{topics.shards} has {partitions} partitions, expected roles.parts {parts}: "
            "the agents of a running book are not split anew; use another kafka.env, or delete the topic"
        )
    return topics


def _wanted(topics: Topics, parts: int) -> list[tuple[str, int, dict[str, str]]]:
    bulky = {
        "retention.ms": str(RETENTION_MS),
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(ROLES_BYTES_MAX),
    }
    return [
        (topics.stream, 1, bulky),
        (topics.shards, parts, bulky),
        (topics.desks, 1, COMPACTED),
    ]


async def _make(admin: Any, topic: Any) -> None:
    answer = await admin.create_topics([topic])
    for name, code, *_ in getattr(answer, "topic_errors", ()):
        if code not in (0, 36):  # 36: another role was quicker
            reason = library().errors.for_code(code).__name__
            raise RolesUnusable(
                f"Kafka did not make {name}: {reason}; give this user CREATE on the topics of its prefix, "
                "or have somebody start a role who may, once"
            )


async def _let_go(admin: Any) -> None:
    try:
        async with asyncio.timeout(2.0):
            await admin.close()
    except (TimeoutError, OSError):
        return
