"""Cells: a crashed actor is rebuilt with its windows intact, but for the message that killed it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.life import ActorFailed, ActorRestarted
from runtime.bus import Bus
from runtime.cell import SNAPSHOT_EVERY
from runtime.restarts import ACTOR_BUDGETS, Failures
from tests.kit.market import a_tick
from tests.kit.turns import Adder, MemoryJournal, Steps, Sum, a_bus, a_cell


class Sibling(Adder):
    """Another adder that nothing poisons."""

    poison = -1


def state(bus: Bus, index: int = 0) -> Sum:
    actor = bus.cells[index].actor
    assert isinstance(actor, Adder)
    return actor.state


def lives(bus: Bus) -> list[Any]:
    assert isinstance(bus.journal, MemoryJournal)
    return [each.payload for each in bus.journal.envelopes if isinstance(each.payload, ActorFailed | ActorRestarted)]


def test_a_rebuilt_actor_equals_one_that_never_heard_the_poison() -> None:
    now = Steps()
    bus = a_bus([a_cell(Adder)], now=now)
    for bid in (1, 2, Adder.poison, 4):
        bus.admit(a_tick(bid=bid), "feed")
    now.forward(1)
    bus.admit(a_tick(bid=8), "feed")
    assert state(bus) == Sum(total=15, heard=4)


def test_the_siblings_of_a_crashed_actor_go_on_untouched() -> None:
    bus = a_bus([a_cell(Adder), a_cell(Sibling)])
    before = bus.cells[1].actor
    for bid in (1, Adder.poison, 2):
        bus.admit(a_tick(bid=bid), "feed")
    assert bus.cells[1].actor is before
    assert state(bus, 1).heard == 3


def test_messages_of_the_backoff_are_folded_in_and_the_restart_is_said() -> None:
    now = Steps()
    bus = a_bus([a_cell(Adder)], now=now)
    bus.admit(a_tick(bid=Adder.poison), "feed")
    bus.admit(a_tick(bid=2), "feed")
    assert state(bus).total == 0
    now.forward(0.5)
    bus.admit(a_tick(bid=3), "feed")
    failed, restarted = lives(bus)
    assert (failed.actor, failed.input_seq, failed.spent) == ("adder", 1, False)
    assert restarted == ActorRestarted("adder", inputs=1, skipped=(1,))
    assert state(bus).total == 5


def test_a_spent_budget_leaves_the_actor_silent_for_good() -> None:
    now = Steps()
    bus = a_bus([a_cell(Adder)], now=now)
    for _ in range(ACTOR_BUDGETS["market"].failures_max + 1):
        bus.admit(a_tick(bid=Adder.poison), "feed")
        now.forward(5)
    assert [each.spent for each in lives(bus) if isinstance(each, ActorFailed)] == [False, False, False, True]
    now.forward(1000)
    bus.admit(a_tick(bid=1), "feed")
    assert bus.cells[0].spent


def test_crashes_outside_the_period_are_forgiven() -> None:
    now = Steps()
    bus = a_bus([a_cell(Adder)], now=now)
    for _ in range(10):
        bus.admit(a_tick(bid=Adder.poison), "feed")
        now.forward(61)
    assert not bus.cells[0].spent


def test_one_for_all_rebuilds_the_whole_group_within_the_turn() -> None:
    shared = Failures(ACTOR_BUDGETS["desk"])
    cells = [a_cell(kind, group="desk", failures=shared) for kind in (Adder, Sibling)]
    bus = a_bus(cells)
    before = [cell.actor for cell in cells]
    bus.admit(a_tick(bid=3), "feed")
    bus.admit(a_tick(bid=Adder.poison), "feed")
    assert all(cell.actor is not old for cell, old in zip(cells, before, strict=True))
    assert state(bus, 0) == Sum(total=3, heard=1)
    assert state(bus, 1) == Sum(total=3 + Adder.poison, heard=2)
    assert [type(each).__name__ for each in lives(bus)] == ["ActorFailed", "ActorRestarted", "ActorRestarted"]


def test_the_budget_of_a_one_for_all_group_is_shared() -> None:
    shared = Failures(ACTOR_BUDGETS["desk"])
    bus = a_bus([a_cell(kind, name=name, group="desk", failures=shared) for kind, name in ((Adder, "a"), (Adder, "b"))])
    bus.admit(a_tick(bid=Adder.poison), "feed")
    assert any(each.spent for each in lives(bus) if isinstance(each, ActorFailed))


@given(st.lists(st.sampled_from([1, 2, 3, Adder.poison]), max_size=60), st.integers(0, 59))
def test_wherever_the_snapshot_lies_the_rebuilt_state_is_the_sum_of_all_but_the_poison(
    bids: list[int], frozen_at: int
) -> None:
    now = Steps()
    bus = a_bus([a_cell(Adder)], now=now)
    for index, bid in enumerate(bids):
        if index == frozen_at:
            bus.image()
        bus.admit(a_tick(bid=bid), "feed")
        now.forward(120)
    bus.admit(a_tick(bid=1), "feed")
    assert state(bus).total == 1 + sum(bid for bid in bids if bid != Adder.poison)


def test_the_inputs_kept_for_a_refold_are_bounded() -> None:
    bus = a_bus([a_cell(Adder)])
    for _ in range(SNAPSHOT_EVERY + 10):
        bus.admit(a_tick(bid=1), "feed")
    assert len(bus.cells[0]._inputs) == 10


def test_a_failing_check_is_a_crash() -> None:
    class Unbalanced(Adder):
        def check(self) -> None:
            if self.state.total > 9:
                raise AssertionError("total at most 9")

    bus = a_bus([a_cell(Unbalanced)])
    bus.admit(a_tick(bid=10), "feed")
    (failed,) = lives(bus)
    assert failed.error == "AssertionError: total at most 9"


def test_a_snapshot_of_another_schema_is_refused() -> None:
    cell = a_cell(Adder)
    image = cell.image()
    with pytest.raises(ValueError, match="has schema"):
        cell.restored(
            type(image)(**{name: getattr(image, name) for name in image.__struct_fields__} | {"schema": "old"})
        )


def test_a_restart_is_told_alike_whether_or_not_a_snapshot_went_to_disk() -> None:
    told = []
    for frozen in (False, True):
        now = Steps()
        bus = a_bus([a_cell(Adder)], now=now)
        for bid in (1, 2, Adder.poison, 4):
            bus.admit(a_tick(bid=bid), "feed")
            now.forward(1)
        if frozen:
            bus.image()
        for bid in (5, Adder.poison, 7, 8):
            bus.admit(a_tick(bid=bid), "feed")
            now.forward(1)
        told.append((lives(bus), state(bus)))
    assert told[0] == told[1]
    assert told[0][0][-1] == ActorRestarted("adder", inputs=4, skipped=(3, 8))


def test_a_loaded_cell_tells_its_restart_as_the_one_that_went_on() -> None:
    now = Steps()
    buses = [a_bus([a_cell(Adder)], now=now), a_bus([a_cell(Adder)], now=now)]
    for bid in (1, 2, 3):
        buses[0].admit(a_tick(bid=bid), "feed")
    image = buses[0].image()
    assert image is not None
    buses[1].load(image)
    for bus in buses:
        bus.admit(a_tick(bid=Adder.poison), "feed")
    now.forward(1)
    for bus in buses:
        bus.admit(a_tick(bid=4), "feed")
    assert lives(buses[0]) == lives(buses[1])


def test_a_silent_actor_keeps_no_snapshot_from_the_disk() -> None:
    now = Steps()
    bus = a_bus([a_cell(Adder)], now=now)
    for _ in range(ACTOR_BUDGETS["market"].failures_max + 1):
        bus.admit(a_tick(bid=Adder.poison), "feed")
        now.forward(5)
    assert bus.cells[0].spent
    assert bus.image() is not None


def test_i19_what_is_kept_of_a_spent_actor_does_not_tell_when_snapshots_were_taken() -> None:
    images = []
    for snapshots in (False, True):
        bus = a_bus([a_cell(Adder, group="desk")])
        for bid in (1, Adder.poison, 2, Adder.poison, 3):
            bus.admit(a_tick(bid=bid), "feed")
            if snapshots:
                bus.image()
        images.append(bus.image())
    assert bus.cells[0].spent
    assert images[0] is not None
    assert images[0] == images[1]
    later = a_bus([a_cell(Adder, group="desk")])
    later.load(images[0])
    later.admit(a_tick(bid=4), "feed")
    assert later.cells[0].spent
    assert lives(later) == []
