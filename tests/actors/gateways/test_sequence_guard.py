"""The guard finds every drop, duplicate and swap at once, and never cries on a clean stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.gateways.sequence_guard import SequenceGuard
from contracts.wire import Sequence


def consecutive(number, *, first=0, stream="*"):
    return Sequence(stream, "consecutive", first, number)


def spot(first, last, stream="BTC@depth"):
    return Sequence(stream, "chain", first, last)


def usdm(first, last, previous, stream="BTC@depth"):
    return Sequence(stream, "chain", first, last, previous)


def snapshot(number, stream="BTC@depth"):
    return Sequence(stream, "snapshot", number, number)


def judged(*sequences, guard=None, waiting_max=100):
    guard = guard or SequenceGuard(waiting_max)
    return [guard.judge(sequence, sequence) for sequence in sequences]


def answers(*sequences, **more):
    return [verdict.answer for verdict in judged(*sequences, **more)]


def chain_of(steps, start, *, futures):
    """A clean chain: each frame covers the next `step` updates; futures skip numbers between frames."""
    frames, last = [], start
    for step in steps:
        first = last + 1 + (step % 3 if futures else 0)
        frames.append(usdm(first, first + step, last) if futures else spot(first, first + step))
        last = first + step
    return frames


STEPS = st.lists(st.integers(0, 5), min_size=6, max_size=40)


def test_a_stream_that_counts_from_its_beginning_may_not_begin_later():
    (verdict,) = judged(consecutive(3))
    assert verdict[:3] == ("gap", 0, 3)


def test_a_stream_without_a_known_beginning_may_begin_anywhere():
    assert answers(consecutive(70, first=70), consecutive(71, first=71)) == ["next", "next"]


def test_streams_are_counted_apart():
    assert answers(consecutive(0), consecutive(9, first=9, stream="t"), consecutive(1)) == ["next", "next", "next"]


@given(st.integers(1, 60), st.data())
def test_any_drop_from_a_counted_stream_is_found_at_once_and_named(count, data):
    """Law: the first frame after any number of missing ones is a gap that names what was expected."""
    first = data.draw(st.integers(0, count - 1))
    dropped = data.draw(st.integers(1, 10))
    numbers = [number for number in range(count + 10) if not first <= number < first + dropped]

    verdicts = judged(*map(consecutive, numbers))

    for number, verdict in zip(numbers, verdicts):
        expected = ("gap", first, number) if number == first + dropped else ("next", 0, 0)
        assert verdict[:3] == expected


@given(st.integers(2, 60), st.data())
def test_a_duplicate_and_a_swap_of_a_counted_stream_are_told_apart(count, data):
    at = data.draw(st.integers(0, count - 2))
    doubled = [*range(at + 1), at, *range(at + 1, count)]
    assert answers(*map(consecutive, doubled)) == ["next"] * (at + 1) + ["duplicate"] + ["next"] * (count - at - 1)

    swapped = [*range(at), at + 1, at, *range(at + 2, count)]
    assert answers(*map(consecutive, swapped)) == ["next"] * at + ["gap", "late"] + ["next"] * (count - at - 2)


@given(STEPS, st.booleans(), st.data())
def test_a_clean_chain_is_bridged_once_wherever_its_snapshot_comes(steps, futures, data):
    """Law: no false alarm on a clean stream; every frame after the snapshot's number is believed, in order, once."""
    frames = chain_of(steps, 1000, futures=futures)
    base = data.draw(st.integers(1000, frames[-1].last))
    at = data.draw(st.integers(0, len(frames)))
    guard = SequenceGuard(100)

    believed: list[Sequence] = []
    for sequence in [*frames[:at], snapshot(base), *frames[at:]]:
        verdict = guard.judge(sequence, sequence)
        assert verdict.answer in ("next", "wait", "old", "bridged")
        believed.extend(verdict.released)
        if sequence.rule == "chain" and verdict.answer in ("next", "bridged"):
            believed.append(sequence)

    assert believed == [frame for frame in frames if frame.last > base]


@given(STEPS, st.booleans(), st.data())
def test_any_drop_from_a_chain_is_found_at_once_and_nothing_is_believed_until_the_next_snapshot(steps, futures, data):
    frames = chain_of(steps, 1000, futures=futures)
    first = data.draw(st.integers(0, len(frames) - 2))
    dropped = data.draw(st.integers(1, len(frames) - first - 1))
    kept = frames[:first] + frames[first + dropped :]

    verdicts = judged(snapshot(1000), *kept)[1:]

    assert all(verdict.answer in ("next", "bridged") for verdict in verdicts[:first])
    assert verdicts[first].answer == "gap"
    assert verdicts[first].expected == (
        (1000 if not first else frames[first - 1].last) + (0 if futures and first else 1)
    )
    assert [verdict.answer for verdict in verdicts[first + 1 :]] == ["wait"] * (len(kept) - first - 1)


@given(STEPS, st.booleans(), st.data())
def test_a_duplicate_and_a_swap_in_a_chain_are_told_apart(steps, futures, data):
    frames = chain_of(steps, 1000, futures=futures)
    at = data.draw(st.integers(1, len(frames) - 2))

    doubled = judged(snapshot(1000), *frames[: at + 1], frames[at], *frames[at + 1 :])[1:]
    assert [v.answer for v in doubled].count("duplicate") == 1
    assert doubled[at + 1].answer == "duplicate"
    assert "gap" not in [v.answer for v in doubled]

    swapped = judged(snapshot(1000), *frames[:at], frames[at + 1], frames[at], *frames[at + 2 :])[1:]
    assert [v.answer for v in swapped[at : at + 2]] == ["gap", "late"]


def test_after_a_gap_a_new_snapshot_releases_what_waited():
    guard = SequenceGuard(100)
    judged(snapshot(10), spot(11, 12), guard=guard)
    assert answers(spot(15, 16), spot(17, 18), guard=guard) == ["gap", "wait"]

    (verdict,) = judged(snapshot(16), guard=guard)

    assert verdict == ("bridged", 0, 0, (spot(17, 18),), 2, 1, 0)
    assert answers(spot(19, 20), guard=guard) == ["next"]


def test_a_snapshot_older_than_what_waits_is_refused_and_a_later_one_is_taken():
    guard = SequenceGuard(100)
    judged(spot(20, 22), spot(23, 25), guard=guard)
    assert judged(snapshot(15), guard=guard)[0][:3] == ("gap", 16, 20)
    assert judged(snapshot(22), guard=guard)[0].released == (spot(23, 25),)


def test_the_bridge_may_come_after_the_snapshot():
    assert answers(spot(1, 5), snapshot(8), spot(6, 8), spot(9, 9)) == ["wait", "bridged", "old", "bridged"]
    assert answers(spot(1, 5), snapshot(5), spot(7, 9)) == ["wait", "bridged", "gap"]


def test_the_same_snapshot_twice_is_a_duplicate_and_a_newer_one_is_taken():
    guard = SequenceGuard(100)
    assert answers(snapshot(8), spot(9, 9), snapshot(8), snapshot(12), guard=guard)[1:] == [
        "bridged",
        "duplicate",
        "bridged",
    ]
    assert answers(spot(10, 12), spot(13, 14), guard=guard) == ["old", "bridged"]


def test_the_buffer_is_bounded_and_says_what_it_let_go():
    guard = SequenceGuard(2)
    verdicts = judged(spot(1, 1), spot(2, 2), spot(3, 3), spot(4, 4), guard=guard)
    assert [(v.answer, v.buffered, v.overflowed) for v in verdicts] == [
        ("wait", 1, 0), ("wait", 2, 0), ("wait", 2, 1), ("wait", 2, 1),
    ]  # fmt: skip
    assert guard.waiting() == 2
    assert judged(snapshot(2), guard=guard)[0].released == (spot(3, 3), spot(4, 4)), "the oldest went"


def test_a_gap_says_how_many_had_waited_in_vain():
    verdicts = judged(spot(1, 1), spot(2, 2), spot(9, 9))
    assert (verdicts[-1].answer, verdicts[-1].overflowed) == ("gap", 2)


def test_a_frame_that_holds_everything_needs_no_snapshot_but_its_order():
    best = [Sequence("BTC@best", "chain", 0, number) for number in (5, 9, 9, 7, 12)]
    assert answers(*best) == ["next", "next", "duplicate", "duplicate", "next"]


def test_one_absurd_number_does_not_silence_a_stream_for_ever():
    numbers = [0, 1, 10**15, *range(2, 50)]
    verdicts = judged(*map(consecutive, numbers))
    assert [v.answer for v in verdicts[:3]] == ["next", "next", "gap"]
    assert [v.answer for v in verdicts[3:34]] == ["late"] * 31
    assert verdicts[34][:3] == ("gap", 10**15 + 1, 33)
    assert [v.answer for v in verdicts[35:]] == ["next"] * (len(verdicts) - 35)

    best = [Sequence("BTC@best", "chain", 0, number) for number in numbers[1:]]
    assert answers(*best)[1:] == ["next"] + ["duplicate"] * 31 + ["gap"] + ["next"] * (len(best) - 34)


def test_frames_that_all_come_twice_never_look_like_a_numbering_begun_again():
    doubled = [number for number in range(200) for _ in (1, 2)]
    assert answers(*map(consecutive, doubled)) == ["next", "duplicate"] * 200


def test_a_buffer_of_nothing_is_refused():
    with pytest.raises(ValueError, match="waiting_max was 0"):
        SequenceGuard(0)
