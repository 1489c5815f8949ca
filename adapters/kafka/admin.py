"""The brokers as an operator sees them: which topics there are, and new ones; nothing here deletes."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

from adapters.kafka.connection import KafkaUnusable, connection, library
from adapters.kafka.login import check_login
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import FoundTopic, WantedTopic

TOPIC_RESOURCE: Final = "TOPIC"
ALREADY_THERE: Final = 36


class KafkaAway(ConnectionError):
    """The brokers do not answer, or refuse us; exit code 75."""


class Admin:
    """Implements `adapters.kafka.topics.Cluster`; used as a context. Every call is bounded and may raise KafkaAway."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._library = library()
        self._client: Any = None

    async def __aenter__(self) -> Self:
        from aiokafka.admin import AIOKafkaAdminClient

        self._client = AIOKafkaAdminClient(**connection(self._settings, "keel-admin"))
        try:
            await self._bounded(self._client.start())
        except KafkaAway:
            await self._close()
            await check_login(self._settings)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._close()

    async def describe(self, names: Sequence[str]) -> dict[str, FoundTopic]:
        """Those of the topics that there are."""
        from aiokafka.admin.config_resource import ConfigResource

        told = await self._bounded(self._client.describe_topics(list(names)))
        there = {each["topic"]: len(each["partitions"]) for each in told if each["error_code"] == 0}
        resources = [ConfigResource(TOPIC_RESOURCE, name) for name in there]
        answers = await self._bounded(self._client.describe_configs(resources)) if resources else []
        configs = {each[3]: _config(each[4]) for answer in answers for each in answer.resources}
        return {name: FoundTopic(partitions=count, config=configs.get(name, {})) for name, count in there.items()}

    async def create(self, topics: Sequence[WantedTopic]) -> None:
        """Make topics that are not there; one that somebody else makes meanwhile is no error."""
        from aiokafka.admin import NewTopic

        wanted = [NewTopic(each.name, each.partitions, each.replicas, topic_configs=each.config) for each in topics]
        answer = await self._bounded(self._client.create_topics(wanted))
        refused = [row for row in answer.topic_errors if row[1] not in (0, ALREADY_THERE)]
        if refused:
            brokers = ", ".join(self._settings.brokers)
            reasons = [_reason(self._library.errors.for_code(row[1]).__name__) for row in refused]
            told = "".join(
                f"\n  {sum(each == reason for each in reasons)} because {reason}, "
                f"such as {refused[reasons.index(reason)][0]}"
                for reason in dict.fromkeys(reasons)
            )
            raise KafkaUnusable(f"Kafka at {brokers} did not make {len(refused)} of {len(topics)} topics:{told}")

    async def _bounded(self, call: Any) -> Any:
        try:
            async with asyncio.timeout(self._settings.send_timeout_s):
                return await call
        except (self._library.errors.KafkaError, TimeoutError, OSError) as error:
            brokers = ", ".join(self._settings.brokers)
            raise KafkaAway(f"Kafka at {brokers}: {str(error) or type(error).__name__}") from error

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(1.0):
                await self._client.close()
        except (TimeoutError, self._library.errors.KafkaError):
            return


_REASONS: Final = {
    "TopicAuthorizationFailedError": "this user may not: CREATE, DESCRIBE and DESCRIBE_CONFIGS are needed",
    "InvalidReplicationFactorError": "there are fewer brokers than kafka.replicas",
    "PolicyViolationError": "a policy of the cluster forbids it",
}


def _reason(error: str) -> str:
    """What the library's name of an error means here; the name itself where we know no better."""
    return _REASONS.get(error, error)


def _config(entries: Any) -> dict[str, str]:
    return {entry[0]: entry[1] for entry in entries if entry[1] is not None}
