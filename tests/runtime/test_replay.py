"""Replay: the same outside says the same again, and the first difference is named."""

from typing import Any

import msgspec
import numpy as np
import pytest

from contracts import codec
from contracts.column import floats
from contracts.life import ActorRestarted
from contracts.market import Tick
from runtime.replay import Comparer, DecisionHash, Diverged, Replay, first_difference, poisoned_seqs
from tests.kit.market import a_mark_frame, a_tick
from tests.kit.orders import an_order
from tests.kit.turns import Adder, Kept, MemoryJournal, Steps, Sum, a_bus, a_cell


def a_run(*bids: int) -> list[Kept]:
    """The records of a run in which an adder crashes and is rebuilt."""
    now, journal = Steps(), MemoryJournal()
    bus = a_bus([a_cell(Adder)], journal, now)
    for bid in bids:
        bus.admit(a_tick(bid=bid), "feed")
        now.forward(1)
    return journal.records


def replay(records: list[Kept], **options: Any) -> tuple[Comparer, Adder]:
    comparer = Comparer()
    player = Replay(comparer)
    bus = a_bus([a_cell(Adder)])
    bus.journal, bus.now = comparer, player.now
    player.run(bus, records, **options)
    assert isinstance(bus.cells[0].actor, Adder)
    return comparer, bus.cells[0].actor


def changed(record: Kept, **fields: Any) -> Kept:
    return msgspec.structs.replace(record, **fields)


def test_a_run_with_crashes_and_restarts_is_said_again_to_the_byte() -> None:
    records = a_run(1, Adder.poison, 2, 3)
    comparer, actor = replay(records)
    assert comparer.exact
    assert comparer.compared == len(records) == 6
    assert actor.state.total == 6


def test_a_changed_derived_message_is_named_with_its_field() -> None:
    records = a_run(1, Adder.poison, 2)
    failed = codec.decode("ActorFailed", records[2].payload)
    records[2] = changed(records[2], payload=codec.encode(msgspec.structs.replace(failed, failures=9)))
    with pytest.raises(Diverged, match=r"ActorFailed from bus at seq 3 differs in failures: recorded 9, replayed 1"):
        replay(records)


def test_a_message_that_is_not_said_again_is_named() -> None:
    records = a_run(1, 2)
    ghost = changed(records[0], seq=3, turn=2, cause=2, outside=False)
    with pytest.raises(Diverged, match="seq 3 differs in presence: recorded said, replayed not said"):
        replay([*records, ghost])


def test_a_message_too_many_is_named() -> None:
    records = a_run(1, Adder.poison)
    with pytest.raises(Diverged, match="ActorFailed from bus at seq 3 differs in presence"):
        replay(records[:2])


def test_a_poisoned_message_is_passed_over_as_it_was() -> None:
    _, actor = replay(a_run(1, 2), poisoned=frozenset({2}))
    assert actor.state == Sum(total=1, heard=1)
    assert poisoned_seqs(a_run(1)) == frozenset()


def test_an_unfinished_turn_is_said_to_its_end() -> None:
    records = a_run(1, Adder.poison)
    beyond = MemoryJournal()
    comparer = Comparer(beyond)
    player = Replay(comparer)
    bus = a_bus([a_cell(Adder)])
    bus.journal, bus.now = comparer, player.now
    player.run(bus, records[:2], unfinished=True)
    assert beyond.records == records[2:]
    assert beyond.turns_ended == 1


def test_within_a_tolerance_floats_may_differ_but_bytes_are_never_claimed() -> None:
    was, now = a_mark_frame(mid=[1.0]), a_mark_frame(mid=[1.0 + 1e-12])
    assert first_difference(was, now, 1e-9) is None
    assert first_difference(was, now, 0.0) is not None


def test_the_path_of_a_difference_leads_into_columns_and_nan_equals_nan() -> None:
    was, now = floats([np.nan, 1.0, 2.0]), floats([np.nan, 1.0, 3.0])
    assert first_difference((was,), (now,), 0.0) == ("[0][2]", 2.0, 3.0)
    assert first_difference(was, was, 0.0) is None


def test_the_decision_hash_hears_decisions_only() -> None:
    one, two = DecisionHash(), DecisionHash()
    one.add(a_tick())
    assert one.hexdigest() == two.hexdigest()
    one.add(an_order())
    assert one.hexdigest() != two.hexdigest()


def test_the_decision_hash_knows_what_was_decided_and_not_where_it_stands_in_the_record() -> None:
    one, two, three = DecisionHash(), DecisionHash(), DecisionHash()
    one.add(an_order(intent_seq=7))
    two.add(an_order(intent_seq=9))
    three.add(an_order(intent_seq=7, leg=1))
    assert one.hexdigest() == two.hexdigest() != three.hexdigest()


def test_ticks_come_back_from_their_bytes() -> None:
    tick = a_tick(bid=5)
    assert codec.decode(Tick.__name__, codec.encode(tick)) == tick


def test_another_type_is_named_first_and_a_crash_with_its_error() -> None:
    records = a_run(1, Adder.poison)
    records[2] = changed(records[2], type="ActorRestarted", payload=codec.encode(ActorRestarted("adder", 1, ())))
    with pytest.raises(
        Diverged, match=r"differs in type: recorded ActorRestarted, replayed ActorFailed \(RuntimeError"
    ):
        replay(records)
