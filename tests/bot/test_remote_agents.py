"""A whole bot with an agent elsewhere: it has a say while it lives, its death is silence, and a replay needs nobody."""

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import numpy as np
import pytest

from adapters.signals.memory import MemorySignals
from bot.system import System
from contracts import codec
from contracts.belief import SignalFrame, Slate
from contracts.decision import Selection, Verdict
from contracts.quantities import SECOND_NS
from contracts.remote import RemoteFrame, RemoteNews
from runtime.replay import Comparer, DecisionHash, Replay
from tests.kit.worlds import FEW_AGENTS, SYMBOLS, Run, TestWorld, a_profile, said, simulate

FAR = {"kind": "remote", "horizon_s": 600, "prior": 0.05, "label_s": 10, "age_s_max": 1.5}
LIVES_S = 12
DIES_S = 7
SHORT_S = 5


def with_an_agent_elsewhere(**changed):
    return a_profile(agents={**FEW_AGENTS, "far": FAR}, **changed)


def record(at_ns: int, symbol: str, **said) -> bytes:
    usual = {"agent": "far", "symbol": symbol, "mu": 0.0005, "sigma": 0.004, "horizon_s": 600, "said_ns": at_ns}
    return json.dumps(usual | said).encode()


def lived(*, until_s: int = DIES_S, seconds: int = LIVES_S, spoil=lambda data: (data,), **said) -> Run:
    """A run in which the agent speaks half a second after each second, until it dies."""
    profile = with_an_agent_elsewhere()
    source = MemorySignals()

    def speak(system) -> None:
        now_ns = system.clock.now()
        for symbol in SYMBOLS:
            for data in spoil(record(now_ns - SECOND_NS // 2, symbol, **said)):
                source.write(data, now_ns)

    acts: dict[float, Callable[[System], Any]] = {second + 0.5: speak for second in range(until_s)}
    return simulate(profile, seconds=seconds, world=TestWorld(profile, signals=source), acts=acts)


a_life = cache(lived)
undisturbed = cache(lambda: lived(until_s=0, seconds=SHORT_S))


def spoken(run: Run) -> list[tuple[float, bool]]:
    """Second and whether anything was believed, of each frame of the agent elsewhere."""
    return [
        (run.seconds(each.at_ns), bool(np.isfinite(each.payload.mu.values).any()))
        for each in run.of(SignalFrame)
        if each.payload.agent == "far"
    ]


def share(slate: Slate) -> float:
    """The weight of the agent elsewhere, summed over the instruments."""
    return float(np.nansum(np.abs(slate.weights.values[slate.agents.index("far")])))


def test_it_takes_part_in_the_blend_while_it_lives_and_is_silent_within_a_beat_of_its_death() -> None:
    run = a_life()
    assert len(run.of(RemoteFrame)) == DIES_S
    living = [second for second, believed in spoken(run) if believed]
    assert living[-1] == DIES_S and len(living) >= DIES_S - 1
    assert [second for second, believed in spoken(run) if not believed and second > 1] == [DIES_S + 1]
    slates = {run.seconds(each.at_ns): each.payload for each in run.of(Slate)}
    assert share(slates[float(DIES_S)]) > 0
    assert all(share(slate) == 0 for second, slate in slates.items() if second > DIES_S)
    assert max(slates) >= LIVES_S - 1 and all(np.isfinite(slates[LIVES_S - 1].mu.values))


def test_a_replay_needs_nobody_elsewhere() -> None:
    from bot.worlds import replayed_bus

    run = a_life()
    comparer = Comparer()
    player = Replay(comparer)
    player.run(replayed_bus(run.profile, comparer, player.now), run.records)
    assert comparer.exact and comparer.compared == len(run.records)


def hash_of(run: Run) -> str:
    found = DecisionHash()
    for each in run.envelopes:
        found.add(each.payload)
    return found.hexdigest()


def spoilt(data: bytes) -> tuple[bytes, ...]:
    """A record broken, of another agent, of another kind, said twice over, too sure, too large."""
    return (
        b"",
        b"\xff",
        data[:-1],
        data.replace(b"far", b"momentum"),
        codec.encode_json({"order": "buy"}),
        data.replace(b'"mu"', b'"mu": 1, "mu"'),
        data.replace(b'"sigma": 0.004', b'"sigma": 1e-300'),
        data.replace(b"0.0005", b"1e300"),
    )


def test_what_is_refused_decides_nothing() -> None:
    attacked = lived(until_s=SHORT_S, seconds=SHORT_S, spoil=spoilt)
    assert said(attacked, RemoteFrame) == [] and said(attacked, RemoteNews)
    assert len(said(attacked, Selection)) >= SHORT_S - 1 and hash_of(attacked) == hash_of(undisturbed())


class Hanging(MemorySignals):
    """A source that never answers who asks for a connection."""

    @asynccontextmanager
    async def connect(self):
        await asyncio.Event().wait()
        yield


@pytest.mark.parametrize(
    ("source", "acts"),
    [
        (Hanging, {}),
        (MemorySignals, {1.5: lambda source: source.lose("gone"), 3.5: lambda source: source.heal()}),
        (MemorySignals, {2.5: lambda source: [source.write(b"x", 1) for _ in range(20_000)]}),
    ],
    ids=["hung", "lost and found", "flooded"],
)
def test_whatever_becomes_of_the_source_decisions_are_the_same(source, acts) -> None:
    """I23, for the one thing of Kafka that a daemon reads."""
    profile, signals = with_an_agent_elsewhere(), source()
    done: dict[float, Any] = {second: lambda _, act=act: act(signals) for second, act in acts.items()}
    run = simulate(profile, seconds=SHORT_S, world=TestWorld(profile, signals=signals), acts=done)
    assert hash_of(run) == hash_of(undisturbed())


@pytest.mark.parametrize("sigma", [0.0005, 0.03])
def test_a_hostile_agent_stays_within_the_limits_of_the_gate(sigma: float) -> None:
    """The largest claim it can make, and as sure or as unsure as it can be."""
    run = lived(until_s=SHORT_S, seconds=SHORT_S, mu=1.5 * sigma, sigma=sigma, score=3)
    for verdict in said(run, Verdict):
        assert not verdict.cvar_after > verdict.cvar_max
    for frame in said(run, SignalFrame):
        if frame.agent == "far":
            known = np.isfinite(frame.mu.values)
            assert (np.abs(frame.mu.values[known]) <= 0.3 * frame.sigma.values[known] * (1 + 1e-9)).all()


def test_a_profile_without_agents_elsewhere_listens_to_nobody() -> None:
    run = simulate(a_profile(), seconds=2)
    assert "remote_signals" not in run.system.gateways
