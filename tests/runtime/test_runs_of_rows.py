"""A run of rows: turn by turn what single admissions say, whatever crashes, answers, waits or is cut in between."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import codec
from contracts.envelope import Envelope
from contracts.history import Dated
from contracts.market import Tick
from contracts.quantities import SECOND_NS
from contracts.trade import CancelOrder, OrderQuery
from runtime.bus import Bus, Misspoken
from runtime.clock import FixedClock
from runtime.restarts import ACTOR_BUDGETS, Failures
from tests.kit.market import a_tick
from tests.kit.turns import Adder, MemoryJournal, a_beat, a_cell

ASKS, BREAKS = 7, 666
GAPS_S = (0.0, 0.1, 0.6, 3.0, 61.0)


class Asker(Adder):
    """Of the desk: asks twice when it hears one price, crashes on another, and cancels when a question is said."""

    role: ClassVar[str] = "desk"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (Tick, OrderQuery)

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        if isinstance(envelope.payload, OrderQuery):
            return (CancelOrder("k1-000001-00-0", "BTC-EUR", 1, "asked"),)
        super().receive(envelope)
        questions = tuple(OrderQuery("k1-000001-00-0", "BTC-EUR", attempt) for attempt in (1, 2))
        return questions if envelope.payload.bid == ASKS else ()


class Hearer(Adder):
    """Another of the desk, which is rebuilt with it."""

    role: ClassVar[str] = "ledger"
    poison = -1


def a_wide_bus(clock: FixedClock) -> Bus:
    shared = Failures(ACTOR_BUDGETS["desk"])
    desk = [a_cell(kind, group="desk", failures=shared) for kind in (Asker, Hearer)]
    return Bus([a_cell(Adder), *desk], MemoryJournal(), clock.now)


def one_by_one(rows: list[Dated], cuts: list[int]) -> Bus:
    clock = FixedClock()
    bus = a_wide_bus(clock)
    for at_ns, row in rows:
        clock.set(at_ns)
        bus.admit(row, "feed")
    return bus


def in_runs(rows: list[Dated], cuts: list[int]) -> Bus:
    clock = FixedClock()
    bus = a_wide_bus(clock)
    left, sizes = list(rows), list(cuts)
    while left:
        told = bus.admit_run(left[: sizes.pop() if sizes else len(left)], "feed", clock.set)
        assert clock.now() == left[told - 1].at_ns
        del left[:told]
    return bus


def record(bus: Bus) -> tuple[Any, ...]:
    assert isinstance(bus.journal, MemoryJournal)
    image = bus.image()
    return bus.journal.records, bus.journal.turns_ended, codec.encode(image) if image is not None else None


BIDS = st.sampled_from([1, 2, 3, ASKS, BREAKS])


@settings(max_examples=40)
@given(st.lists(st.tuples(BIDS, st.sampled_from(GAPS_S)), min_size=1, max_size=24), st.lists(st.integers(1, 9)))
def test_a_run_of_rows_says_byte_for_byte_what_single_admissions_say(
    told: list[tuple[int, float]], cuts: list[int]
) -> None:
    rows, at_ns = [], SECOND_NS
    for bid, gap_s in told:
        at_ns += round(gap_s * SECOND_NS)
        rows.append(Dated(at_ns, a_tick(bid=bid)))
    lives: tuple[Callable[[list[Dated], list[int]], Bus], ...] = (one_by_one, in_runs)
    singly, together = (record(life(rows, cuts)) for life in lives)
    assert together == singly


def rows_of(*bids: int) -> list[Dated]:
    return [Dated(number, a_tick(bid=bid)) for number, bid in enumerate(bids, 1)]


def test_a_run_ends_with_the_row_that_is_answered_so_that_others_can_act_on_the_answer() -> None:
    clock = FixedClock()
    bus = a_wide_bus(clock)
    assert bus.admit_run(rows_of(1, ASKS, 2, 3), "feed", clock.set) == 2
    assert (clock.now(), bus.at_ns, bus.turn) == (2, 2, 2)


def test_a_run_ends_before_a_row_of_another_type() -> None:
    clock = FixedClock()
    bus = a_wide_bus(clock)
    rows = [*rows_of(1, 2), Dated(3, a_beat()), *rows_of(4)]
    assert bus.admit_run(rows, "feed", clock.set) == 2
    assert clock.now() == 2


def test_whoever_hears_a_row_of_a_run_finds_the_clock_at_its_time() -> None:
    clock = FixedClock()
    bus = a_wide_bus(clock)
    shown: list[tuple[int, int]] = []
    bus.tap(lambda envelope: shown.append((envelope.at_ns, clock.now())), (Tick,))
    bus.admit_run(rows_of(1, 2, 3), "feed", clock.set)
    assert shown == [(1, 1), (2, 2), (3, 3)]


def test_what_is_derived_cannot_be_admitted_in_a_run_either() -> None:
    clock = FixedClock()
    with pytest.raises(Misspoken, match="OrderQuery from intruder"):
        a_wide_bus(clock).admit_run([Dated(1, OrderQuery("k1-000001-00-0", "BTC-EUR", 1))], "intruder", clock.set)


def test_nothing_that_a_broken_turn_said_is_heard_in_the_next() -> None:
    clock = FixedClock()
    bus = a_wide_bus(clock)

    def objects(envelope: Envelope[Any]) -> None:
        raise RuntimeError("an onlooker broke")

    bus.tap(objects, (OrderQuery,))
    with pytest.raises(RuntimeError):
        bus.admit(a_tick(bid=ASKS), "feed")
    bus.untap(objects)
    bus.admit(a_tick(bid=1), "feed")
    assert isinstance(bus.journal, MemoryJournal)
    assert [each.type for each in bus.journal.records] == ["Tick", "OrderQuery", "OrderQuery", "Tick"]
