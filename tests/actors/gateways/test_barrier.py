from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.gateways import barrier as module
from actors.gateways.barrier import Barrier, split
from contracts.belief import FeatureFrame, SignalFrame
from contracts.column import floats
from contracts.stream import PartFrames, StreamPosition

AGENTS = ("momentum", "reversion", "flow", "pairs", "macro")
RUN = "a"


def signal(agent: str) -> SignalFrame:
    column = floats([0.5, 1.0])
    return SignalFrame(agent, 1, 60.0, column, column, column, column, "", (7,))


def features() -> FeatureFrame:
    return FeatureFrame(1, "schema", floats([[1.0, 2.0]]), (), (3,))


def said(part: int, *, parts: int = 3, seq: int = 10, run: str = RUN, **changed: Any) -> PartFrames:
    agents = split(AGENTS, parts)[part] if 0 <= part < parts else ()
    fields: dict[str, Any] = {
        "run": run,
        "seq": seq,
        "at_ns": 10 * seq,
        "part": part,
        "parts": parts,
        "features": features() if part == 0 else None,
        "signals": tuple(signal(agent) for agent in agents),
    }
    return PartFrames(**(fields | changed))


def at(seq: int = 10) -> StreamPosition:
    return StreamPosition(RUN, seq, 4)


@given(st.integers(1, 12), st.lists(st.sampled_from(AGENTS), unique=True))
def test_every_agent_is_in_exactly_one_part_and_parts_differ_by_one_at_most(parts: int, agents: list[str]) -> None:
    dealt = split(tuple(agents), parts)

    assert len(dealt) == parts
    assert sorted(agent for part in dealt for agent in part) == sorted(agents)
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


def test_no_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="parts was 0, expected at least 1"):
        split(AGENTS, 0)


@given(st.permutations([*range(3), 0, 2]), st.permutations([*range(3), 1]))
def test_in_whatever_order_parts_speak_the_same_is_put_together(first: list[int], second: list[int]) -> None:
    def closed(order: list[int]) -> Any:
        barrier = Barrier(AGENTS, 3)
        for part in order:
            barrier.hear(said(part))
        return barrier.close(at(), 100, 5)

    assert closed(first) == closed(second)
    assert tuple(each.agent for each in closed(first).signals) == AGENTS
    assert closed(first).late == ()
    assert closed(first).features == features()
    assert (closed(first).stream, closed(first).epoch, closed(first).seq, closed(first).beat) == (RUN, 4, 10, 5)


def test_who_has_not_spoken_is_late_and_named() -> None:
    barrier = Barrier(AGENTS, 3)
    barrier.hear(said(1))
    assert barrier.missing(RUN, 10, 100) == (0, 2)

    frames = barrier.close(at(), 100, 5)

    assert frames.late == ("momentum", "flow", "pairs")
    assert frames.features is None
    assert [each.agent for each in frames.signals] == ["reversion", "macro"]


def test_what_comes_too_late_is_of_no_later_beat() -> None:
    barrier = Barrier(AGENTS, 3)
    barrier.close(at(10), 100, 5)
    barrier.hear(said(0, seq=10))

    assert barrier.counts.late == 1
    assert barrier.missing(RUN, 20, 200) == (0, 1, 2)


def test_a_shard_ahead_of_the_desk_is_heard_when_its_beat_comes() -> None:
    barrier = Barrier(AGENTS, 1)
    for seq in (30, 10, 20):
        barrier.hear(said(0, parts=1, seq=seq))

    assert [barrier.close(at(seq), 10 * seq, 1).late for seq in (10, 20, 30)] == [(), (), ()]


def test_a_beat_that_was_passed_over_leaves_nothing_behind() -> None:
    barrier = Barrier(AGENTS, 1)
    barrier.hear(said(0, parts=1, seq=10))
    barrier.pass_over(100)
    barrier.hear(said(0, parts=1, seq=10))

    assert barrier.counts.late == 1


def test_frames_of_a_run_that_is_over_are_late() -> None:
    barrier = Barrier(AGENTS, 1)
    barrier.close(StreamPosition("a", 10, 1), 100, 1)
    barrier.close(StreamPosition("b", 3, 2), 500, 1)
    barrier.hear(said(0, parts=1, seq=40, run="a"))

    assert barrier.counts.late == 1


@pytest.mark.parametrize(
    "strange",
    [
        said(0, parts=2),
        said(5),
        said(-1),
        said(0, signals=(signal("reversion"),)),
        said(0, signals=(signal("somebody"),)),
    ],
    ids=["another split", "no such part", "a part below all", "an agent of another part", "an agent of nobody"],
)
def test_who_speaks_for_others_is_not_heard(strange: PartFrames) -> None:
    barrier = Barrier(AGENTS, 3)
    barrier.hear(strange)

    assert barrier.counts.strange == 1
    assert barrier.close(at(), 100, 1).signals == ()


def test_what_is_said_twice_counts_once() -> None:
    barrier = Barrier(AGENTS, 3)
    barrier.hear(said(1))
    barrier.hear(said(1, signals=()))

    assert barrier.counts.twice == 1
    assert len(barrier.close(at(), 100, 1).signals) == 2


def test_of_beats_to_come_no_more_is_kept_than_memory_bears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EARLY_MAX", 2)
    barrier = Barrier(AGENTS, 1)
    for seq in (10, 20, 30):
        barrier.hear(said(0, parts=1, seq=seq))
    assert barrier.counts.forgotten == 1

    barrier.close(at(10), 100, 1)
    barrier.hear(said(0, parts=1, seq=30))

    assert barrier.missing(RUN, 30, 300) == ()


def test_what_was_said_in_another_life_of_a_run_answers_no_beat_of_this_one() -> None:
    barrier = Barrier(AGENTS, 1)
    barrier.hear(said(0, parts=1, seq=10, at_ns=40))
    barrier.hear(said(0, parts=1, seq=10, at_ns=140))
    assert barrier.missing(RUN, 10, 100) == (0,)

    barrier.hear(said(0, parts=1, seq=10, at_ns=100, features=None))

    assert barrier.close(at(), 100, 1).features is None


def test_a_run_that_begins_anew_under_the_same_name_is_heard() -> None:
    barrier = Barrier(AGENTS, 1)
    barrier.close(at(500), 5_000, 1)
    barrier.hear(said(0, parts=1, seq=10, at_ns=6_000))

    assert barrier.close(at(10), 6_000, 1).late == ()


def test_frames_of_runs_that_nobody_follows_leave_room_for_those_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EARLY_MAX", 2)
    barrier = Barrier(AGENTS, 1)
    for seq in (1, 2, 3):
        barrier.hear(said(0, parts=1, seq=seq, run="long ago"))
    barrier.close(at(10), 100, 1)
    barrier.hear(said(0, parts=1, seq=20))

    assert barrier.missing(RUN, 20, 200) == ()
