"""Sizing with a plan: it changes what is added and nothing else, and whatever it says, no budget or cap is broken."""

from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.judging import signed
from actors.risk.multipliers import WHOLE
from actors.risk.reserved import Reserved
from actors.risk.sizing import Room, wanted
from actors.risk.tail import budgets_of
from actors.risk.weighing import weigh
from contracts.column import floats
from contracts.decision import AllocationAsked, Intent, Refusal
from tests.actors.risk.test_random_books import LIMITS, a_book, violations
from tests.kit.beliefs import a_pick, a_slate
from tests.kit.market import NOON_NS, a_universe_changed
from tests.kit.orders import of
from tests.kit.plans import MU, NAMES, PICKS, a_plan, a_planning_stage, a_question, decided, verdict_of
from tests.kit.risk import a_gate_stage, a_tail

ANY = st.one_of(st.floats(), st.floats(-300.0, 300.0), st.just(0.0))


@pytest.fixture(scope="module")
def a_case():
    return a_gate_stage().actors[0].case(NOON_NS, ["BTC-EUR"])


@given(number=st.integers(0, 10_000), data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_a_plan_says_no_budget_or_cap_is_broken_and_nothing_is_closed_for_it(a_case, number, data):
    rng = np.random.default_rng(number)
    view = a_book(rng)
    width = len(view.symbols)
    mu = rng.normal(0.0, 0.02, width)
    slate = a_slate(width=width, mu=mu, sigma=view.sigma / 2.0, confidence=rng.uniform(0.1, 1.0, width))
    picks = [a_pick(symbol=name, side="buy" if mu[place] > 0 else "sell") for place, name in enumerate(view.symbols)]
    held = {name: Decimal(str(round(worth / 100.0, 6))) for name, worth in zip(view.symbols, view.position) if worth}
    case = a_case._replace(view=view, positions=held, feeds=dict.fromkeys(view.symbols, "live"))
    tail = a_tail(view, LIMITS, number)
    room = Room(tail, budgets_of(float(rng.uniform(0.5, 10.0)), LIMITS), WHOLE)
    columns = {name: place for place, name in enumerate(view.symbols)}
    plan = {name: said for name in view.symbols if (said := data.draw(ANY)) == said}

    alone = wanted(case, picks, [], slate, columns, room, LIMITS)
    found = wanted(case, picks, [], slate, columns, room, LIMITS, plan)
    weighed = weigh(found.proposals, case, Reserved(case, [], 0), room, LIMITS)
    assert violations(case, room, weighed) == []
    assert found.draft.edge >= found.alone.edge == alone.draft.edge
    added = signed([each for each in weighed.passed if not each.reduce_only], view)
    most = np.maximum(found.aims.most, np.abs(view.position))
    lot = np.array([float(each.lot) for each in view.instruments]) * 100.0
    if found.draft is not found.alone:
        assert (np.abs(view.position + added) <= most + lot).all()
    closed = [(each.symbol, each.quantity) for each in found.proposals if each.reduce_only]
    assert closed == [(each.symbol, each.quantity) for each in alone.proposals if each.reduce_only]


def test_a_plan_that_earns_more_is_followed_and_named():
    stage = a_planning_stage()
    asked = a_question(stage)
    plan = a_plan(asked)
    stage.admit(plan)
    seq = len(stage.envelopes)
    said = decided(stage, 2)
    verdict, intents = verdict_of(said), of(Intent, said)
    assert [each.symbol for each in intents] == ["SOL-EUR"]
    assert (verdict.plan, verdict.edge_alone) == ("used", 0.0)
    assert verdict.edge == pytest.approx(plan.edge, rel=0.2)
    assert seq in verdict.based_on
    assert all(seq in each.based_on for each in (*intents, *of(Refusal, said)))
    assert verdict.cvar_slow_after <= verdict.cvar_slow_max


def test_a_plan_that_earns_less_is_left_alone():
    stage = a_planning_stage(least="1")
    asked = a_question(stage)
    stage.admit(a_plan(asked, notional=asked.position))
    said = decided(stage, 2)
    verdict = verdict_of(said)
    assert (verdict.plan, verdict.edge) == ("smaller", verdict.edge_alone)
    assert verdict.edge > 0.0
    assert len(stage.envelopes) not in verdict.based_on


def test_who_gets_nothing_by_a_plan_is_told_so():
    stage = a_planning_stage()
    asked = a_question(stage)
    stage.admit(a_plan(asked, notional=floats([0.0, 0.0, 75.0, 0.0])))
    texts = [each.reasons[0].text for each in of(Refusal, decided(stage, 2))]
    assert texts[0] == "the plan gives the tail of BTC-EUR to what earns more"


@pytest.mark.parametrize(
    ("word", "changed"),
    [
        ("universe", {"universe": 9}),
        ("shape", {"symbols": ("BTC-EUR",)}),
        ("not finite", {"notional": floats([np.nan] * 4)}),
        ("side", {"notional": floats([-50.0] * 4)}),
        ("size", {"notional": floats([1e12] * 4)}),
        ("unsolved", {"reason": "nothing"}),
        ("not asked", {"decision": 3}),
    ],
)
def test_a_refused_plan_is_counted_once_and_changes_nothing(word, changed):
    stage, plain = a_planning_stage(), a_planning_stage()
    asked = a_question(stage)
    decided(plain, 1)
    stage.admit(a_plan(asked, **changed))
    said, without = decided(stage, 2), decided(plain, 2)
    assert verdict_of(said).plan == word
    quiet = {"plan": "", "based_on": ()}
    assert msgspec.structs.replace(said[-1], **quiet) == msgspec.structs.replace(without[-1], **quiet)
    assert [each.reasons for each in of(Refusal, said)] == [each.reasons for each in of(Refusal, without)]
    assert verdict_of(decided(stage, 3)).plan == ""


def test_a_plan_for_what_is_now_picked_on_the_other_side_does_nothing():
    stage = a_planning_stage()
    stage.admit(a_plan(a_question(stage)))
    sold = tuple(a_pick(symbol=name, side="sell") for name in NAMES)
    said = decided(stage, 2, picks=sold)
    assert (verdict_of(said).plan, of(Intent, said)) == ("smaller", [])


def test_a_plan_that_came_too_late_is_counted_and_one_that_was_looked_at_ends_quietly():
    late, seen = a_planning_stage(), a_planning_stage()
    late.admit(a_plan(a_question(late)))
    assert verdict_of(decided(late, 2, after_s=91.0)).plan == "stale"
    seen.admit(a_plan(a_question(seen), notional=floats([7.0] * 4)))
    words = [verdict_of(decided(seen, number, after_s=30.0)).plan for number in (2, 3)]
    assert words == ["smaller", "smaller"]
    assert of(AllocationAsked, decided(seen, 4, after_s=30.0, picks=PICKS[:1])) == []
    assert verdict_of(decided(seen, 5, after_s=91.0, picks=PICKS[:1])).plan in ("", "not asked")


def test_a_plan_for_another_universe_is_refused_after_it_changed():
    stage = a_planning_stage()
    stage.admit(a_plan(a_question(stage)))
    stage.admit(a_universe_changed(*NAMES, version=2))
    stage.admit(a_slate(width=len(NAMES), mu=MU))
    assert verdict_of(decided(stage, 2)).plan == "universe"
