"""The sentinel: one state of the account, every reason for it, and latches that only a human opens."""

from decimal import Decimal

import pytest

from actors.sentinel import Sentinel
from contracts.decision import Flatten, GateState, Halt, Resume
from contracts.life import ActorFailed, ClockStepped, GatewayFailed, LoopStalled, Stopping
from contracts.market import FeedStatus
from contracts.trade import OrderAccepted, OrderRejected, Reconciled, VenueStatus
from tests.kit.market import a_beat, a_universe_changed
from tests.kit.orders import (
    Stage,
    a_snapshot,
    a_start,
    an_equity,
    an_execution,
    an_order_state,
    marks_of,
    round_trips,
)
from tests.kit.risk import sentinel_settings

D = Decimal
AGREED = Reconciled(agreed=True, settled=True, mismatches=(), snapshot_seq=1)
DIFFERS = Reconciled(agreed=False, settled=True, mismatches=("EUR: 1 here, 2 at the venue",), snapshot_seq=1)
IN_FLIGHT = Reconciled(agreed=False, settled=False, mismatches=("EUR: 1 here, 2 at the venue",), snapshot_seq=1)
LIVE = VenueStatus("paper", "live", "")
FEED = FeedStatus("test", "live", 1, ("BTC-EUR", "ETH-EUR"), "")
RESUME = Resume("ops", "checked")


def a_stage(*messages, sentinel=None, epoch=1, **changed):
    stage = Stage(sentinel or Sentinel(sentinel_settings(**changed)))
    for message in messages or (
        a_start(epoch=epoch),
        a_universe_changed(),
        FEED,
        LIVE,
        a_snapshot(),
        AGREED,
        an_equity(),
    ):
        stage.admit(message)
    return stage


def now(stage):
    return stage.actors[0].state.said


def test_a_first_start_reconciles_and_then_trades():
    stage = Stage(Sentinel(sentinel_settings()))
    states = [stage.admit(each)[-1:] for each in (a_start(), FEED, LIVE, a_snapshot(), an_equity(), AGREED)]
    assert [said[0].state for said in states if said] == ["RECONCILING"] * 4 + ["TRADING"]
    assert now(stage) == GateState("TRADING", (), ())


def test_a_restart_recovers_until_the_venue_has_been_asked():
    stage = a_stage(a_start(epoch=2), FEED, LIVE, an_equity())
    assert now(stage).state == "RECOVERING"
    stage.admit(a_snapshot())
    assert now(stage).state == "RECONCILING"
    stage.admit(AGREED)
    assert now(stage).state == "TRADING"


def test_the_state_is_said_when_it_or_a_reason_changes_and_only_then():
    stage = a_stage()
    assert stage.admit(a_beat("second")) == []
    assert stage.admit(AGREED) == []
    assert len(stage.admit(FeedStatus("test", "down", 1, (), ""))) == 1
    assert stage.admit(FeedStatus("test", "down", 2, (), "again")) == []


def test_every_reason_is_listed():
    stage = a_stage()
    stage.admit(FeedStatus("test", "down", 1, (), ""))
    stage.admit(an_equity(complete=False))
    stage.admit(an_equity("489", complete=False))
    assert now(stage).state == "REDUCING"
    assert now(stage).reasons == (
        "loss of the day 11.00 EUR, at most 10.00 EUR",
        "feed test is down",
        "equity is not complete",
    )


def test_c18_a_mismatch_stops_new_orders_and_the_second_in_a_row_halts():
    stage = a_stage()
    stage.admit(DIFFERS)
    assert now(stage).state == "RECONCILING"
    stage.admit(DIFFERS, after_s=9.9)
    assert now(stage).state == "RECONCILING", "a venue may be behind itself for a moment"
    stage.admit(DIFFERS, after_s=0.1)
    assert now(stage).state == "HALTED"
    assert now(stage).reasons[0] == "books and venue differ: EUR: 1 here, 2 at the venue"
    stage.admit(AGREED)
    assert now(stage).state == "HALTED", "agreement does not explain what was"


def test_c18_a_mismatch_that_goes_away_is_forgotten():
    stage = a_stage()
    for message in (DIFFERS, AGREED, DIFFERS):
        stage.admit(message, after_s=30)
    assert now(stage).state == "RECONCILING"


def test_a_difference_while_orders_are_in_flight_proves_nothing():
    stage = a_stage()
    for _ in range(5):
        stage.admit(IN_FLIGHT)
    assert now(stage).state == "TRADING"
    again = a_stage(a_start(epoch=2), FEED, LIVE, an_equity(), a_snapshot(), IN_FLIGHT)
    assert now(again).state == "RECONCILING", "and it is no agreement either"


def test_f45_a_venue_that_was_away_is_reconciled_again():
    stage = a_stage()
    stage.admit(VenueStatus("paper", "down", "reset"))
    stage.admit(LIVE)
    assert now(stage).state == "RECONCILING"
    stage.admit(AGREED)
    assert now(stage).state == "TRADING"


def test_one_stale_symbol_is_a_matter_of_that_symbol_and_a_dead_feed_one_of_the_account():
    stage = a_stage()
    stage.admit(FeedStatus("test", "stale", 1, ("BTC-EUR",), ""))
    assert now(stage).state == "TRADING"
    stage.admit(FeedStatus("test", "stale", 1, ("ETH-EUR",), ""))
    assert now(stage).reasons == ("feed test is stale",)
    stage.admit(FeedStatus("test", "live", 2, ("ETH-EUR",), ""))
    assert now(stage).state == "TRADING"


def test_c11_the_daily_loss_latches_at_one_cent_above_its_limit():
    stage = a_stage()
    stage.admit(an_equity("490.00"))
    assert now(stage).state == "TRADING"
    stage.admit(an_equity("489.99"))
    assert now(stage) == GateState("REDUCING", ("loss of the day 10.01 EUR, at most 10.00 EUR",), ("loss",))


def test_a_loss_that_is_said_again_in_the_same_words_latches_again_after_a_resume():
    stage, lost = a_stage(), an_equity("489")
    stage.admit(lost)
    stage.admit(RESUME)
    assert now(stage).state == "TRADING"
    stage.admit(lost)
    assert now(stage).latches == ("loss",)


def test_i17_the_loss_latch_survives_recovery_of_value_midnight_and_restart():
    stage = a_stage()
    stage.admit(an_equity("489"))
    stage.admit(an_equity("500"))
    stage.admit(an_equity("489", day=20_455, day_start=D(489)), after_s=86_400)
    assert now(stage).state == "REDUCING"
    reborn = Sentinel(sentinel_settings())
    reborn.restore(stage.actors[0].snapshot())
    again = a_stage(a_start(epoch=2), FEED, LIVE, a_snapshot(), AGREED, an_equity(), sentinel=reborn)
    assert now(again).latches == ("loss",)
    again.admit(RESUME)
    assert now(again).state == "TRADING"


def test_the_drawdown_from_the_peak_halts():
    stage = a_stage(loss_max=D(400))
    stage.admit(an_equity("450", peak=D(500)))
    assert now(stage).state == "TRADING"
    stage.admit(an_equity("449.99", peak=D(500)))
    assert now(stage).state == "HALTED"
    assert now(stage).reasons == ("drawdown 10.00%, at most 10.00%",)


def test_i12_a_halt_is_latched_through_everything_but_a_resume():
    stage = a_stage()
    said = stage.admit(Halt("ops", "drill"))
    assert said == [GateState("HALTED", ("halted by ops: drill",), ("halt",))]
    for message in (
        AGREED,
        an_equity(),
        FEED,
        LIVE,
        a_snapshot(),
        a_beat("second"),
        a_start(epoch=2),
        a_snapshot(),
        AGREED,
    ):
        stage.admit(message)
        assert now(stage).state == "HALTED"
    assert "HALTED" not in [each.state for each in stage.admit(RESUME)]


def test_bug_30_a_restart_from_the_snapshot_is_still_halted():
    stage = a_stage()
    stage.admit(Halt("ops", "drill"))
    reborn = Sentinel(sentinel_settings())
    round_trips(stage.actors[0], reborn)
    again = Stage(reborn)
    assert again.admit(a_start(epoch=2))[0].state == "HALTED"


def test_a_latch_never_hides_behind_another_state():
    stage = a_stage(a_start(epoch=2))
    stage.admit(Halt("ops", "during recovery"))
    assert now(stage).state == "HALTED"


def test_flatten_reduces_until_resume():
    stage = a_stage()
    stage.admit(Flatten("ops", "weekend"))
    assert now(stage) == GateState("REDUCING", ("flattened by ops: weekend",), ("flatten",))
    stage.admit(RESUME)
    assert now(stage).state == "TRADING"


def test_c6_more_orders_than_may_be_in_the_window_latch():
    stage = a_stage(orders_max=3)
    for number in range(3):
        stage.admit(an_order_state("SENDING", client_id=f"k1-{number:06d}-00-0"), after_s=1)
    assert now(stage).state == "TRADING"
    stage.admit(an_order_state("SENDING", client_id="k1-000009-00-0"))
    assert now(stage).reasons == ("4 orders in 60 s, at most 3",)


def test_c6_orders_outside_of_the_window_do_not_count():
    stage = a_stage(orders_max=1)
    stage.admit(an_order_state("SENDING"))
    stage.admit(an_order_state("SENDING", client_id="k1-000002-00-0"), after_s=60)
    assert now(stage).state == "TRADING"


def test_c6_more_fills_than_may_be_in_the_window_latch():
    stage = a_stage(fills_max=1)
    stage.admit(an_execution())
    stage.admit(an_execution(trade_id="t2"))
    assert now(stage).reasons == ("2 fills in 60 s, at most 1",)


def test_c19_rejects_in_a_row_halt_and_an_acceptance_starts_again():
    stage = a_stage()
    answers = [OrderRejected("a", "no")] * 3 + [OrderAccepted("b", "v")] + [OrderRejected("c", "no")] * 3
    for answer in answers:
        stage.admit(answer)
    assert now(stage).state == "TRADING"
    stage.admit(OrderRejected("d", "no"))
    assert now(stage).reasons == ("4 orders in a row rejected, at most 3",)
    assert now(stage).state == "HALTED"


def test_c19_a_share_of_rejects_above_its_limit_halts():
    stage = a_stage(rejects_window=4)
    for answer in (
        OrderRejected("a", "no"),
        OrderAccepted("b", "v"),
        OrderRejected("c", "no"),
        OrderAccepted("d", "v"),
    ):
        stage.admit(answer)
    assert now(stage).state == "TRADING", "half of them, which may be"
    stage.admit(OrderRejected("e", "no"))
    stage.admit(OrderRejected("f", "no"))
    assert now(stage).reasons == ("3 of the last 4 orders rejected, at most 50%",)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (an_execution(price=D("105.01")), "fill t1 of BTC-EUR: price 5.01% from the mark, at most 5.00%"),
        (an_execution(fee=D("2.01")), "fill t1 of BTC-EUR: fee 2.01% of the notional, at most 2.00%"),
        (an_execution(price=D(0)), "fill t1 of BTC-EUR: 1 at 0, expected more than 0"),
        (an_order_state("FILLED", filled=D("1.5"), open=D(0)), "k1-000001-00-0 filled 1.5 of 1"),
        (an_order_state("REJECTED", filled=D("0.5"), open=D(0)), "k1-000001-00-0 is REJECTED and filled 0.5"),
        (an_order_state(reason="the venue took it twice: as v1 and as v2"), None),
        (an_execution(external=True, client_id="manual"), "manual of BTC-EUR is not ours and was filled"),
    ],
)
def test_c20_f25_f32_f37_what_no_venue_does_by_right_halts(message, text):
    stage = a_stage()
    stage.admit(marks_of(100.0, 100.0))
    stage.admit(message)
    assert now(stage).state == "HALTED"
    assert text is None or now(stage).reasons == (text,)


@pytest.mark.parametrize("fine", [an_execution(price=D(105)), an_execution(fee=D(2)), an_execution(symbol="SOL-EUR")])
def test_c20_a_fill_at_its_limits_is_fine(fine):
    stage = a_stage()
    stage.admit(marks_of(100.0, 100.0))
    stage.admit(fine)
    assert now(stage).state == "TRADING"


def test_external_fills_may_be_allowed_by_the_profile():
    stage = a_stage(external_halts=False)
    stage.admit(an_execution(external=True))
    assert now(stage).state == "TRADING"


def test_a_fill_of_an_order_that_an_earlier_run_kept_open_does_not_halt():
    stage = a_stage()
    stage.admit(a_start(epoch=1, account_epoch=5))
    for message in (FEED, LIVE, a_snapshot(), AGREED, an_equity()):
        stage.admit(message)
    stage.admit(an_execution(external=True, client_id="k4-000007-00-0"))
    assert now(stage).state == "TRADING"
    stage.admit(an_execution(external=True, client_id="k5-000007-00-0"))
    assert now(stage).state == "HALTED"


def spent(actor, group):
    return ActorFailed(actor=actor, group=group, error="boom", input_seq=1, failures=9, retry_ns=0, spent=True)


@pytest.mark.parametrize(
    ("message", "state"),
    [
        (spent("momentum", "beliefs"), "TRADING"),
        (spent("feature_engine", "beliefs"), "REDUCING"),
        (spent("selector", "choice"), "REDUCING"),
        (spent("marker", "market"), "REDUCING"),
        (GatewayFailed("feed", "feeds", "boom", 9, True), "REDUCING"),
        (GatewayFailed("mirror", "mirrors", "boom", 9, True), "TRADING"),
        (GatewayFailed("orders", "orders", "boom", 1, False), "RECONCILING"),
        (GatewayFailed("orders", "orders", "boom", 9, True), "HALTED"),
    ],
)
def test_what_is_not_restarted_any_more_limits_the_account(message, state):
    stage = a_stage()
    stage.admit(message)
    assert now(stage).state == state


def test_i26_a_restart_of_the_process_brings_gateways_back_and_no_actor_that_was_given_up():
    stage = a_stage()
    stage.admit(spent("selector", "choice"))
    stage.admit(GatewayFailed("feed", "feeds", "boom", 9, True))
    for message in (a_start(epoch=2), FEED, LIVE, a_snapshot(), AGREED, an_equity()):
        stage.admit(message)
    assert now(stage) == GateState("REDUCING", ("selector is not restarted any more (choice)",), ())


@pytest.mark.parametrize("message", [LoopStalled(0.3), ClockStepped(600_000_000)])
def test_i28_after_a_stall_or_a_clock_step_order_entry_is_closed_for_a_while(message):
    stage = a_stage()
    stage.admit(message)
    assert now(stage).state == "REDUCING"
    stage.admit(a_beat("second"), after_s=4.9)
    assert now(stage).state == "REDUCING"
    stage.admit(a_beat("second"), after_s=0.1)
    assert now(stage).state == "TRADING"


@pytest.mark.parametrize("kind", ["signal", "second"])
def test_i14_i30_while_time_stands_still_nothing_new_is_opened(kind):
    stage = a_stage()
    stage.admit(a_beat(kind))
    assert now(stage).state == "TRADING"
    stage.admit(a_beat(kind))
    assert now(stage).state == "REDUCING"
    assert now(stage).reasons[0].startswith("time stands still")
    stage.admit(a_beat(kind), after_s=1)
    assert now(stage).state == "TRADING"


@pytest.mark.parametrize(("back_ns", "way"), [(600_000_000, "back"), (-600_000_000, "forward")])
def test_a_step_of_the_clock_is_named_with_its_direction(back_ns, way):
    stage = a_stage()
    stage.admit(ClockStepped(back_ns))
    assert now(stage).reasons == (f"the clock went {way} by 0.600 s",)


def test_an_end_that_flattens_is_one_reason():
    stage = a_stage()
    stage.admit(Stopping("flatten", "SIGTERM"))
    assert now(stage) == GateState("REDUCING", ("the process is ending: SIGTERM",), ("flatten",))


def test_outside_of_the_trading_windows_the_account_only_reduces():
    stage = a_stage(windows=("12:00-12:01",))
    assert now(stage).state == "TRADING"
    stage.admit(a_beat("second"), after_s=60)
    assert now(stage).reasons == ("outside of the trading windows",)


@pytest.mark.parametrize("text", ["", "8-17", "25:00-26:00", "12:60-13:00", "someday 08:00-09:00", "08:00"])
def test_a_window_that_cannot_be_read_is_refused_by_its_text(text):
    with pytest.raises(ValueError, match="trading window was"):
        sentinel_settings(windows=(text,))


@pytest.mark.parametrize(
    "name",
    [each for each in sentinel_settings().__struct_fields__ if each not in ("windows", "external_halts")],
)
def test_a_limit_of_zero_or_less_or_no_number_is_refused_by_name(name):
    kind = type(getattr(sentinel_settings(), name))
    for value in (0, -1, "NaN", "Infinity"):
        if kind is int and isinstance(value, str):
            continue
        with pytest.raises(ValueError, match=f"{name} was"):
            sentinel_settings(**{name: kind(value)})


def test_a_process_that_ends_reduces_and_its_successor_trades_again():
    stage = a_stage()
    stage.admit(Stopping("cancel", "SIGTERM"))
    assert now(stage) == GateState("REDUCING", ("the process is ending: SIGTERM",), ())
    for message in (a_start(epoch=2), FEED, LIVE, a_snapshot(), AGREED):
        stage.admit(message)
    assert now(stage).state == "TRADING"


def test_a_process_that_ends_flat_latches_it_for_itself_only():
    stage = a_stage()
    stage.admit(Stopping("flatten", "SIGTERM"))
    assert now(stage).latches == ("flatten",)
    stage.admit(a_start(epoch=2))
    assert now(stage).latches == ()


def test_a_principals_flatten_outlives_the_process():
    stage = a_stage()
    stage.admit(Flatten("ops", "holiday"))
    stage.admit(Stopping("cancel", "SIGTERM"))
    stage.admit(a_start(epoch=2))
    assert now(stage).latches == ("flatten",)
