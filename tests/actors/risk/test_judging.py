"""All controls on one proposal, on top of what passed before it."""

from decimal import Decimal

from actors.risk.judging import Judge, signed
from actors.risk.proposals import Proposal, priced
from actors.risk.reserved import Reserved, said_of
from contracts.decision import Verdict
from tests.kit.beliefs import a_pick, a_selection
from tests.kit.market import NOON_NS, at
from tests.kit.orders import an_equity, of
from tests.kit.risk import a_gate_stage, risk_settings

D = Decimal


def a_case(stage=None):
    gate = (stage or a_gate_stage()).actors[0]
    return gate.case(NOON_NS, ["BTC-EUR", "ETH-EUR"])


def a_proposal(case, symbol="BTC-EUR", notional=40.0):
    return priced(case.view, 0, symbol, "buy", notional, D(0), risk_settings(), "")


def controls(proposal, case, reserved, **changed):
    judge = Judge(case, reserved, risk_settings(**changed))
    return [reason.control for reason in judge.reasons_against(proposal)]


def test_nothing_is_against_a_proposal_within_every_limit():
    case = a_case()
    assert controls(a_proposal(case), case, Reserved(case, [], 0)) == []


def test_what_passed_before_takes_its_share_of_every_common_limit():
    case = a_case()
    reserved = Reserved(case, [], 0)
    reserved.take(a_proposal(case, "ETH-EUR"), NOON_NS, 10**9)
    limits = {
        "gross_notional_max": D(60),
        "open_orders_max": 1,
        "repeats_max": 1,
        "orders_burst": 1,
    }
    assert controls(a_proposal(case), case, reserved, **limits) == ["C5", "C6", "C9", "C8"]
    assert controls(a_proposal(case), case, Reserved(case, [], 0), **limits) == []


def test_an_order_said_before_the_restart_is_still_a_duplicate():
    case = a_case()
    proposal = a_proposal(case)
    assert controls(proposal, case, Reserved(case, [said_of(proposal, NOON_NS)], 0)) == ["C7"]
    other = said_of(proposal._replace(limit=proposal.limit + 1), NOON_NS)
    assert controls(proposal, case, Reserved(case, [other], 0)) == []


def test_a_proposal_outside_of_the_universe_has_its_own_reason():
    case = a_case()
    proposal = Proposal(0, "SOL-EUR", -1, "buy", D(0), D("NaN"), False, 0.0, "", 0.0)
    assert controls(proposal, case, Reserved(case, [], 0)) == ["C15"]


def test_what_is_not_wanted_is_not_held_against_limits():
    case = a_case()
    proposal = a_proposal(case)._replace(why="no edge", quantity=D(0))
    assert controls(proposal, case, Reserved(case, [], 0)) == ["SIZE"]


def test_c10_fees_are_part_of_the_cash_that_is_needed():
    found = []
    for fee_bps in (0.0, 1_000.0):
        stage = a_gate_stage(instruments={"fee_taker_bps": fee_bps})
        stage.admit(an_equity(cash=D(53)))
        case = a_case(stage)
        found.append(controls(a_proposal(case), case, Reserved(case, [], 0)))
    assert found == [[], ["C10"]]


def test_c4_a_limit_far_through_the_touch_is_refused_by_two_controls():
    case = a_case()
    proposal = a_proposal(case)
    wild = proposal._replace(limit=proposal.limit * 2)
    assert controls(wild, case, Reserved(case, [], 0)) == ["C3", "C4"]
    little = proposal._replace(limit=D("100.30"))
    assert controls(little, case, Reserved(case, [], 0)) == ["C4"]


def test_a_reducing_order_is_not_stopped_by_what_only_risk_is_judged_by():
    stage = a_gate_stage(BTC_EUR="0.5")
    stage.admit(an_equity("100", complete=False))
    case = a_case(stage)
    close = priced(case.view, 0, "BTC-EUR", "sell", float("inf"), D("0.5"), risk_settings(), "")
    assert controls(close, case, Reserved(case, [], 0), gross_notional_max=D(1), open_orders_max=1) == []


def test_equity_that_is_too_old_or_a_slate_that_is_stops_new_risk():
    stage = a_gate_stage()
    case = a_case(stage)._replace(at_ns=at(0), equity_ns=at(-91), slate_ns=at(-11))
    assert controls(a_proposal(case), case, Reserved(case, [], 0)) == ["C14", "C14"]


def test_signed_puts_every_proposal_into_its_column():
    case = a_case()
    buy = a_proposal(case)
    sell = a_proposal(case, "ETH-EUR")._replace(side="sell")
    assert signed([buy, sell], case.view).tolist() == [buy.added, -sell.added]


def test_a_decision_ends_with_one_verdict():
    said = a_gate_stage().admit(a_selection(a_pick(), a_pick(symbol="ETH-EUR")))
    assert len(of(Verdict, said)) == 1
    assert type(said[-1]) is Verdict
