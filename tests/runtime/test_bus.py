"""Turns: one outside message at a time, journaled first, delivered first in first out, complete or not at all."""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import pytest

from contracts.account import Position
from contracts.decision import GateState
from contracts.envelope import Envelope
from contracts.life import ActorFailed, Beat
from contracts.market import Tick
from contracts.ports import JournalFailed
from contracts.topics import BY_TYPE, topic_of
from contracts.trade import CancelOrder, OrderQuery, OrderUnknown
from runtime.actor import Actor
from runtime.bus import Bus, Misspoken
from runtime.outlet import Outlet
from tests.kit.market import a_tick
from tests.kit.turns import Adder, MemoryJournal, Steps, Sum, a_beat, a_bus, a_cell, an_unknown


class Stateless(Actor):
    """Answers by a function of the message."""

    role: ClassVar[str] = "desk"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (OrderUnknown, CancelOrder)

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        if isinstance(envelope.payload, OrderUnknown):
            yield CancelOrder(envelope.payload.client_id, "BTC-EUR", 1, "first")
            yield CancelOrder(envelope.payload.client_id, "BTC-EUR", 2, "second")
        else:
            yield OrderQuery(envelope.payload.client_id, "BTC-EUR", envelope.payload.attempt)

    def snapshot(self) -> Sum:
        return Sum()

    def restore(self, state: Sum) -> None:
        return None

    @classmethod
    def state_type(cls) -> type[Sum]:
        return Sum


class HalfSaid(Stateless):
    """Says one thing and crashes before the second."""

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        yield CancelOrder("k1-000001-00-0", "BTC-EUR", 1, "half")
        raise RuntimeError("half-way")


class Impostor(Stateless):
    """Says what is the sentinel's to say."""

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        return (GateState("TRADING", (), ()),)


def said(bus: Bus) -> list[tuple[int, int, int, str]]:
    assert isinstance(bus.journal, MemoryJournal)
    return [(each.seq, each.turn, each.cause, type(each.payload).__name__) for each in bus.journal.envelopes]


def _crashes(bus: Bus) -> list[str]:
    assert isinstance(bus.journal, MemoryJournal)
    return [each.payload.error for each in bus.journal.envelopes if isinstance(each.payload, ActorFailed)]


def test_answers_are_delivered_first_in_first_out_and_name_their_cause() -> None:
    bus = a_bus([a_cell(Stateless, group="beliefs")])
    bus.admit(an_unknown(), "orders")
    assert said(bus) == [
        (1, 1, 0, "OrderUnknown"),
        (2, 1, 1, "CancelOrder"),
        (3, 1, 1, "CancelOrder"),
        (4, 1, 2, "OrderQuery"),
        (5, 1, 3, "OrderQuery"),
    ]


def test_all_messages_of_a_turn_share_one_instant_and_the_clock_is_read_once() -> None:
    readings = iter([50, 60])
    journal = MemoryJournal()
    bus = Bus([a_cell(Stateless, group="beliefs")], journal, lambda: next(readings))
    bus.admit(an_unknown(), "orders")
    bus.admit(an_unknown(), "orders")
    assert [each.at_ns for each in journal.envelopes] == [50] * 5 + [60] * 5


def test_a_clock_that_steps_back_does_not_turn_back_the_messages() -> None:
    now = Steps(1_000)
    bus = a_bus([], now=now)
    bus.admit(a_beat(), "metronome")
    now.at_ns = 10
    assert bus.admit(a_beat(), "metronome").at_ns == 1_000


def test_an_actor_that_crashes_half_way_has_said_nothing() -> None:
    bus = a_bus([a_cell(HalfSaid, group="beliefs")])
    bus.admit(an_unknown(), "orders")
    assert [name for *_, name in said(bus)] == ["OrderUnknown", "ActorFailed"]


def test_nobody_says_what_is_another_roles_to_say() -> None:
    bus = a_bus([a_cell(Impostor, group="beliefs")])
    bus.admit(an_unknown(), "orders")
    assert _crashes(bus) == ["Misspoken: impostor said GateState, which is for sentinel to say"]


def test_an_answer_that_is_no_message_is_the_actors_crash_and_the_turn_goes_on() -> None:
    class Babbler(Adder):
        def receive(self, envelope: Envelope[Tick]) -> Iterable[Any]:
            return ({"bid": 1},)

    journal = MemoryJournal()
    bus = a_bus([a_cell(Babbler), a_cell(Adder)], journal)
    bus.admit(a_tick(), "feed")
    assert _crashes(bus) == ["Misspoken: babbler said dict, which is in no topic"]
    assert bus.cells[1].actor.snapshot().heard == 1  # type: ignore[attr-defined]
    assert journal.turns_ended == 1


def test_a_derived_message_cannot_be_admitted_from_outside() -> None:
    with pytest.raises(Misspoken, match="Position from intruder"):
        a_bus([]).admit(msgspec.convert(_position(), Position), "intruder")


def test_a_message_is_on_record_before_any_actor_hears_it() -> None:
    journal = MemoryJournal()
    seen: list[int] = []

    class Watching(Adder):
        def receive(self, envelope: Envelope[Tick]) -> Iterable[msgspec.Struct]:
            seen.append(journal.envelopes[-1].seq)
            return ()

    a_bus([a_cell(Watching)], journal).admit(a_tick(), "feed")
    assert seen == [1]


def test_i1_bug_20_a_derived_message_is_on_record_before_anybody_hears_it() -> None:
    journal = MemoryJournal()
    bus = a_bus([a_cell(Stateless, group="beliefs")], journal)
    on_record: list[bool] = []
    bus.tap(lambda envelope: on_record.append(envelope.seq == journal.envelopes[envelope.seq - 1].seq), BY_TYPE)
    bus.admit(an_unknown(), "orders")
    assert on_record == [True] * 5


def test_i19_bug_23_no_image_is_taken_while_a_turn_is_half_done() -> None:
    bus = a_bus([a_cell(Stateless, group="beliefs")])

    def look(envelope: Envelope[Any]) -> None:
        bus.image()

    bus.tap(look, (CancelOrder,))
    with pytest.raises(AssertionError, match="between turns"):
        bus.admit(an_unknown(), "orders")


class RefusingJournal(MemoryJournal):
    """A disk that is full for ticks."""

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        if isinstance(envelope.payload, Tick):
            raise JournalFailed("full")
        super().append(envelope, outside=outside)


def test_a_message_the_journal_refuses_is_heard_by_nobody_and_leaves_no_hole() -> None:
    bus = a_bus([a_cell(Adder)], RefusingJournal())
    with pytest.raises(JournalFailed):
        bus.admit(a_tick(), "feed")
    bus.admit(a_beat(), "metronome")
    assert isinstance(bus.cells[0].actor, Adder)
    assert bus.cells[0].actor.state.heard == 0
    assert said(bus) == [(1, 1, 0, "Beat")]


def test_a_message_that_is_not_delivered_is_still_on_record() -> None:
    bus = a_bus([a_cell(Adder)])
    bus.admit(a_tick(bid=5), "feed", deliver=False)
    bus.admit(a_tick(bid=7), "feed")
    assert isinstance(bus.cells[0].actor, Adder)
    assert bus.cells[0].actor.state == Sum(total=7, heard=1)
    assert len(said(bus)) == 2


def test_a_late_outlet_hears_what_is_retained_and_then_what_is_said() -> None:
    class Sentinel(Stateless):
        role: ClassVar[str] = "sentinel"
        inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (Beat,)

        def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
            return (GateState("TRADING", (str(envelope.payload.number),), ()),)

    bus = a_bus([a_cell(Sentinel, group="beliefs")])
    bus.admit(a_beat(1), "metronome")
    bus.admit(a_beat(2), "metronome")
    outlet = Outlet("late", capacity=10)
    bus.connect(outlet, (GateState,))
    bus.admit(a_beat(3), "metronome")
    assert [each.payload.reasons for each in outlet._queue] == [("2",), ("3",)]


def test_a_bus_that_was_frozen_and_loaded_goes_on_as_if_nothing_had_happened() -> None:
    bus = a_bus([a_cell(Adder)])
    for bid in (1, 2, 3):
        bus.admit(a_tick(bid=bid), "feed")
    image = bus.image()
    assert image is not None
    other = a_bus([a_cell(Adder)])
    other.load(image)
    for each in (bus, other):
        each.admit(a_tick(bid=10), "feed")
    assert isinstance(other.cells[0].actor, Adder)
    assert other.cells[0].actor.state == Sum(total=16, heard=4)
    assert (other.seq, other.turn) == (bus.seq, bus.turn) == (4, 4)


def test_an_image_of_other_actors_is_refused() -> None:
    image = a_bus([a_cell(Adder, name="one")]).image()
    assert image is not None
    with pytest.raises(ValueError, match="the snapshot holds the actors"):
        a_bus([a_cell(Adder, name="two")]).load(image)


def test_an_actor_that_does_not_take_its_state_leaves_the_bus_as_it_is() -> None:
    class Forgetful(Adder):
        def restore(self, state: Sum) -> None:
            raise ValueError("a memory of other things")

    image = a_bus([a_cell(Adder, name="one"), a_cell(Adder, name="two")]).image()
    assert image is not None
    bus = a_bus([a_cell(Adder, name="one"), a_cell(Forgetful, name="two")])
    bus.admit(a_tick(bid=7), "feed")
    with pytest.raises(ValueError, match="other things"):
        bus.load(image)
    assert [cell.actor.snapshot() for cell in bus.cells] == [Sum(total=7, heard=1)] * 2
    assert bus.seq == 1


def test_every_message_type_has_a_route() -> None:
    assert topic_of(a_tick()).name == "market.tick"


def _position() -> dict[str, object]:
    return {"symbol": "BTC-EUR", "quantity": "1", "entry": "1", "realised": "0", "fees": "0", "execution_seq": 1}
