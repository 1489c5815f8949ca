"""Initialization: what is said before the first beat, how trading begins, and how a second process takes up a run."""

from functools import cache

import numpy as np

from contracts.belief import FeatureFrame, SignalFrame
from contracts.decision import DecisionLog, GateState, Intent
from contracts.life import Beat, RunStarted
from contracts.market import BarHistory, BookSnapshot, FeedStatus, FxMark, UniverseChanged
from contracts.quantities import SECOND_NS
from contracts.trade import Fill, Order, OrderQuery, OrderState, Reconciled, VenueSnapshot
from tests.characterization.runs import a_quick_profile, calm
from tests.kit.lives import Life
from tests.kit.worlds import Run, a_profile, last, said, simulate

Lives = tuple[Life, Life]


@cache
def cold() -> Run:
    """A market of which hardly anything is known."""
    return simulate(a_quick_profile(feed__warmup_bars=1), seconds=2.5, checked=False)


@cache
def warm() -> Run:
    """The canary as it is shipped, for one decision."""
    return simulate(a_profile(), seconds=1.1, checked=False)


def of(life: Life, kind: type) -> list:
    return [each for each in life.envelopes if type(each.payload) is kind]


def test_the_process_the_universe_the_history_and_the_rates_come_first_and_in_this_order() -> None:
    outside = [type(each.payload) for each in calm().envelopes if each.cause == 0]
    assert outside[:7] == [RunStarted, UniverseChanged, BarHistory, FxMark, FxMark, FxMark, FeedStatus]


def test_no_beat_before_the_history() -> None:
    run = calm()
    assert run.of(BarHistory)[0].seq < run.of(Beat)[0].seq
    assert run.of(UniverseChanged)[0].seq < run.of(BookSnapshot)[0].seq


def test_the_first_beat_is_number_one_on_the_grid_of_the_cadence() -> None:
    beat = calm().of(Beat)[0]
    assert (beat.payload.kind, beat.payload.number) == ("signal", 1)
    assert beat.at_ns % SECOND_NS == 0


def test_every_rate_of_the_profile_is_said_before_anything_is_valued() -> None:
    rates = {each.currency: each.rate for each in said(calm(), FxMark)}
    assert rates == calm().profile.feed.fx


def test_the_history_ends_before_the_run_begins_and_is_as_long_as_asked() -> None:
    history = said(warm(), BarHistory)[0]
    assert len(history.close_ns) == warm().profile.feed.warmup_bars == 300
    assert int(history.close_ns[-1]) <= warm().profile.simulated.start_ns
    assert (np.diff(history.close_ns.values) == 60 * SECOND_NS).all()
    assert history.close.values.shape == (300, 3)


def test_the_account_goes_from_reconciling_to_trading_and_says_what_is_missing_on_the_way() -> None:
    states = said(calm(), GateState, before_s=1.0)
    assert list(dict.fromkeys(each.state for each in states)) == ["RECONCILING", "REDUCING", "TRADING"]
    assert states[0].reasons[:3] == (
        "no venue is connected",
        "books and venue have not been found to agree",
        "no feed is connected",
    )
    assert [len(each.reasons) for each in states][-1] == 0


def test_trading_begins_only_after_the_venue_was_asked_and_found_to_agree() -> None:
    run = calm()
    trading = next(each for each in run.of(GateState) if each.payload.state == "TRADING")
    snapshot, reconciled = run.of(VenueSnapshot)[0], run.of(Reconciled)[0]
    assert snapshot.seq < reconciled.seq < trading.seq < run.of(Order)[0].seq
    assert reconciled.payload.agreed


def test_with_its_history_no_feature_of_bars_is_cold() -> None:
    frame = said(warm(), FeatureFrame)[0]
    assert frame.cold == ("spread_z", "upd_rate_z", "depth_z")
    sure = {each.agent for each in said(warm(), SignalFrame) if np.isfinite(each.mu.values).all()}
    assert sure >= {"momentum", "order_flow"}


def test_without_a_history_what_is_cold_is_named_and_nothing_is_believed_of_it() -> None:
    frame = said(cold(), FeatureFrame)[0]
    assert {"ret_1", "ret_60", "ewma_vol"} <= set(frame.cold)
    reversion = [each for each in said(cold(), SignalFrame) if each.agent == "reversion"]
    assert reversion
    assert all(np.isnan(each.mu.values).all() for each in reversion)


def test_a_cold_bot_decides_every_second_to_do_nothing() -> None:
    assert len(said(cold(), DecisionLog)) == 2
    assert (said(cold(), Intent), said(cold(), Order)) == ([], [])


def test_a_second_process_replays_the_first_and_goes_on_in_the_same_run(two_lives: Lives) -> None:
    first, second = two_lives
    assert second.recovered is not None
    assert second.recovered.to_seq == first.system.bus.seq
    assert second.opened.name == first.opened.name
    assert second.envelopes[0].seq == first.system.bus.seq + 1
    assert (second.opened.epoch, second.opened.account_epoch) == (2, 2)


def test_the_first_word_of_the_second_process_is_its_start(two_lives: Lives) -> None:
    started = two_lives[1].envelopes[0].payload
    assert isinstance(started, RunStarted)
    assert (started.epoch, started.run) == (2, "canary-000001")


def test_orders_that_were_on_their_way_are_unknown_and_asked_for_at_once(two_lives: Lives) -> None:
    first, second = two_lives
    sending = {name for name, order in first.system.report.orders.items() if order.state == "SENDING"}
    assert sending
    turn = [each for each in second.envelopes if each.turn == second.envelopes[0].turn]
    unknown = {each.payload.client_id for each in turn if isinstance(each.payload, OrderState)}
    assert unknown == {each.payload.client_id for each in turn if isinstance(each.payload, OrderQuery)} == sending


def test_a_second_process_trades_only_after_it_has_asked_the_venue(two_lives: Lives) -> None:
    second = two_lives[1]
    states = list(dict.fromkeys(each.payload.state for each in of(second, GateState)))
    assert states[:3] == ["RECOVERING", "RECONCILING", "TRADING"]
    trading = next(each for each in of(second, GateState) if each.payload.state == "TRADING")
    assert of(second, VenueSnapshot)[0].seq < trading.seq < of(second, Order)[0].seq


def test_what_filled_while_nobody_was_there_is_booked_once(two_lives: Lives) -> None:
    first, second = two_lives
    booked = {each.payload.trade_id for each in of(first, Fill)}
    again = [each for each in of(second, Fill) if each.payload.trade_id in booked]
    assert again
    for repeated in again:
        assert [each for each in second.envelopes if each.turn == repeated.turn] == [repeated]


def test_the_positions_of_the_second_process_are_the_venues(two_lives: Lives) -> None:
    second = two_lives[1]
    here = {name: each.quantity for name, each in second.system.report.positions.items() if each.quantity}
    assert here == {name: quantity for name, quantity in second.broker.snapshot(0).positions.items() if quantity}


def test_the_second_process_names_its_orders_by_its_own_epoch(two_lives: Lives) -> None:
    first, second = two_lives
    assert {each.payload.client_id[:3] for each in of(first, Order)} == {"k1-"}
    assert {each.payload.client_id[:3] for each in of(second, Order)} == {"k2-"}
    decisions = [each.payload.decision for each in (*of(first, DecisionLog), *of(second, DecisionLog))]
    assert decisions == list(range(1, len(decisions) + 1))


def test_the_last_word_of_the_feed_is_that_it_is_live() -> None:
    assert last(calm(), FeedStatus).state == "live"
