"""Feature toggles: what a profile switches on and off, and that everything else stays as it was."""

from decimal import Decimal
from functools import cache, partial
from typing import Any

import msgspec

from actors.risk.settings import CanaryRiskSettings, RiskSettings
from contracts.belief import SignalFrame, Slate
from contracts.decision import DecisionLog, Flatten, GateState, Halt, Intent, Refusal, Resume
from contracts.life import Stopping
from contracts.market import FeedStatus
from contracts.trade import CancelOrder, Execution, Fill, Order, OrderNotSent, OrderUnknown
from tests.characterization.runs import a_quick_profile, calm, rough
from tests.kit.worlds import Run, last, said, simulate

run_of = partial(simulate, checked=False)

NO_LIMITS: dict[str, Any] = {
    **dict.fromkeys(
        ("risk__order_notional_max", "risk__gross_notional_max", "risk__net_notional_max", "risk__open_notional_max"),
        "100000",
    ),
    **dict.fromkeys(("risk__symbol_notional_max", "risk__cluster_notional_max"), "100000"),
    "risk__share_max": 1.0,
    "risk__cvar_budget_ratio": 1.0,
    "risk__kelly_fraction": 1.0,
    "risk__cash_reserve": "0",
}
"""A profile in which every limit is wrong."""


@cache
def dry() -> Run:
    return run_of(a_quick_profile(orders__dry_run=True), seconds=1.9)


@cache
def out_of_hours() -> Run:
    """It is Thursday noon; risk may be taken on Thursday mornings."""
    return run_of(a_quick_profile(sentinel__windows=["thu 07:00-09:00"]), seconds=1.9)


@cache
def alone() -> Run:
    """One agent of three."""
    profile = a_quick_profile()
    agents = {"order_flow": profile.agents["order_flow"]}
    return run_of(msgspec.structs.replace(profile, agents=agents), seconds=1.05)


@cache
def stopped_in_flight(policy: str) -> Run:
    """Asked to stop while orders are on their way."""
    return run_of(a_quick_profile(process__on_stop=policy), seconds=1.05)


@cache
def stopped_flat() -> Run:
    """Asked to stop, and to be flat, while positions are held."""
    return run_of(a_quick_profile(process__on_stop="flatten"), seconds=1.6)


@cache
def halted() -> Run:
    """Halted while orders are on their way, resumed a little later."""
    acts = {
        1.05: lambda system: system.admit_as_operator(Halt("uid 7", "look first")),
        3.5: lambda system: system.admit_as_operator(Resume("uid 7", "looked")),
    }
    return run_of(a_quick_profile(), seconds=4.9, acts=acts)


@cache
def flattened() -> Run:
    acts = {1.6: lambda system: system.admit_as_operator(Flatten("uid 7", "enough"))}
    return run_of(a_quick_profile(), seconds=4.9, acts=acts)


def test_a_dry_run_decides_like_a_real_one_and_names_the_same_orders() -> None:
    real = calm()
    first = [each for each in said(real, Order) if each.decision == 1]
    assert first == [each for each in said(dry(), Order) if each.decision == 1]


def test_a_dry_run_sends_nothing_and_says_so_of_every_order() -> None:
    run = dry()
    assert said(run, Fill) == []
    assert {each.reason for each in said(run, OrderNotSent)} == {"dry run"}
    assert len(said(run, OrderNotSent)) == len(said(run, Order)) > 0
    venue: Any = run.outside.venue
    assert venue._venue.broker.fills_since(0)[0] == ()


def test_a_dry_run_keeps_its_money() -> None:
    assert str(dry().system.report.as_json()["equity_eur"]) == "500.00000000"


def test_outside_of_its_trading_windows_the_account_is_reducing_and_opens_nothing() -> None:
    run = out_of_hours()
    assert last(run, GateState).state == "REDUCING"
    assert "outside of the trading windows" in last(run, GateState).reasons
    assert (said(run, Intent), said(run, Order)) == ([], [])


def test_outside_of_its_trading_windows_every_refusal_names_the_window() -> None:
    reasons = [reason for each in said(out_of_hours(), Refusal) for reason in each.reasons if reason.control == "C16"]
    assert len(reasons) == len(said(out_of_hours(), Refusal)) > 0
    assert all("outside of the trading windows" in reason.text for reason in reasons)


def test_outside_of_its_trading_windows_beliefs_and_decisions_go_on() -> None:
    run = out_of_hours()
    assert len(said(run, Slate)) == len(said(run, DecisionLog)) == 1


def test_inside_of_its_trading_windows_nothing_changes() -> None:
    run = run_of(a_quick_profile(sentinel__windows=["thu 11:00-13:00"]), seconds=1.05)
    assert said(run, Order) == [each for each in said(calm(), Order) if each.decision == 1]


def test_on_stop_is_said_with_its_reason_before_the_end() -> None:
    for policy in ("keep", "cancel"):
        assert last(stopped_in_flight(policy), Stopping) == Stopping(policy, "ran for 1.05 s")


def test_on_stop_keep_sells_nothing() -> None:
    run = stopped_in_flight("keep")
    assert not run.system.report.is_flat()
    assert said(run, Order, after_s=1.05) == []
    assert run.ending.exit_code == 0


def test_on_stop_cancel_asks_the_venue_to_cancel_what_is_alive() -> None:
    run = stopped_in_flight("cancel")
    assert {each.client_id for each in said(run, CancelOrder, after_s=1.05)} == {
        each.client_id for each in said(run, Order)
    }


def test_on_stop_cancel_ends_with_no_order_alive_and_keeps_what_filled_meanwhile() -> None:
    run = stopped_in_flight("cancel")
    assert run.system.report.orders == {}
    assert not run.system.report.is_flat()
    assert run.ending.exit_code == 0


def test_on_stop_flatten_closes_every_position_with_reducing_orders() -> None:
    run = stopped_flat()
    closing = said(run, Order, after_s=1.6)
    assert run.system.report.is_flat()
    assert closing
    assert all(order.reduce_only for order in closing)
    assert run.seconds(run.envelopes[-1].at_ns) < 5.0


def test_whatever_the_policy_no_new_risk_is_taken_after_the_word_to_stop() -> None:
    for run in (stopped_in_flight("keep"), stopped_in_flight("cancel"), stopped_flat(), calm()):
        at = run.of(Stopping)[0].seq
        assert [each for each in run.of(Intent) if each.seq > at and not each.payload.reduce_only] == []


def test_a_halt_cancels_what_is_alive_and_nothing_new_is_sent_until_a_resume() -> None:
    run = halted()
    assert [each.state for each in said(run, GateState, after_s=1.05, before_s=3.5)] == ["HALTED"]
    assert len(said(run, CancelOrder, after_s=1.05, before_s=1.1)) == len(said(run, Order, before_s=1.05)) > 1
    assert said(run, Order, after_s=1.05, before_s=3.5) == []


def test_a_resume_clears_the_latch_and_trading_goes_on() -> None:
    states = said(halted(), GateState, after_s=3.5, before_s=4.9)
    assert [(each.state, each.latches) for each in states] == [("TRADING", ())]
    assert "C16" not in [reason.control for each in said(halted(), Refusal, after_s=3.5) for reason in each.reasons]


def test_flatten_closes_the_book_and_stays_latched() -> None:
    run = flattened()
    assert run.system.report.is_flat()
    assert {each.reduce_only for each in said(run, Order, after_s=1.6)} == {True}
    assert "flatten" in last(run, GateState).latches


def test_an_agent_that_is_not_in_the_profile_is_not_in_the_run() -> None:
    run = alone()
    assert {each.agent for each in said(run, SignalFrame)} == {"order_flow"}
    assert last(run, Slate).agents == ("order_flow",)
    assert [cell.name for cell in run.system.bus.cells if cell.role == "agent"] == ["order_flow"]


def test_one_agent_says_the_same_whoever_else_is_there() -> None:
    mine = said(alone(), SignalFrame)[0]
    among_others = next(each for each in said(calm(), SignalFrame) if each.agent == "order_flow")
    assert (mine.mu, mine.sigma, mine.confidence) == (among_others.mu, among_others.sigma, among_others.confidence)


def test_without_weather_nothing_goes_wrong() -> None:
    run = calm()
    assert {each.state for each in said(run, FeedStatus)} == {"connecting", "live"}
    assert said(run, OrderUnknown) == []
    outside: Any = run.outside
    assert set(outside.feed.counts.values()) == set(outside.venue.counts.values()) == {0}


def test_with_weather_it_does_and_the_books_are_right_all_the_same() -> None:
    run = rough()
    assert "gap" in {each.state for each in said(run, FeedStatus)}
    venue: Any = run.outside.venue
    assert sum(venue.counts.values()) > 0
    fills = {(each.symbol, each.trade_id) for each in said(run, Fill)}
    assert len(said(run, Execution)) == len(fills)


def test_a_canary_cannot_send_a_large_order_even_if_every_limit_is_wrong() -> None:
    run = run_of(a_quick_profile(**NO_LIMITS), seconds=1.05)
    assert [each for each in said(run, Intent) if each.notional > 100] == []
    assert "C2" in [reason.control for each in said(run, Refusal) for reason in each.reasons]


def test_paper_with_the_same_limits_does_what_they_say() -> None:
    run = run_of(a_quick_profile("paper", **NO_LIMITS), seconds=1.05)
    assert max(each.notional for each in said(run, Intent)) > 100


def test_the_ceilings_belong_to_the_canary_alone() -> None:
    canary, paper = a_quick_profile(**NO_LIMITS).limits, a_quick_profile("paper", **NO_LIMITS).limits
    assert type(canary) is CanaryRiskSettings
    assert type(paper) is RiskSettings
    assert (canary.order_ceiling(), canary.gross_ceiling()) == (Decimal(100), Decimal(500))
    assert (paper.order_ceiling(), paper.gross_ceiling()) == (Decimal(100_000), Decimal(100_000))
