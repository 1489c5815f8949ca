"""An agent in a process of its own says what it would say inside, whatever order its topics come in."""

import json
from functools import cache

import msgspec
import numpy as np
import pytest

from actors.agents.breakout import Breakout
from actors.agents.ofi import Ofi
from actors.agents.settings import AgentSettings
from actors.gateways.remote_door import Door
from actors.gateways.remote_signals import RemoteCounts, RemoteSettings
from adapters.kafka.reading import Assembler, Heard
from adapters.kafka.records import Recorder
from bot.configuration import BadConfiguration
from bot.remote_agents.life import AgentLife
from bot.remote_agents.ordering import Ordering
from contracts.belief import FeatureFrame, SignalFrame
from contracts.market import UniverseChanged
from contracts.remote import RemoteSignal
from contracts.topics import topic_of
from contracts.wire import RawSignal
from tests.kit.worlds import FEW_AGENTS, Run, a_profile, simulate

SETTINGS = AgentSettings(name="order_flow", horizon_s=1800, prior=0.08, label_s=28)
SECONDS = 12


@cache
def a_run() -> Run:
    return simulate(a_profile(agents=FEW_AGENTS), seconds=SECONDS)


@cache
def mirrored(life_topics: tuple[str, ...], run: str = "canary/canary-000001") -> tuple[Heard, ...]:
    """What a mirror wrote of those topics, put together again."""
    recorder, assembler = Recorder(run), Assembler()
    found = [
        assembler.add(record.topic, record.value, record.headers)
        for envelope in a_run().envelopes
        if topic_of(envelope.payload).name in life_topics
        for record in recorder.of_envelope(envelope)
    ]
    return tuple(each for each in found if each is not None)


def spoken(heard, life: AgentLife) -> dict[int, tuple[RemoteSignal, ...]]:
    """Rows by the features they answer, told in that order of arrival."""
    ordering = Ordering()
    said = {}
    for each in heard:
        for ready in ordering.add(each, each.at_ns):
            rows = life.hear(ready)
            if rows:
                said[rows[0].based_on] = rows
    return said


def test_it_says_elsewhere_what_it_would_say_inside() -> None:
    life = AgentLife(Ofi, SETTINGS, "1")
    said = spoken(mirrored(life.topics), life)
    inside = {
        each.payload.based_on[0]: each.payload for each in a_run().of(SignalFrame) if each.payload.agent == "order_flow"
    }
    assert len(said) == life.beats >= SECONDS - 2
    for seq, rows in said.items():
        frame = inside[seq]
        known = np.isfinite(frame.score.values)
        np.testing.assert_array_equal([each.score for each in rows], frame.score.values[known])
        np.testing.assert_allclose([each.sigma for each in rows], frame.sigma.values[known], rtol=1e-12)
        np.testing.assert_allclose([each.mu for each in rows], frame.mu.values[known], rtol=1e-9, atol=1e-15)
        assert {each.number for each in rows} == {seq}


def test_the_order_of_the_partitions_changes_nothing() -> None:
    life = AgentLife(Breakout, SETTINGS, "1")
    straight = mirrored(life.topics)
    by_topic = sorted(straight, key=lambda each: (each.turn, each.type == "MarkFrame", each.type))
    assert list(by_topic) != list(straight)
    assert spoken(by_topic, AgentLife(Breakout, SETTINGS, "1")) == spoken(straight, life)


def test_a_second_copy_of_everything_changes_nothing() -> None:
    life = AgentLife(Ofi, SETTINGS, "1")
    straight = mirrored(life.topics)
    assert spoken([each for each in straight for _ in "ab"], AgentLife(Ofi, SETTINGS, "1")) == spoken(straight, life)


def test_what_it_writes_is_taken_at_the_door() -> None:
    life = AgentLife(Ofi, SETTINGS, "1")
    said = spoken(mirrored(life.topics), life)
    rows = said[max(said)]
    counts = RemoteCounts()
    door = Door(RemoteSettings(), {"order_flow": SETTINGS}, counts)
    (universe,) = (each.payload.universe for each in a_run().of(UniverseChanged))
    door.know(universe)
    (frame,) = door.take([RawSignal(msgspec.json.encode(each), each.said_ns) for each in rows], rows[0].said_ns)
    assert counts.refused == {} and int(np.isfinite(frame.mu.values).sum()) == len(rows)


def test_another_run_is_another_life() -> None:
    life = AgentLife(Ofi, SETTINGS, "1")
    later = [
        msgspec.structs.replace(each, at_ns=each.at_ns + 10**12)
        for each in mirrored(life.topics, "canary/canary-000002")
    ]
    said = spoken((*mirrored(life.topics), *later), life)
    assert life.run == "canary/canary-000002"
    assert said[max(said)][0].sender == "canary/canary-000002/1"


def test_features_that_are_digests_are_told_with_what_to_do() -> None:
    life = AgentLife(Ofi, SETTINGS, "1")
    (first, *_) = (each for each in mirrored(life.topics) if each.type == FeatureFrame.__name__)
    with pytest.raises(BadConfiguration, match=r'journal\.full = \["belief\.features"\]'):
        life.hear(msgspec.structs.replace(first, recorded="digest", payload=b""))


def test_features_of_another_version_are_told() -> None:
    life = AgentLife(Ofi, SETTINGS, "1")
    (first, *_) = (each for each in mirrored(life.topics) if each.type == FeatureFrame.__name__)
    other = msgspec.msgpack.encode(msgspec.msgpack.decode(first.payload) | {"schema": "other"})
    with pytest.raises(BadConfiguration, match="run the daemon's version"):
        life.hear(msgspec.structs.replace(first, payload=other))


def test_a_row_is_plain_json() -> None:
    life = AgentLife(Ofi, SETTINGS, "7")
    said = spoken(mirrored(life.topics), life)
    row = json.loads(msgspec.json.encode(said[max(said)][0]))
    assert {"agent", "symbol", "mu", "sigma", "horizon_s", "confidence", "score", "said_ns"} <= set(row)
