"""Plans of the slow path: a gate that asks for one, what it asked, and answers sound and insane."""

from decimal import Decimal
from typing import Any

import numpy as np

from actors.risk.planning import PlanningSettings
from bot.allocating import answer
from contracts.column import floats
from contracts.decision import AllocationAsked, AllocationPlan, Verdict
from tests.kit.beliefs import a_pick, a_selection, a_slate
from tests.kit.orders import Stage, an_equity, marks_of, of
from tests.kit.risk import a_gate, a_gate_stage

NAMES = ("BTC-EUR", "ETH-EUR", "SOL-EUR", "ADA-EUR")
PICKS = tuple(a_pick(symbol=name) for name in NAMES)
PLANNING = PlanningSettings(enabled=True)
MU = (0.01, 0.012, 0.03, 0.014)


def a_planning_stage(planning: PlanningSettings = PLANNING, *, least: Any = "45", **changed: Any) -> Stage:
    """Four picks that want more than the budget has; together each is left less than the smallest order."""
    slate = a_slate(width=len(NAMES), mu=MU)
    return a_gate_stage(
        a_gate(planning=planning, **changed), *NAMES, slate=slate, instruments={"notional_min": Decimal(least)}
    )


def decided(stage: Stage, decision: int, *, after_s: float = 15.0, picks: tuple[Any, ...] = PICKS) -> list[Any]:
    """What the gate says of the next decision, everything it judges by fresh."""
    stage.admit(an_equity(), after_s=after_s)
    stage.admit(marks_of(*(100.0 for _ in NAMES), at_ns=stage.now_ns))
    stage.admit(a_slate(width=len(NAMES), mu=MU))
    return stage.admit(a_selection(*picks, decision=decision))


def a_question(stage: Stage | None = None) -> AllocationAsked:
    """What the gate asks in its first decision."""
    return of(AllocationAsked, decided(stage or a_planning_stage(), 1))[0]


def a_plan(asked: AllocationAsked, **changed: Any) -> AllocationPlan:
    """The worker's answer, with anything changed by name."""
    solved = answer(asked)
    facts = {
        "decision": asked.decision,
        "universe": asked.universe,
        "symbols": asked.symbols,
        "notional": floats(np.asarray(solved["notional"], dtype=np.float64)),
        "edge": solved["edge"],
        "cvar": solved["cvar"],
        "shadow_price": solved["shadow_price"],
        "reason": solved["reason"],
        "asked_seq": 1,
    }
    return AllocationPlan(**(facts | changed))


def verdict_of(said: list[Any]) -> Verdict:
    """The last word of a decision."""
    assert type(said[-1]) is Verdict
    return said[-1]
