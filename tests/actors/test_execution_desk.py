"""The execution desk owns every order until the venue has proved its end."""

from decimal import Decimal

import pytest

from actors.execution.orders import ALIVE, LEGAL, Tracked, sending
from actors.execution_desk import ExecutionDesk
from actors.ledger import Ledger
from contracts.life import Stopping
from contracts.trade import (
    CancelOrder,
    CancelRejected,
    Execution,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderNotSent,
    OrderQuery,
    OrderRejected,
    OrderState,
    OrderUnknown,
)
from tests.kit.market import NOON_NS, a_beat, a_universe_changed, at
from tests.kit.orders import (
    Stage,
    a_fill,
    a_gate_state,
    a_report,
    a_snapshot,
    a_start,
    an_intent,
    an_open_order,
    an_order,
    desk_settings,
    fields_of,
    ledger_settings,
    of,
    round_trips,
)

ID = "k1-000001-00-0"
HALF = Decimal("0.5")


def a_stage(*, state="TRADING", **changed):
    stage = Stage(ExecutionDesk(desk_settings(**changed)), Ledger(ledger_settings()))
    stage.admit(a_universe_changed())
    stage.admit(a_start())
    stage.admit(a_snapshot())
    stage.admit(a_gate_state(state))
    return stage


def a_stage_with_an_order(*answers, **changed):
    stage = a_stage(**changed)
    stage.admit(an_intent())
    for answer in answers:
        stage.admit(answer)
    return stage


def state_of(stage, client_id=ID):
    tracked = stage.actors[0].state.memory.find(client_id)
    return tracked.state


def held(stage):
    book = stage.actors[1].state.books.get("BTC-EUR")
    return book.quantity if book else Decimal(0)


def test_an_intent_becomes_one_order_under_a_derived_name():
    stage = a_stage()
    order, state = stage.admit(an_intent())
    assert order == an_order(intent_seq=stage.envelopes[-3].seq)
    assert fields_of(state, "client_id", "state", "open") == (ID, "SENDING", Decimal(1))


def test_i3_an_intent_for_an_instrument_with_an_order_in_flight_is_not_sent():
    stage = a_stage_with_an_order()
    said = stage.admit(an_intent(decision=2))
    assert [type(each) for each in said] == [OrderState]
    assert fields_of(said[0], "state", "reason") == ("NOT_SENT", f"{ID} of BTC-EUR is in flight")
    assert len(of(Order, stage.admit(an_intent(symbol="ETH-EUR", decision=2, leg=1)))) == 1


def test_i2_an_intent_said_twice_is_one_order():
    stage = a_stage_with_an_order(OrderRejected(ID, "no"))
    said = stage.admit(an_intent())
    assert said[0].reason == f"{ID} was already an order"


@pytest.mark.parametrize(
    ("state", "changed", "reason"),
    [
        ("HALTED", {}, "the account is HALTED"),
        ("RECOVERING", {"reduce_only": True}, "the account is RECOVERING"),
        ("RECONCILING", {"reduce_only": True}, "the account is RECONCILING"),
        ("REDUCING", {}, "the account is REDUCING"),
        ("TRADING", {"expires_ns": NOON_NS}, "the intent has expired"),
        ("TRADING", {"symbol": "SOL-EUR"}, "SOL-EUR is not in the universe"),
        ("TRADING", {"quantity": Decimal("0.0005")}, "BTC-EUR: quantity 0.0005 is off the grid of 0.001"),
        ("TRADING", {"limit": Decimal("NaN")}, "BTC-EUR: price was NaN, expected a finite number"),
        ("TRADING", {"quantity": Decimal(0)}, "BTC-EUR: 0 lots at 10100 ticks, expected more than 0"),
        ("TRADING", {"instrument_version": 2}, "rules of BTC-EUR are version 1, it was judged by version 2"),
    ],
)
def test_i11_i32_the_desk_looks_again_at_what_the_gate_let_through(state, changed, reason):
    said = a_stage(state=state).admit(an_intent(**changed))
    assert [fields_of(each, "state", "reason") for each in said] == [("NOT_SENT", reason)]


def test_in_reducing_a_reducing_intent_is_sent():
    assert len(of(Order, a_stage(state="REDUCING").admit(an_intent(reduce_only=True)))) == 1


def test_an_order_is_taken_filled_and_closed():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"))
    assert state_of(stage) == "OPEN"
    execution, state, *_ = stage.admit(a_fill(quantity=HALF))
    assert fields_of(execution, "quantity", "late", "external") == (HALF, False, False)
    assert fields_of(state, "state", "filled", "open") == ("OPEN", HALF, HALF)
    stage.admit(a_fill(quantity=HALF, trade_id="t2"))
    assert state_of(stage) == "FILLED"


def test_f26_a_fill_before_the_acknowledgement_counts_and_the_acknowledgement_changes_nothing():
    stage = a_stage_with_an_order(a_fill())
    assert state_of(stage) == "FILLED"
    assert stage.admit(OrderAccepted(ID, "v1")) == []
    assert (state_of(stage), held(stage)) == ("FILLED", 1)


def test_f28_i5_a_repeated_fill_is_booked_once():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), a_fill(quantity=HALF))
    assert stage.admit(a_fill(quantity=HALF)) == []
    assert held(stage) == HALF
    assert stage.actors[0].state.memory.ignored == {"fill_repeated": 1}


def test_i5_a_restart_of_the_desk_does_not_forget_which_fills_were_booked():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), a_fill())
    reborn = ExecutionDesk(desk_settings())
    reborn.restore(stage.actors[0].snapshot())
    again = Stage(reborn)
    again.admit(a_start(epoch=2))
    assert again.admit(a_fill()) == []


def test_bug_15_a_restart_in_the_middle_of_an_order_does_not_book_its_first_fill_again():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), a_fill(quantity=HALF))
    stage.admit(a_start(epoch=2))
    assert stage.admit(a_fill(quantity=HALF)) == []
    assert held(stage) == HALF


def test_f27_a_fill_after_the_cancel_is_booked_as_late():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), OrderCancelled(ID, Decimal(0)))
    execution, state, *_ = stage.admit(a_fill(quantity=HALF))
    assert fields_of(execution, "late", "quantity") == (True, HALF)
    assert fields_of(state, "state", "filled", "open") == ("CANCELLED", HALF, Decimal(0))
    assert held(stage) == HALF


def test_f31_what_the_venue_filled_before_it_cancelled_stays_reserved_until_the_fill_comes():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"))
    said = stage.admit(OrderCancelled(ID, HALF))
    assert fields_of(said[0], "state", "filled", "open") == ("CANCELLED", Decimal(0), HALF)
    assert of(Order, stage.admit(an_intent(decision=2))) == [], "its exposure is still in flight"
    stage.admit(a_fill(quantity=HALF))
    assert len(of(Order, stage.admit(an_intent(decision=3)))) == 1


def test_a_claimed_fill_that_never_comes_is_asked_for_and_released_by_the_venue():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), OrderCancelled(ID, HALF))
    assert stage.admit(a_beat("second"), after_s=59) == []
    assert stage.admit(a_beat("second"), after_s=1) == [OrderQuery(ID, "BTC-EUR", 1)]
    said = stage.admit(a_report("cancelled", filled="0", asked_ns=stage.now_ns))
    assert said[0].open == 0


def test_f32_an_overfill_is_recorded_as_it_was():
    stage = a_stage_with_an_order(a_fill(quantity=Decimal("1.5")))
    state = stage.last(OrderState)
    assert fields_of(state, "state", "filled", "open", "reason") == ("FILLED", Decimal("1.5"), 0, "filled 0.5 too much")
    assert held(stage) == Decimal("1.5")


def test_f36_a_status_out_of_order_never_moves_an_order_back():
    stage = a_stage_with_an_order(a_fill())
    for late in (OrderAccepted(ID, "v1"), OrderUnknown(ID, "slow"), OrderRejected(ID, "no"), OrderNotSent(ID, "no")):
        assert stage.admit(late) == []
    assert state_of(stage) == "FILLED"


def test_f19_i8_silence_makes_an_order_unknown_and_it_is_asked_for_at_growing_intervals():
    stage = a_stage_with_an_order(OrderUnknown(ID, "no answer in 5.0 s"))
    assert fields_of(stage.last(OrderState), "state", "open") == ("UNKNOWN", Decimal(1))
    asked = []
    for second in range(40):
        asked += [second for each in stage.admit(a_beat("second"), after_s=1) if type(each) is OrderQuery]
    assert asked == [0, 1, 3, 7, 15, 31]


def test_f24_i8_without_proof_an_unknown_order_stays_unknown_for_ever():
    stage = a_stage_with_an_order(OrderUnknown(ID, "no answer"))
    for _ in range(500):
        stage.admit(a_beat("second"), after_s=60)
        stage.admit(a_report("absent", asked_ns=stage.now_ns, authoritative=False))
    assert state_of(stage) == "UNKNOWN"
    assert of(Order, stage.admit(an_intent(decision=2, expires_ns=stage.now_ns + 1))) == []


def test_f20_an_authoritative_absence_from_after_the_expiry_closes_as_never_sent():
    stage = a_stage_with_an_order(OrderUnknown(ID, "no answer"))
    assert stage.admit(a_report("absent", asked_ns=at(5))) == [], "it could still have left"
    stage.admit(a_report("absent", asked_ns=at(5) + 1))
    assert state_of(stage) == "NOT_SENT"
    assert stage.last(OrderState).reason == "the venue proved that it never came"


def test_f23_an_absence_that_was_asked_for_before_our_last_command_proves_nothing():
    stage = a_stage_with_an_order(OrderUnknown(ID, "no answer"))
    stage.admit(a_gate_state("HALTED"), after_s=10)
    stage.admit(a_report("absent", asked_ns=at(9)))
    assert state_of(stage) == "UNKNOWN"


def test_f21_a_late_acceptance_of_an_order_taken_for_absent_is_exposure_again_and_gets_cancelled():
    stage = a_stage_with_an_order(OrderUnknown(ID, "no answer"), a_report("absent", asked_ns=at(6)))
    said = stage.admit(OrderAccepted(ID, "v1"), after_s=60)
    assert fields_of(said[0], "state", "open") == ("NOT_SENT", Decimal(1))
    assert of(CancelOrder, stage.admit(a_beat("second"), after_s=1)) != []
    said = stage.admit(OrderCancelled(ID, Decimal(0)))
    assert said[0].open == 0


@pytest.mark.parametrize(("state", "filled"), [("filled", "1"), ("cancelled", "0.5"), ("rejected", "0")])
def test_an_unknown_order_is_resolved_by_the_venues_word(state, filled):
    stage = a_stage_with_an_order(OrderUnknown(ID, "no answer"), a_report(state, filled=filled))
    assert fields_of(stage.last(OrderState), "state", "open") == (state.upper(), Decimal(filled))


def test_f12_a_rejection_of_an_order_that_was_filled_is_asked_about_and_not_believed():
    stage = a_stage_with_an_order(a_fill(quantity=HALF), OrderRejected(ID, "no"))
    assert fields_of(stage.last(OrderState), "state", "open") == ("UNKNOWN", HALF)


@pytest.mark.parametrize(("policy", "cancelled"), [("keep", False), ("cancel", True), ("flatten", True)])
def test_what_rests_at_the_end_of_a_process_is_kept_only_when_asked(policy, cancelled):
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), order_ttl_s=10.0)
    said = stage.admit(Stopping(policy, "SIGTERM"), after_s=1)
    said += stage.admit(a_gate_state("REDUCING"))
    said += stage.admit(a_beat("second"), after_s=20)
    assert bool(of(CancelOrder, said)) is cancelled


def test_a_halt_ends_kept_orders_too_and_the_next_process_keeps_none():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"))
    stage.admit(Stopping("keep", "SIGTERM"))
    assert of(CancelOrder, stage.admit(a_gate_state("HALTED"))) != []
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), order_ttl_s=10.0)
    stage.admit(Stopping("keep", "SIGTERM"))
    stage.admit(a_start(epoch=2))
    assert of(CancelOrder, stage.admit(a_beat("second"), after_s=20)) != []


def test_f33_a_refused_cancel_is_resolved_by_a_question():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), order_ttl_s=10.0)
    assert of(CancelOrder, stage.admit(a_beat("second"), after_s=10)) != []
    stage.admit(CancelRejected(ID, "unknown order"))
    assert stage.admit(a_beat("second"), after_s=1) == [OrderQuery(ID, "BTC-EUR", 1)]
    stage.admit(a_report("filled", filled="1", asked_ns=stage.now_ns))
    assert fields_of(stage.last(OrderState), "state", "open") == ("FILLED", Decimal(1))


def test_f34_a_cancel_without_an_answer_keeps_the_exposure_and_is_asked_again():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), order_ttl_s=10.0)
    assert stage.admit(a_beat("second"), after_s=9.9) == []
    state, cancel = stage.admit(a_beat("second"), after_s=0.1)
    assert fields_of(state, "state", "open") == ("CANCELLING", Decimal(1))
    assert cancel == CancelOrder(ID, "BTC-EUR", 1, "older than its time to live")
    assert stage.admit(OrderUnknown(ID, "cancel: no answer")) == []
    assert [type(each) for each in stage.admit(a_beat("second"), after_s=2)] == [CancelOrder, OrderQuery]


def test_a_question_that_finds_a_cancelled_order_still_open_cancels_again():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), order_ttl_s=10.0)
    stage.admit(a_beat("second"), after_s=10)
    stage.admit(a_report("open", asked_ns=stage.now_ns))
    assert state_of(stage) == "OPEN"
    assert of(CancelOrder, stage.admit(a_beat("second"), after_s=2)) != []


def test_an_order_seen_open_before_we_cancelled_it_is_still_being_cancelled():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"), order_ttl_s=10.0)
    stage.admit(a_beat("second"), after_s=10)
    assert stage.admit(a_report("open", asked_ns=at(9))) == []
    assert state_of(stage) == "CANCELLING"


def test_an_order_that_had_no_answer_long_after_it_could_leave_is_unknown():
    stage = a_stage_with_an_order()
    assert stage.admit(a_beat("second"), after_s=9.9) == []
    said = stage.admit(a_beat("second"), after_s=0.1)
    assert fields_of(said[0], "state") == ("UNKNOWN",)
    assert type(said[1]) is OrderQuery


def test_after_a_restart_every_order_on_its_way_is_unknown_and_asked_for():
    stage = a_stage_with_an_order()
    state, query = stage.admit(a_start(epoch=2))
    assert fields_of(state, "state", "open") == ("UNKNOWN", Decimal(1))
    assert query == OrderQuery(ID, "BTC-EUR", 1)


def test_bug_8_a_restart_names_new_orders_by_the_new_epoch():
    stage = a_stage_with_an_order(OrderRejected(ID, "no"))
    stage.admit(a_start(epoch=2, account_epoch=7))
    assert stage.admit(an_intent())[0].client_id == "k7-000001-00-0"


def test_i12_halted_cancels_every_open_order_at_once_and_again():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"))
    stage.admit(a_snapshot(an_open_order(client_id="manual", side="sell"), an_open_order(), asked_ns=at(1)), after_s=1)
    said = stage.admit(a_gate_state("HALTED", "by hand"))
    assert [each.client_id for each in of(CancelOrder, said)] == [ID, "manual"]
    assert of(CancelOrder, stage.admit(a_beat("second"), after_s=1)) == []
    assert len(of(CancelOrder, stage.admit(a_beat("second"), after_s=1))) == 2


def test_reducing_cancels_what_could_add_risk_and_leaves_what_reduces():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"))
    stage.admit(an_intent(symbol="ETH-EUR", side="sell", leg=1, reduce_only=True))
    said = stage.admit(a_gate_state("REDUCING", "feed is down"))
    assert [each.client_id for each in of(CancelOrder, said)] == [ID]


def test_an_order_halted_before_its_answer_is_cancelled_and_may_come_back_as_not_sent():
    stage = a_stage_with_an_order()
    assert len(of(CancelOrder, stage.admit(a_gate_state("HALTED")))) == 1
    stage.admit(OrderNotSent(ID, "cancelled before it was sent"))
    assert fields_of(stage.last(OrderState), "state", "open") == ("NOT_SENT", Decimal(0))


def test_f37_an_open_order_nobody_here_sent_is_adopted_as_exposure():
    stage = a_stage()
    said = stage.admit(a_snapshot(an_open_order(client_id="manual"), asked_ns=at(1)), after_s=1)
    assert fields_of(said[0], "client_id", "state", "open", "decision") == ("manual", "OPEN", Decimal(1), 0)
    execution = of(Execution, stage.admit(a_fill(client_id="manual", event_ns=at(2)), after_s=1))[0]
    assert fields_of(execution, "external", "quantity") == (True, Decimal(1))


def test_a_fill_of_a_stranger_is_booked_once_as_external():
    stage = a_stage()
    fill = a_fill(client_id="manual", event_ns=at(1))
    assert of(Execution, stage.admit(fill))[0].external is True
    assert stage.admit(fill) == []
    assert held(stage) == 1


def test_what_a_stranger_filled_before_the_opening_is_inside_the_opening():
    stage = a_stage()
    assert stage.admit(a_fill(client_id="manual", event_ns=NOON_NS)) == []
    assert stage.actors[0].state.memory.ignored == {"fill_before_opening": 1}


def test_an_open_order_missing_at_the_venue_is_asked_for_and_not_dropped():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"))
    said = stage.admit(a_snapshot(asked_ns=at(1)), after_s=1)
    assert of(OrderQuery, said) == [OrderQuery(ID, "BTC-EUR", 1)]
    assert state_of(stage) == "OPEN"


def test_bug_13_a_snapshot_asked_before_the_order_was_sent_says_nothing_about_it():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"))
    assert of(OrderQuery, stage.admit(a_snapshot(asked_ns=NOON_NS - 1), after_s=1)) == []


def test_a_snapshot_that_shows_an_unknown_order_proves_that_it_is_open():
    stage = a_stage_with_an_order(OrderUnknown(ID, "no answer"))
    stage.admit(a_snapshot(an_open_order(), asked_ns=at(1)), after_s=1)
    assert state_of(stage) == "OPEN"


def test_a_closed_order_that_rests_at_the_venue_is_exposure_again_and_is_cancelled():
    stage = a_stage_with_an_order(OrderRejected(ID, "no"))
    said = stage.admit(a_snapshot(an_open_order(), asked_ns=at(1)), after_s=1)
    assert fields_of(said[0], "state", "open") == ("REJECTED", Decimal(1))
    assert of(CancelOrder, said) != []


def test_f25_two_venue_ids_for_one_order_are_said():
    stage = a_stage_with_an_order(OrderAccepted(ID, "v1"))
    said = stage.admit(OrderAccepted(ID, "v2"))
    assert said[0].reason == "the venue took it twice: as v1 and as v2"


def test_answers_about_orders_nobody_knows_are_counted_by_kind():
    stage = a_stage()
    stage.admit(OrderAccepted("k1-000009-00-0", "v1"))
    stage.admit(OrderCancelled("k1-000009-00-0", Decimal(0)))
    counted = {"OrderAccepted_of_unknown_order": 1, "OrderCancelled_of_unknown_order": 1}
    assert stage.actors[0].state.memory.ignored == counted


def test_settled_orders_are_forgotten_oldest_first_and_their_fills_are_repetitions(monkeypatch):
    monkeypatch.setattr("actors.execution.memory.ORDERS_KEPT", 3)
    stage = a_stage()
    for decision in range(1, 7):
        stage.admit(an_intent(decision=decision))
        stage.admit(a_fill(client_id=f"k1-{decision:06d}-00-0", trade_id=f"t{decision}"))
    memory = stage.actors[0].state.memory
    assert (len(memory.working), len(memory.done), memory.forgotten) == (0, 3, (1, 3))
    assert stage.admit(a_fill(client_id="k1-000002-00-0", trade_id="t2", event_ns=at(9))) == []
    assert held(stage) == 6


@pytest.mark.parametrize("state", [*LEGAL])
@pytest.mark.parametrize("target", [*LEGAL])
def test_i7_the_table_of_legal_steps_is_enforced(state, target):
    tracked: Tracked = sending(an_order(), NOON_NS)
    tracked.state = state
    tracked.query_ns = 1
    if target == state or target in LEGAL[state]:
        tracked.step(target)
        assert tracked.state == target
    else:
        with pytest.raises(AssertionError, match=f"{state} to {target}"):
            tracked.step(target)
    assert state in ALIVE or LEGAL[state] == (), "what has ended stays ended"


def test_a_snapshot_of_the_desk_makes_an_equal_twin():
    stage = a_stage_with_an_order(OrderUnknown(ID, "no answer"))
    stage.admit(an_intent(symbol="ETH-EUR", leg=1))
    stage.admit(a_fill(client_id="manual", event_ns=at(2)))
    round_trips(stage.actors[0], ExecutionDesk(desk_settings()))


@pytest.mark.parametrize("name", ["order_ttl_s", "answer_s", "query_first_s", "query_s_max", "cancel_retry_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_a_duration_that_is_no_limit_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"{name} was"):
        desk_settings(**{name: value})
