"""One decision weighed: what passed is within the budget together, whatever was refused on the way."""

from decimal import Decimal

import numpy as np

from actors.risk.multipliers import WHOLE
from actors.risk.proposals import priced
from actors.risk.reserved import Reserved
from actors.risk.sizing import Room, closing
from actors.risk.tail import budgets_of
from actors.risk.weighing import weigh
from tests.kit.market import NOON_NS
from tests.kit.risk import a_gate_stage, a_tail, risk_settings

D = Decimal


def a_room(case, settings, budget):
    return Room(a_tail(case.view, settings), budgets_of(budget, settings), WHOLE)


def a_decision(*notionals, budget=5.0, **changed):
    stage = a_gate_stage()
    case = stage.actors[0].case(NOON_NS, ["BTC-EUR", "ETH-EUR"])
    settings = risk_settings(**changed)
    room = a_room(case, settings, budget)
    proposals = [
        priced(case.view, leg, symbol, "buy", notional, D(0), settings, "")
        for leg, (symbol, notional) in enumerate(zip(("BTC-EUR", "ETH-EUR"), notionals))
    ]
    return weigh(proposals, case, Reserved(case, [], 0), room, settings)


def test_two_that_are_within_the_budget_alone_and_not_together_lose_the_heavier():
    weighed = a_decision(70.0, 60.0)
    assert [each.symbol for each in weighed.passed] == ["ETH-EUR"]
    assert weighed.after.cvar <= 5.0
    reason = weighed.refused[0].reasons[0]
    assert reason.control == "C12"
    assert reason.text.endswith("at most 5.00")


def test_one_that_breaks_the_budget_alone_is_refused_alone():
    weighed = a_decision(180.0, 40.0)
    assert [each.symbol for each in weighed.passed] == ["ETH-EUR"]


def test_too_few_scenarios_pass_nothing():
    weighed = a_decision(10.0, scenarios=1_000, scenarios_min=1_000)
    assert len(weighed.passed) == 1
    stage = a_gate_stage()
    case = stage.actors[0].case(NOON_NS, ["BTC-EUR"])
    few = a_room(case, risk_settings(scenarios=100, scenarios_min=100), 5.0)
    proposal = priced(case.view, 0, "BTC-EUR", "buy", 10.0, D(0), risk_settings(), "")
    weighed = weigh([proposal], case, Reserved(case, [], 0), few, risk_settings())
    assert [reason.text for reason in weighed.refused[0].reasons] == ["116 scenarios, at least 1000"]


def test_a_budget_that_is_no_number_passes_nothing():
    assert a_decision(10.0, budget=float("nan")).passed == ()


def test_closing_needs_no_tail():
    stage = a_gate_stage(BTC_EUR="0.5")
    case = stage.actors[0].case(NOON_NS, [])
    nobody = Room(None, budgets_of(0.0, risk_settings()), WHOLE)
    proposals = closing(case, ["BTC-EUR"], 3, risk_settings())
    weighed = weigh(proposals, case, Reserved(case, [], 0), nobody, risk_settings())
    assert [(each.leg, each.quantity) for each in weighed.passed] == [(3, D("0.5"))]
    assert np.isnan(weighed.after.cvar)
