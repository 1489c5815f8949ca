"""Plans of the slow path: when the gate asks for one, what it asks, and whether it believes the answer.

Where a budget binds, the gate asks which book of the largest edge the same budget allows, goes on without waiting, and
looks at the answer in its next decisions. It trusts nothing in it: what was not asked, is too old, or lies outside of
what was asked, is refused with a word that is counted, and what remains is fitted like the gate's own sizes.
"""

from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.risk.settings import RiskSettings
from actors.risk.sizing import Aims, Room, Wanted, grows
from actors.risk.tail import Budgets, Tail
from actors.risk.view import Floats, View
from actors.settings import at_least, more_than_zero
from contracts.column import floats
from contracts.decision import AllocationAsked, AllocationPlan
from contracts.quantities import Nanos, Seconds, Side, nanos, sign
from quant.allocation import SCENARIOS_MAX, hardest

SLACK: Final = 1e-6
"""By so much, relative to the room asked about, a plan may miss its bounds: the tolerance of a solver."""

NAMES_MIN: Final = 2
"""Of one candidate the gate finds the best size by itself."""


class PlanningSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The slow path: at most one question each `ask_s`, of the `rows_max` hardest scenarios.

    A plan is of use until `age_s_max` after it was asked for; a worker that takes longer than `solve_s_max` is ended.

    Raises:
        ValueError: a duration or count that is no positive finite number, or more rows than a worker solves in time.
    """

    enabled: bool
    ask_s: Seconds = 60.0
    age_s_max: Seconds = 90.0
    rows_max: int = SCENARIOS_MAX
    solve_s_max: Seconds = 20.0

    def __post_init__(self) -> None:
        durations = {"ask_s": self.ask_s, "age_s_max": self.age_s_max, "solve_s_max": self.solve_s_max}
        more_than_zero("planning", **durations)
        at_least("planning", 100, rows_max=self.rows_max)
        if self.rows_max > SCENARIOS_MAX:
            raise ValueError(f"planning: rows_max was {self.rows_max}, expected at most {SCENARIOS_MAX}")


UNPLANNED: Final = PlanningSettings(enabled=False)
"""Nothing is asked, and no plan is believed."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate remembers of what it asked: symbols with the sides and sizes that an answer may have.

    `looked` says whether a decision has looked at an answer.
    """

    decision: int
    universe: int
    at_ns: Nanos
    symbols: tuple[str, ...]
    sides: tuple[Side, ...]
    least: tuple[float, ...]
    most: tuple[float, ...]
    looked: bool = False


def objection(
    plan: AllocationPlan, asked: Question | None, universe: int, at_ns: Nanos, settings: PlanningSettings
) -> str:
    """Why a plan is refused, in a word or two; empty when it may be looked at."""
    if asked is None or plan.decision != asked.decision:
        return "not asked"
    if not plan.universe == asked.universe == universe:
        return "universe"
    if at_ns - asked.at_ns > nanos(settings.age_s_max):
        return "stale"
    if plan.reason:
        return "unsolved"
    said = plan.notional.values
    if plan.symbols != asked.symbols or said.shape != (len(asked.symbols),):
        return "shape"
    if said.dtype.kind != "f" or not np.isfinite(said).all():
        return "not finite"
    size = said * np.where(np.array(asked.sides) == "buy", 1.0, -1.0)
    slack = SLACK * np.maximum(1.0, asked.most)
    if (size < -slack).any():
        return "side"
    return "size" if (size < asked.least - slack).any() or (size > asked.most + slack).any() else ""


def is_due(asked: Question | None, at_ns: Nanos, planning: PlanningSettings) -> bool:
    """Whether the last question is long enough ago."""
    return planning.enabled and (asked is None or at_ns - asked.at_ns >= nanos(planning.ask_s))


def question_of(asked: AllocationAsked, at_ns: Nanos) -> Question:
    """What of a question is remembered."""
    toward = np.array([sign(side) for side in asked.sides], dtype=np.float64)
    least = toward * asked.position.values
    return Question(
        decision=asked.decision,
        universe=asked.universe,
        at_ns=at_ns,
        symbols=asked.symbols,
        sides=asked.sides,
        least=tuple(least.tolist()),
        most=tuple((least + asked.room.values).tolist()),
    )


class Scope(NamedTuple):
    """What a question is about: the book (N,) without it, the places that may grow, their sides and by how much."""

    book: Floats
    places: NDArray[np.int64]
    sides: Floats
    space: Floats

    def full(self) -> Floats:
        """All of the room as signed notionals, (N,)."""
        added = np.zeros(len(self.book))
        added[self.places] = self.sides * self.space
        return added


def asked_of(
    view: View, wanted: Wanted, passed: Floats, room: Room, settings: RiskSettings, *, rows_max: int, decision: int,
    universe: int, based_on: tuple[int, ...],
) -> AllocationAsked | None:  # fmt: skip
    """The question of a decision, once what `passed` (N,), signed, is filled; None where there is nothing to ask.

    It is about what the decision wants to add and still may, NAMES_MIN instruments or more, where a budget leaves less
    than is wanted and the joint book is known and within its budget.
    """
    aims, tail = wanted.aims, room.tail
    if aims is None or tail is None or wanted.alone.scale >= 1.0 or not room.budgets.cvar > 0.0:
        return None
    scope = _scope(view, aims, wanted.alone.change, tail.book(passed), settings)
    if len(scope.places) < NAMES_MIN:
        return None
    horizon, budget = _tightest(scope, tail, room.budgets)
    if not tail.tails(scope.book)[horizon] < budget:
        return None
    held, units = tail.parts(scope.book, aims.sides, horizon)
    units = units[:, scope.places]
    grown = units * scope.space
    whole = held + grown.sum(axis=1)
    buys = held + grown[:, scope.sides > 0.0].sum(axis=1)
    ends = np.vstack((held, whole, buys, held + whole - buys, held + grown.T, whole - grown.T))
    kept = hardest(ends, settings.cvar_alpha, tail.size, rows_max)
    return AllocationAsked(
        decision=decision,
        universe=universe,
        symbols=tuple(view.symbols[place] for place in scope.places),
        sides=tuple("buy" if side > 0.0 else "sell" for side in scope.sides),
        position=floats(scope.book[scope.places]),
        room=floats(scope.space),
        edge=floats(aims.edge[scope.places]),
        unit_losses=floats(units[kept.rows]),
        held=floats(held[kept.rows]),
        budget=budget,
        gross_max=max(0.0, float(settings.gross_ceiling()) - float(np.abs(scope.book).sum())),
        alpha=kept.alpha,
        based_on=based_on,
    )


def _scope(view: View, aims: Aims, change: Floats, book: Floats, settings: RiskSettings) -> Scope:
    size = book * aims.sides
    space = np.minimum(aims.most - size, float(settings.order_ceiling()))
    wants = grows(view, change) & (aims.sides * change > 0.0) & (size >= 0.0) & (aims.edge > 0.0) & (view.unit > 0.0)
    places = np.flatnonzero(wants & (space > settings.rebalance_ratio * aims.most))
    return Scope(book, places, aims.sides[places], space[places])


def _tightest(scope: Scope, tail: Tail, budgets: Budgets) -> tuple[int, float]:
    """The horizon whose budget a book with all of the room breaks the further, and the sure part of that budget."""
    added = scope.book + scope.full() - tail.book(np.zeros(tail.width))
    sure = tail.sure(added, budgets)
    risk, slow = tail.tails(scope.book + scope.full())
    horizon = int(slow * sure.cvar > risk * sure.slow)
    return horizon, sure[horizon]
