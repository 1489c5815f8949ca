"""Survivors: small bugs that no other test noticed once, each pinned by what it would have changed."""

from decimal import Decimal
from typing import Any

from actors.execution.orders import adopted
from actors.execution_desk import ExecutionDesk
from contracts.decision import Flatten, Intent
from contracts.trade import OrderAccepted, OrderCancelled, OrderState
from tests.characterization.runs import a_quick_profile
from tests.kit.market import NOON_NS, a_universe_changed
from tests.kit.orders import (
    Stage,
    a_fill,
    a_gate_state,
    a_snapshot,
    a_start,
    an_intent,
    an_open_order,
    desk_settings,
    fields_of,
)
from tests.kit.worlds import said, simulate

ID = "k1-000001-00-0"


def a_desk() -> Stage:
    """A desk that may trade, with one accepted order for 1 unit."""
    stage = Stage(ExecutionDesk(desk_settings()))
    opening: list[Any] = [a_universe_changed(), a_start(), a_snapshot(), a_gate_state(), an_intent()]
    for message in (*opening, OrderAccepted(ID, "v1")):
        stage.admit(message)
    return stage


def test_what_is_let_go_at_once_is_counted_on_in_legs_of_its_own() -> None:
    acts = {6.2: lambda system: system.admit_as_operator(Flatten("uid 7", "enough"))}
    run = simulate(a_quick_profile(cadence__decide_s=5), seconds=7.9, acts=acts, checked=False)
    before = {(each.decision, each.leg) for each in said(run, Intent, before_s=6.2)}
    closing = [(each.decision, each.leg) for each in said(run, Intent, after_s=6.2)]
    assert len(closing) > 1
    (decision,) = {decision for decision, _ in closing}
    first = closing[0][1]
    assert closing == [(decision, first + place) for place in range(len(closing))]
    assert not before & set(closing)


def test_late_fills_up_to_what_the_venue_claimed_need_no_explanation() -> None:
    stage = a_desk()
    stage.admit(OrderCancelled(ID, Decimal("0.5")))
    stage.admit(a_fill(quantity=Decimal("0.5")))
    state = stage.last(OrderState)
    assert (state.state, state.filled, state.open, state.reason) == ("CANCELLED", Decimal("0.5"), Decimal(0), "")


def test_late_fills_beyond_what_the_venue_claimed_are_said_with_their_number() -> None:
    stage = a_desk()
    stage.admit(OrderCancelled(ID, Decimal("0.5")))
    stage.admit(a_fill(quantity=Decimal("0.6")))
    assert stage.last(OrderState).reason == "filled 0.6 after its end"


def test_an_order_that_nobody_here_has_sent_belongs_to_no_decision_leg_or_attempt() -> None:
    order = adopted(an_open_order(client_id="theirs"), NOON_NS).order
    assert fields_of(order, "decision", "leg", "attempt", "intent_seq", "expires_ns") == (0, 0, 0, 0, 0)
