"""Desk and ledger on record answer as they did, each answer once, in its place or as soon as can be."""

from decimal import Decimal

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.execution_desk import ExecutionDesk
from actors.risk.reserved import Said
from actors.risk_gate import RiskGate
from bot.diffing.account import DeskOnRecord, GateOnRecord, LedgerOnRecord, OwnOrders, Tape
from contracts.decision import Intent, Verdict
from contracts.envelope import Envelope
from contracts.life import Beat
from contracts.trade import CancelOrder, OrderQuery
from tests.kit.worlds import a_profile


def said(seq, payload, *, cause=0, source="cadence", turn=1):
    return Envelope(seq, turn, cause, 1, source, payload)


def a_turn(*answered: tuple[int, str]):
    """Beats at seqs 1, 2, ... as many as there are answers, each answered by the desk with so many cancellations."""
    beats = [said(number, Beat("second", number)) for number in range(1, len(answered) + 1)]
    answers = [
        said(100 + 10 * number + each, CancelOrder(f"{name}{each}", "A", 0, ""), cause=number, source="desk")
        for number, (count, name) in enumerate(answered, start=1)
        for each in range(count)
    ]
    return [*beats, *answers]


def names(answers):
    return [each.client_id for each in answers]


def test_each_message_gets_what_its_counterpart_got() -> None:
    tape = Tape("desk")
    tape.turn_to(a_turn((2, "a"), (0, "b"), (1, "c")))

    heard = [said(number, Beat("second", 9), turn=7) for number in (50, 51, 52)]
    assert [names(tape.answer(each)) for each in heard] == [["a0", "a1"], [], ["c0"]]


def test_a_message_that_is_heard_again_after_a_crash_is_not_answered_again() -> None:
    tape = Tape("desk")
    tape.turn_to(a_turn((1, "a"), (1, "b")))
    first = said(50, Beat("second", 9))

    assert names(tape.answer(first)) == ["a0"]
    assert names(tape.answer(first)) == []
    assert names(tape.answer(said(51, Beat("second", 9)))) == ["b0"]


def test_what_others_said_is_not_on_the_tape() -> None:
    tape = Tape("ledger")
    tape.turn_to(a_turn((3, "a")))
    assert tape.answer(said(50, Beat("second", 9))) == ()


@given(st.lists(st.tuples(st.lists(st.integers(0, 3), max_size=4), st.integers(0, 5)), max_size=6))
def test_nothing_is_lost_and_nothing_said_twice_however_much_is_heard(turns) -> None:
    tape, spoken, recorded, seq = Tape("desk"), [], [], 1000
    for number, (counts, hearings) in enumerate(turns):
        turn = a_turn(*[(count, f"{number}-{place}-") for place, count in enumerate(counts)])
        recorded += [each.payload.client_id for each in turn if isinstance(each.payload, CancelOrder)]
        tape.turn_to(turn)
        for _ in range(hearings):
            seq += 1
            spoken += names(tape.answer(said(seq, Beat("second", 1), turn=number + 1)))
    tape.turn_to([])
    spoken += names(tape.answer(said(seq + 1, OrderQuery("x", "A", 0), turn=99)))

    assert sorted(spoken) == sorted(recorded)


def test_the_orders_of_intents_that_the_other_policy_never_had_follow_its_verdict() -> None:
    tape, intent = Tape("desk"), msgspec.convert(_an_intent(), Intent)
    turn = [said(seq, intent, cause=1, source="risk") for seq in (5, 6)]
    turn += [said(seq + 10, CancelOrder(f"of {seq}", "A", 0, ""), cause=seq, source="desk") for seq in (5, 6)]
    tape.turn_to(turn)
    desk = DeskOnRecord(tape)

    assert names(desk.receive(said(70, intent, source="risk"))) == ["of 5"]
    assert names(desk.receive(said(71, _a_verdict(), source="risk"))) == ["of 6"]
    assert names(desk.receive(said(72, _a_verdict(), source="risk"))) == []


def test_those_who_stand_in_hear_what_the_real_ones_hear() -> None:
    assert DeskOnRecord.inputs == (*ExecutionDesk.inputs, Verdict)
    assert DeskOnRecord(Tape("desk")).snapshot() == LedgerOnRecord(Tape("ledger")).snapshot()


def test_the_other_gate_remembers_the_orders_that_were_let_through_and_not_its_own() -> None:
    gate = RiskGate(a_profile().limits, "EUR", np.random.default_rng)
    mine, let_through = (Said(symbol, "buy", Decimal(1), Decimal(1), 1, False) for symbol in "AB")
    gate.state.said, gate.state.notionals, gate.state.free_ns = [mine], [1.0], 5
    standing = GateOnRecord(lambda: gate, lambda: OwnOrders([let_through], [2.0], 9))

    tuple(standing.receive(said(1, Beat("second", 1))))
    assert OwnOrders.of(gate.state) == OwnOrders([let_through], [2.0], 9)
    assert standing.snapshot().said == [let_through]


def _an_intent():
    numbers = dict.fromkeys(
        ("mark", "mark_age_s", "mu", "sigma", "horizon_s", "cvar_before", "cvar_after", "cvar_max"), 1.0
    )
    whole = dict.fromkeys(("decision", "leg", "mark_seq", "expires_ns", "instrument_version"), 1)
    money = dict.fromkeys(("quantity", "limit", "notional"), "1")
    return {**numbers, **whole, **money, "symbol": "A", "side": "buy", "reduce_only": False, "based_on": ()}


def _a_verdict():
    tail = dict.fromkeys(("cvar_before", "cvar_after", "cvar_max", "var_after", "multiplier"), 1.0)
    return Verdict(decision=1, intents=1, refusals=0, scenarios=1, based_on=(), **tail)
