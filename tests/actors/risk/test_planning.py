"""Plans: asked for where a budget binds, and refused with a word where anything about them is not as it was asked."""

import msgspec
import numpy as np
import pytest

from actors.risk.planning import UNPLANNED, PlanningSettings, is_due, objection, question_of
from contracts.column import Column, floats, integers
from contracts.decision import AllocationAsked
from contracts.quantities import SECOND_NS
from quant.tail_risk import cvar
from tests.kit.beliefs import a_pick
from tests.kit.market import NOON_NS
from tests.kit.orders import of
from tests.kit.plans import NAMES, PICKS, PLANNING, a_plan, a_planning_stage, a_question, decided


@pytest.fixture(scope="module")
def asked():
    return a_question()


def told(plan, asked, *, after_s=15.0, universe=1):
    at_ns = NOON_NS + round(after_s * SECOND_NS)
    return objection(plan, question_of(asked, NOON_NS), universe, at_ns, PLANNING)


def test_a_plan_as_it_was_asked_for_is_looked_at(asked):
    assert told(a_plan(asked), asked) == ""
    assert told(a_plan(asked), asked, after_s=90.0) == ""
    assert told(a_plan(asked, notional=asked.position), asked) == ""


def test_a_plan_that_is_not_what_was_asked_for_is_refused_with_a_word(asked):
    sound = a_plan(asked)
    one = floats(np.full(len(NAMES), 1.0))
    broken = {
        "not asked": {"decision": 7},
        "universe": {"universe": 2},
        "unsolved": {"reason": "no book"},
        "shape": {"symbols": NAMES[:3]},
        "not finite": {"notional": floats([1.0, 1.0, np.nan, 1.0])},
        "side": {"notional": floats(-one.values)},
        "size": {"notional": floats(1e9 * one.values)},
    }
    for word, changed in broken.items():
        assert told(msgspec.structs.replace(sound, **changed), asked) == word
    for column in (floats(one.values[:3]), floats([one.values]), Column(np.zeros(0))):
        assert told(msgspec.structs.replace(sound, notional=column), asked) == "shape"
    for column in (integers([1, 1, 1, 1]), floats([1.0, 1.0, np.inf, 1.0])):
        assert told(msgspec.structs.replace(sound, notional=column), asked) == "not finite"
    assert told(sound, asked, after_s=90.001) == "stale"
    assert told(sound, asked, universe=2) == "universe"
    assert objection(sound, None, 1, NOON_NS, PLANNING) == "not asked"


def test_what_is_held_is_never_planned_away(asked):
    held = msgspec.structs.replace(asked, position=floats(np.full(len(NAMES), 20.0)))
    assert told(a_plan(asked, notional=floats(np.full(len(NAMES), 19.0))), held) == "size"


def test_the_rows_that_are_asked_about_have_the_tail_of_every_book_of_the_question():
    stage = a_planning_stage()
    asked = a_question(stage)
    every = of(AllocationAsked, decided(a_planning_stage(PlanningSettings(enabled=True, rows_max=1000)), 1))[0]
    assert every == asked
    assert asked.unit_losses.values.shape == (1000, len(NAMES))
    gate = stage.actors[0]
    case = gate.case(stage.now_ns, list(NAMES))
    tail = gate._tail(case)
    rng = np.random.default_rng(3)
    for _ in range(20):
        size = rng.uniform(0.0, 1.0, len(NAMES)) * asked.room.values
        whole = np.sort(tail._losses.of(size)[1, :2048])[::-1]
        kept = cvar(asked.held.values + asked.unit_losses.values @ size, asked.alpha)
        k = (1.0 - 0.975) * tail.size
        additive = np.sort(np.concatenate((whole, tail.parts(size, np.ones(len(NAMES)), 1)[0][2048:])))[::-1]
        exact = (additive[: int(k)].sum() + (k - int(k)) * additive[int(k)]) / k
        assert kept == pytest.approx(exact, rel=1e-12)
        assert kept <= tail.tails(size)[1] + 1e-9


def test_nothing_is_asked_where_the_gate_knows_the_answer():
    assert of(AllocationAsked, decided(a_planning_stage(UNPLANNED), 1)) == []
    one = a_planning_stage()
    assert of(AllocationAsked, decided(one, 1, picks=PICKS[:1])) == [], "one candidate has one best size"
    rich = a_planning_stage(cvar_budget_ratio=0.5, component_ratio_max=1.0)
    assert of(AllocationAsked, decided(rich, 1)) == [], "everything that is wanted fits"
    none = a_planning_stage()
    assert of(AllocationAsked, decided(none, 1, picks=(a_pick(symbol="DOGE-EUR"),))) == []


def test_questions_keep_their_distance():
    stage = a_planning_stage()
    seconds = [15 * number for number in range(1, 11) if of(AllocationAsked, decided(stage, number))]
    assert seconds == [15, 75, 135]
    kept = stage.actors[0].state.asked
    assert not is_due(kept, kept.at_ns + 60 * SECOND_NS - 1, PLANNING)
    assert not is_due(None, NOON_NS, UNPLANNED)


@pytest.mark.parametrize("name", ["ask_s", "age_s_max", "solve_s_max", "rows_max"])
def test_a_setting_that_is_no_positive_number_is_refused_by_its_name(name):
    with pytest.raises(ValueError, match=f"planning: {name} was 0"):
        PlanningSettings(enabled=True, **{name: 0})


def test_more_rows_than_a_worker_solves_are_refused():
    with pytest.raises(ValueError, match="rows_max was 1001, expected at most 1000"):
        PlanningSettings(enabled=True, rows_max=1001)
