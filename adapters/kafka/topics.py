"""The topics that there should be on Kafka, those that there are, and the difference, which may be created."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from adapters.kafka.settings import KafkaSettings, topic_name
from contracts.remote import INBOUND
from contracts.topics import BULK, TABLE, Topic

HEADS: Final = "journal.heads"
"""The topic of the hash chain's heads: with one, a journal that was cut or made again is told later."""

SCHEMAS: Final = "schemas"
"""The topic of the messages' schemas, one record for each version, under `Type@version`."""

DAY_MS: Final = 86_400_000
BULK_DAYS: Final = 7
DAYS: Final = 30
SETTLE_POLLS: Final = 50
SETTLE_POLL_S: Final = 0.2
ROOM_BYTES: Final = 65_536
"""What a batch may have beside one record of the greatest size: keys, headers, its own head."""


class WantedTopic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic as it should be; `config` names what must be as it is said here."""

    name: str
    partitions: int
    replicas: int
    config: dict[str, str]


class FoundTopic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic as the cluster has it."""

    partitions: int
    config: dict[str, str]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Between what should be and what is: a topic that is `missing`, or what is another `as_found`."""

    topic: str
    missing: bool
    what: str = ""
    wanted: str = ""
    found: str = ""


class Cluster(Protocol):
    """The brokers as `bot topics` needs them."""

    async def describe(self, names: Sequence[str]) -> dict[str, FoundTopic]:
        """Those of the topics that there are."""

    async def create(self, topics: Sequence[WantedTopic]) -> None:
        """Make topics that are not there."""


def wanted(settings: KafkaSettings) -> tuple[WantedTopic, ...]:
    """Every topic of the table, that of remote agents, that of the heads, and that of the schemas."""
    table = [_of_table(settings, topic) for topic in TABLE]
    heads = _topic(settings, HEADS, 1, {"cleanup.policy": "delete", "retention.ms": "-1"})
    inbound = _topic(settings, INBOUND, settings.partitions, _for_days(1))
    return (*table, inbound, heads, schemas_topic(settings))


def schemas_topic(settings: KafkaSettings) -> WantedTopic:
    """The topic that says what the records of all others mean."""
    return _topic(settings, SCHEMAS, 1, {"cleanup.policy": "compact"})


def differences(topics: Sequence[WantedTopic], found: Mapping[str, FoundTopic]) -> tuple[Difference, ...]:
    """What is missing, and what is there in another way than it should be; more partitions than wanted are well."""
    rows: list[Difference] = []
    for topic in topics:
        there = found.get(topic.name)
        if there is None:
            rows.append(Difference(topic=topic.name, missing=True, wanted=described(topic)))
            continue
        if there.partitions < topic.partitions:
            rows.append(_other(topic, "partitions", str(topic.partitions), str(there.partitions)))
        for key, value in topic.config.items():
            if there.config.get(key) != value:
                rows.append(_other(topic, key, value, there.config.get(key, "not told")))
    return tuple(rows)


def described(topic: WantedTopic) -> str:
    """A topic in a few words."""
    config = ", ".join(f"{key}={value}" for key, value in topic.config.items())
    return f"{topic.partitions} partitions, {topic.replicas} replicas, {config}"


async def apply(cluster: Cluster, settings: KafkaSettings) -> tuple[Difference, ...]:
    """Create what is missing and nothing else; returns what still differs.

    What was made just now is looked for until the brokers tell of it, for some seconds.
    """
    topics = wanted(settings)
    names = [topic.name for topic in topics]
    found = await cluster.describe(names)
    missing = [topic for topic in topics if topic.name not in found]
    if missing:
        await cluster.create(missing)
        for _ in range(SETTLE_POLLS):
            found = await cluster.describe(names)
            if len(found) == len(names):
                break
            await asyncio.sleep(SETTLE_POLL_S)
    return differences(topics, found)


def _of_table(settings: KafkaSettings, topic: Topic) -> WantedTopic:
    days = BULK_DAYS if topic.payload in BULK else DAYS
    partitions = settings.partitions if topic.by_instrument else 1
    if topic.is_state:
        # Compacted, but not before a reader had those days for all of it.
        config = {"cleanup.policy": "compact", "min.compaction.lag.ms": str(days * DAY_MS)}
    else:
        config = _for_days(days)
    return _topic(settings, topic.name, partitions, config)


def _for_days(days: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(days * DAY_MS)}


def _topic(settings: KafkaSettings, name: str, partitions: int, config: dict[str, str]) -> WantedTopic:
    size = {"max.message.bytes": str(settings.record_bytes_max + ROOM_BYTES)}
    return WantedTopic(
        name=topic_name(settings.env, name), partitions=partitions, replicas=settings.replicas, config=config | size
    )


def _other(topic: WantedTopic, what: str, wanted: str, found: str) -> Difference:
    return Difference(topic=topic.name, missing=False, what=what, wanted=wanted, found=found)
