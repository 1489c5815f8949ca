"""The topics that there should be follow from the table, and what there is is held against them."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from adapters.kafka import topics
from adapters.kafka.admin import Admin, KafkaAway
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import FoundTopic, WantedTopic, apply, differences, wanted
from contracts.topics import TABLE
from tests.kit.virtual_time import on_a_real_loop

SETTINGS = KafkaSettings(brokers=("127.0.0.1:9",), env="test", security="plaintext", partitions=4, send_timeout_s=10)


class Cluster:
    """Brokers that tell of a new topic only when they were asked again."""

    def __init__(self) -> None:
        self.topics: dict[str, FoundTopic] = {}
        self.fresh: dict[str, FoundTopic] = {}

    async def describe(self, names: Sequence[str]) -> dict[str, FoundTopic]:
        told = {name: self.topics[name] for name in names if name in self.topics}
        self.topics |= self.fresh
        return told

    async def create(self, made: Sequence[WantedTopic]) -> None:
        self.fresh |= {each.name: as_found(each) for each in made}


def as_found(topic: WantedTopic, **changed: Any) -> FoundTopic:
    found = FoundTopic(partitions=topic.partitions, config=topic.config | {"segment.bytes": "1"})
    return msgspec.structs.replace(found, **changed)


def by_name() -> dict[str, WantedTopic]:
    return {topic.name.removeprefix("keel.test."): topic for topic in wanted(SETTINGS)}


def test_every_topic_of_the_table_is_wanted_and_three_more() -> None:
    assert by_name().keys() == {topic.name for topic in TABLE} | {"agents.signals", "journal.heads", "schemas"}


def test_what_is_keyed_by_instrument_is_spread_and_all_of_it_alike() -> None:
    spread = {name for name, topic in by_name().items() if topic.partitions > 1}

    assert {"market.tick", "market.marks", "belief.signals", "decision.intent"} <= spread
    assert {topic.partitions for name, topic in by_name().items() if name in spread} == {4}
    assert not {"life.beat", "trade.order", "decision.state", "journal.heads"} & spread


def test_states_are_compacted_after_days_in_which_all_of_them_are_there() -> None:
    config = by_name()["decision.state"].config

    assert config["cleanup.policy"] == "compact"
    assert int(config["min.compaction.lag.ms"]) == topics.DAYS * topics.DAY_MS
    assert by_name()["market.tick"].config["cleanup.policy"] == "delete"
    assert by_name()["belief.signals"].config["cleanup.policy"] == "delete", "twelve agents share the keys"


def test_heads_are_kept_for_ever() -> None:
    assert by_name()["journal.heads"].config["retention.ms"] == "-1"


def test_what_differs_is_named_with_both_sides() -> None:
    tick, trade, state, *rest = wanted(SETTINGS)
    found = {
        tick.name: as_found(tick, partitions=2),
        trade.name: as_found(trade, config={**trade.config, "retention.ms": "1"}),
        **{each.name: as_found(each, partitions=64) for each in rest},
    }

    told = differences((tick, trade, state, *rest), {**found, tick.name: as_found(tick, partitions=0)})

    assert [(row.topic, row.missing, row.what) for row in told] == [
        (tick.name, False, "partitions"),
        (trade.name, False, next(key for key in trade.config if found[trade.name].config[key] != trade.config[key])),
        (state.name, True, ""),
    ]


async def test_apply_creates_what_is_missing_and_waits_until_it_is_told() -> None:
    cluster = Cluster()

    assert await apply(cluster, SETTINGS) == ()
    assert len(cluster.topics) == len(wanted(SETTINGS))


async def test_apply_changes_nothing_that_is_there() -> None:
    cluster = Cluster()
    first = wanted(SETTINGS)[0]
    cluster.topics[first.name] = other = as_found(first, partitions=0)

    left = await apply(cluster, SETTINGS)

    assert [(row.topic, row.what) for row in left] == [(first.name, "partitions")]
    assert cluster.topics[first.name] == other


@on_a_real_loop
async def test_brokers_that_are_away_are_told_by_their_address() -> None:
    nobody = KafkaSettings(brokers=("127.0.0.1:1",), env="test", security="plaintext")

    with pytest.raises(KafkaAway, match=r"127\.0\.0\.1:1"):
        async with Admin(nobody):
            pass
