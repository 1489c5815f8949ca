"""The order of what comes by many partitions."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.kafka.reading import Heard
from bot.remote_agents.ordering import PATIENCE_NS, Ordering


def heard(seq: int, kind: str, *, turn: int | None = None, run: str = "r", at_ns: int = 0) -> Heard:
    return Heard(run, seq, seq // 10 if turn is None else turn, 0, at_ns or seq, "x", kind, "full", b"")


def beat(turn: int) -> list[Heard]:
    """One beat: marks, a regime, features."""
    return [heard(10 * turn, "MarkFrame"), heard(10 * turn + 1, "RegimeState"), heard(10 * turn + 2, "FeatureFrame")]


def given_out(messages, ordering: Ordering | None = None) -> list[int]:
    ordering = ordering or Ordering()
    return [each.seq for message in messages for each in ordering.add(message, message.at_ns)]


@given(st.permutations([each for turn in range(1, 5) for each in beat(turn)]), st.data())
def test_law_once_each_and_features_after_their_marks(messages: list[Heard], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(messages), max_size=6))
    found = given_out([*messages, *again])
    assert len(found) == len(set(found))
    whole = [seq for seq in found if seq % 10 != 1]
    assert whole == sorted(whole)
    for turn in range(1, 5):
        if 10 * turn + 2 in found and 10 * turn in found:
            assert found.index(10 * turn) < found.index(10 * turn + 2)


def test_in_order_everything_is_given() -> None:
    assert given_out([*beat(1), *beat(2)]) == [10, 11, 12, 20, 21, 22]


def test_features_wait_a_second_for_marks_that_do_not_come() -> None:
    ordering = Ordering()
    features, regime = heard(12, "FeatureFrame"), heard(23, "RegimeState")
    assert ordering.add(features, 5) == ()
    assert [each.seq for each in ordering.add(regime, 5 + PATIENCE_NS)] == [12]


def test_what_was_said_before_is_told_late_but_marks_and_features_are_not() -> None:
    ordering = Ordering()
    given_out(beat(2), ordering)
    assert given_out([heard(5, "Outcome"), heard(6, "MarkFrame"), heard(7, "FeatureFrame")], ordering) == [5]
    assert ordering.lost == 2


def test_a_later_run_takes_over_and_nothing_of_the_former_is_told() -> None:
    ordering = Ordering()
    given_out(beat(1), ordering)
    later = [heard(each.seq, each.type, run="s", at_ns=1000 + each.seq) for each in beat(1)]
    assert given_out(later, ordering) == [10, 11, 12]
    assert given_out([heard(9, "UniverseChanged", at_ns=500)], ordering) == []
    assert ordering.run == "s"
