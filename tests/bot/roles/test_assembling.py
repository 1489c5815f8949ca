"""Roles put together in one process, on a stream in memory, in virtual time: they decide what one process decides."""

from functools import cache

import msgspec
import numpy as np
import pytest

from bot.assemble import Hooks, assemble
from bot.configuration import BadConfiguration
from bot.profile import Profile
from bot.roles.assembling import check_role, sharded
from bot.settings import StrategyProfile
from bot.worlds import replayed_bus
from contracts.belief import FeatureFrame, SignalFrame
from contracts.market import Tick
from contracts.stream import PartFrames, ShardFrames
from contracts.topics import DECISIVE
from runtime.replay import Comparer, Replay
from tests.kit.roles import as_stream, blocks_of, desk_of, hash_of, mixed, said_by_parts, simulate_desk
from tests.kit.worlds import Run, TestWorld, a_profile, said, simulate

SECONDS = 12.0


def split_into(parts: int) -> Profile:
    return a_profile(roles__parts=parts)


@cache
def alone() -> Run:
    """One process."""
    return simulate(split_into(2), seconds=SECONDS)


@cache
def desk() -> Run:
    """A desk that hears everything in a mixed order, some of it twice."""
    profile, blocks = split_into(2), blocks_of(as_stream(alone()))
    return simulate_desk(profile, mixed(blocks, said_by_parts(profile, blocks)), seconds=SECONDS)


def without(frames: list[PartFrames], part: int, first_s: float, last_s: float) -> list[PartFrames]:
    """What is left where a part dies for some beats, one a second."""
    of_part = [each for each in frames if each.part == part]
    gone = of_part[int(first_s) : int(last_s)]
    return [each for each in frames if each not in gone]


def market_of(run: Run, until_s: float) -> bytes:
    """All that feeds and beats said until then, as bytes: a difference of them is not printed in full."""
    told = [each for each in as_stream(run) if run.seconds(each.at_ns) < until_s and each.source != "process"]
    return b"".join(each.type.encode() + each.payload for each in told)


@pytest.mark.numbers
def test_a_desk_on_a_stream_decides_what_one_process_decides() -> None:
    decisive = [each for each in desk().envelopes if isinstance(each.payload, DECISIVE)]

    assert len(decisive) > 2 * SECONDS - 4, "a hash of nothing proves nothing"
    assert hash_of(desk()) == hash_of(alone())
    assert [each.at_ns for each in decisive] == [
        each.at_ns for each in alone().envelopes if isinstance(each.payload, DECISIVE)
    ]


@pytest.mark.parametrize("parts", [1, 4])
def test_into_however_many_parts_the_agents_are_split(parts: int) -> None:
    profile, blocks = split_into(parts), blocks_of(as_stream(alone()))

    run = simulate_desk(profile, mixed(blocks, said_by_parts(profile, blocks), seed=parts), seconds=SECONDS)

    assert hash_of(run) == hash_of(alone())


def test_a_desk_hears_the_features_and_signals_of_one_process() -> None:
    for kind in (FeatureFrame, SignalFrame):
        here = [msgspec.structs.replace(each, based_on=()) for each in said(desk(), kind)]
        assert here == [msgspec.structs.replace(each, based_on=()) for each in said(alone(), kind)]


def test_the_run_of_a_desk_is_replayed_to_the_byte_without_a_stream() -> None:
    comparer = Comparer()
    player = Replay(comparer)
    player.run(replayed_bus(desk_of(split_into(2)), comparer, player.now), desk().records)

    assert comparer.exact
    assert comparer.compared == len(desk().records)
    assert comparer.hash.hexdigest() == hash_of(alone())


def test_who_takes_a_part_over_says_what_its_predecessor_said() -> None:
    profile, blocks = split_into(2), blocks_of(as_stream(alone()))

    assert said_by_parts(profile, blocks) == said_by_parts(profile, blocks)


def test_a_part_that_is_late_is_silent_and_decisions_go_on() -> None:
    profile, blocks = split_into(2), blocks_of(as_stream(alone()))
    frames = said_by_parts(profile, blocks)

    run = simulate_desk(profile, [*blocks, *without(frames, 1, 4, 7)], seconds=SECONDS)

    late = [each.late for each in said(run, ShardFrames)]
    assert [each for each in late if each] == [("reversion",)] * 3
    silenced = [each for each in said(run, SignalFrame) if each.agent == "reversion"]
    assert any(np.isnan(each.sigma.values).all() for each in silenced)
    assert len(run.of(DECISIVE[0])) == len(alone().of(DECISIVE[0])), "one selection a second"


def test_an_ingest_has_nobody_who_thinks() -> None:
    profile = msgspec.structs.replace(split_into(2), role="ingest")
    run = simulate(profile, seconds=3, world=TestWorld(profile))

    assert run.of(Tick)
    assert all(record.outside for record in run.records)
    ours, theirs = market_of(alone(), 2.9), market_of(run, 2.9)
    assert len(theirs) > 50
    assert ours == theirs, "the stream of an ingest is the market that one process hears"


def test_agents_of_other_processes_are_heard_by_the_desk_itself() -> None:
    remote = {"kind": "remote", "horizon_s": 900, "prior": 0.0, "label_s": 14}
    profile = a_profile(agents__elsewhere=remote)

    assert sharded(profile) == ("momentum", "reversion", "order_flow")
    cells = assemble(desk_of(profile), TestWorld(profile).outside(), Hooks()).bus.cells
    assert {cell.name: cell.actor_type.__name__ for cell in cells}["elsewhere"] == "Remote"


def test_a_strategy_cannot_be_split() -> None:
    profile = msgspec.structs.replace(split_into(1), role="desk", strategy=StrategyProfile(name="buy_and_hold"))

    with pytest.raises(BadConfiguration, match="a strategy decides as one process"):
        check_role(profile)
