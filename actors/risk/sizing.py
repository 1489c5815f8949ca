"""What a decision wants, in whole lots that fit: sized by the gate itself, or after a plan that earns more.

The gate's own sizes are fractional Kelly, spread by equal tail risk, in one direction as far as the budgets go. A plan
says how much of which pick earns most within the same budgets. It changes nothing but what is added, between what is
held and what may be held at most, and goes through the same fitting: however it was made, it widens no budget.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.risk.case import Case
from actors.risk.multipliers import Multipliers
from actors.risk.proposals import Proposal, changes, priced, wishes
from actors.risk.rounding import in_lots
from actors.risk.settings import RiskSettings
from actors.risk.tail import Budgets, Tail, budgets_of
from actors.risk.view import Floats, View
from contracts.belief import Slate
from contracts.decision import Pick
from contracts.quantities import Side, opposite, sign


class Room(NamedTuple):
    """How much tail there is room for: the scenarios (None: the joint book is unknown), the budgets, what cut them."""

    tail: Tail | None
    budgets: Budgets
    multipliers: Multipliers


class Aims(NamedTuple):
    """What a decision is after, (N,): `sides` of the picks (+1, -1, 0), the signed `target`, `most` that may be held.

    `edge` is what one unit of currency earns net. `keep` is the share of every position that the whole budget has room
    for: below 1 the book is cut.
    """

    sides: Floats
    target: Floats
    most: Floats
    edge: Floats
    keep: float


class Draft(NamedTuple):
    """One way to size a decision: the signed `change` that is wanted (N,), and what of it fits.

    `scaled` are the notionals that fit as a whole and `lots` the quantities by place, worth `edge` together; `scale` is
    the share that fits, of which the deviation of the book leaves `calm`.
    """

    change: Floats
    scaled: Floats
    lots: dict[int, Decimal]
    scale: float
    calm: float
    edge: float


class Wanted(NamedTuple):
    """The proposals of a decision, how they were sized, and how they would have been without a plan."""

    proposals: list[Proposal]
    aims: Aims | None
    draft: Draft
    alone: Draft


_EMPTY: Final = np.zeros(0)
_NO_DRAFT: Final = Draft(_EMPTY, _EMPTY, {}, 1.0, 1.0, 0.0)


def wanted(
    case: Case, picks: Sequence[Pick], let_go: Sequence[str], slate: Slate, columns: dict[str, int], room: Room,
    settings: RiskSettings, plan: Mapping[str, float] | None = None,
) -> Wanted:  # fmt: skip
    """The proposals of a decision: the picks, in lots that fit into the budgets, then what is let go, then what is cut.

    `plan` is the signed notional to hold of each symbol; it is followed where it earns more in whole lots. A book
    beyond the whole budget (volatility has risen) is cut in proportion, position by position, back to it.
    """
    aims = _aims(case, picks, slate, columns, room, settings)
    change = changes(case.view, aims.target, settings)
    draft = alone = _draft(case.view, aims, change, room, settings)
    if plan:
        planned = _draft(case.view, aims, _planned(case.view, aims, change, plan), room, settings)
        draft = planned if planned.edge > alone.edge else alone
    proposals = [_of_pick(leg, pick, case, aims, draft, alone, settings) for leg, pick in enumerate(picks)]
    proposals = [_sized(each, draft.lots, case.view) for each in proposals]
    proposals += closing(case, let_go, len(proposals), settings)
    if aims.keep < 1.0:
        proposals += _cuts(case, draft.change, [proposal.symbol for proposal in proposals], settings)
    return Wanted(proposals, aims, draft, alone)


def unsized(case: Case, symbols: Sequence[str], leg: int, settings: RiskSettings) -> Wanted:
    """Where nothing can be sized, what is let go is still closed."""
    return Wanted(closing(case, symbols, leg, settings), None, _NO_DRAFT, _NO_DRAFT)


def _aims(
    case: Case, picks: Sequence[Pick], slate: Slate, columns: dict[str, int], room: Room, settings: RiskSettings
) -> Aims:
    view, tail = case.view, room.tail
    sides = np.zeros(len(view.symbols))
    for pick in picks:
        if view.at(pick.symbol) >= 0:
            sides[view.at(pick.symbol)] = sign(pick.side)
    equity = float(case.equity.equity) if case.equity is not None else 0.0
    shortfall = tail.unit_shortfall(sides) if tail is not None else np.zeros(len(sides))
    wish = wishes(view, picks, slate, columns, equity, shortfall, settings)
    keep = whole_budget_share(tail, equity, settings)
    target = _shrunk(view.position, wish.target, room.multipliers.size)
    target = _capped(view.position, np.where(sides != 0.0, target, view.position), keep)
    most = np.abs(_shrunk(view.position, sides * wish.most, room.multipliers.size))
    return Aims(sides, target, most, wish.edge, keep)


def _draft(view: View, aims: Aims, change: Floats, room: Room, settings: RiskSettings) -> Draft:
    """The share of what a change adds that fits as a whole, and the lots that do."""
    tail, adding, edge = room.tail, np.where(grows(view, change), change, 0.0), aims.edge
    if tail is None or not adding.any():
        return Draft(change, change, {}, 1.0, 1.0, 0.0)
    budgets = tail.sure(adding, room.budgets)
    calm = tail.calm_scale(adding, budgets.deviation)
    scale = min(calm, tail.scale(adding, budgets))
    lots = in_lots(view, adding, scale, edge, tail, budgets, settings)
    worth = sum(float(edge[place] * view.unit[place]) * float(quantity) for place, quantity in lots.items())
    return Draft(change, np.where(adding != 0.0, scale * adding, change), lots, scale, calm, worth)


def grows(view: View, change: Floats) -> NDArray[np.bool_]:
    """Where a change makes a position larger."""
    return np.asarray((change != 0.0) & (np.abs(view.position + change) >= np.abs(view.position)))


def _planned(view: View, aims: Aims, change: Floats, plan: Mapping[str, float]) -> Floats:
    """The change after a plan: what is added anyway gets another size, between what is held and the most."""
    said = aims.sides * np.array([plan.get(symbol, 0.0) for symbol in view.symbols])
    held = np.maximum(0.0, aims.sides * view.position)
    size = np.minimum(said, np.maximum(held, aims.most))
    return np.where(grows(view, change), np.where(size > held, aims.sides * size - view.position, 0.0), change)


def _sized(proposal: Proposal, lots: dict[int, Decimal], view: View) -> Proposal:
    """The proposal with its whole lots; one that has none keeps the size that was too small."""
    quantity = lots.get(proposal.place, Decimal(0))
    if proposal.reduce_only or proposal.why or not quantity:
        return proposal
    added = float(quantity) * float(view.unit[proposal.place]) * sign(proposal.side)
    return proposal._replace(quantity=quantity, added=added)


def _shrunk(position: Floats, target: Floats, size: float) -> Floats:
    """Targets times a multiplier, which never makes one smaller than what is held on its side already."""
    held = np.where(position * target > 0.0, np.minimum(np.abs(position), np.abs(target)), 0.0)
    return np.sign(target) * np.maximum(size * np.abs(target), held)


def whole_budget_share(tail: Tail | None, equity: float, settings: RiskSettings) -> float:
    """The share of every position that the whole budget has room for; no multiplier closes anything by force."""
    if tail is None:
        return 1.0
    whole = budgets_of(settings.cvar_budget_ratio * equity, settings)
    used = tail.used(np.zeros(tail.width), whole)
    return min(1.0, 1.0 / used) if used > 0.0 else 1.0


def _capped(position: Floats, target: Floats, keep: float) -> Floats:
    """Targets on the side of what is held, no larger than the share of it that is kept."""
    if keep >= 1.0:
        return target
    most = keep * np.abs(position)
    return np.where(position * target > 0.0, np.clip(target, -most, most), target)


def _cuts(case: Case, change: Floats, done: Sequence[str], settings: RiskSettings) -> list[Proposal]:
    """Reduce-only proposals for what is held beyond the budget and neither picked nor let go."""
    found: list[Proposal] = []
    for place in np.flatnonzero(change):
        symbol = case.view.symbols[place]
        if symbol in done:
            continue
        side: Side = "buy" if change[place] > 0.0 else "sell"
        held, leg = case.positions.get(symbol, Decimal(0)), len(done) + len(found)
        proposal = priced(case.view, leg, symbol, side, float(change[place]), held, settings, "")
        if proposal.reduce_only and (proposal.quantity or proposal.limit.is_nan()):
            found.append(proposal)
    return found


def closing(case: Case, symbols: Sequence[str], leg: int, settings: RiskSettings) -> list[Proposal]:
    """A reduce-only proposal for all that is held of each symbol, legs counted from `leg`."""
    found: list[Proposal] = []
    for symbol in symbols:
        held = case.positions[symbol]
        side = opposite("buy" if held > 0 else "sell")
        found.append(priced(case.view, leg + len(found), symbol, side, float("inf"), held, settings, ""))
    return found


def _of_pick(
    leg: int, pick: Pick, case: Case, aims: Aims, draft: Draft, alone: Draft, settings: RiskSettings
) -> Proposal:
    """The order of one pick: what is wanted, as far as the tail of the book leaves it."""
    view, place, change = case.view, case.view.at(pick.symbol), draft.change
    held = case.positions.get(pick.symbol, Decimal(0))
    if place < 0:
        return priced(view, leg, pick.symbol, pick.side, 0.0, held, settings, "")
    if not change[place]:
        why = _why_not(pick.symbol, view.position[place], aims.target[place], alone.change[place])
        return priced(view, leg, pick.symbol, pick.side, 0.0, Decimal(0), settings, why)
    side: Side = "buy" if change[place] > 0.0 else "sell"
    # What is to be gone goes whole: at the worst price its notional would be a lot too few.
    gone = view.position[place] + change[place] == 0.0
    notional = np.inf if gone else float(draft.scaled[place])
    proposal = priced(view, leg, pick.symbol, side, notional, held, settings, "")
    if proposal.reduce_only and proposal.limit.is_finite() and not proposal.quantity:
        position, target = view.position[place], aims.target[place]
        why = f"position {position:.2f} of {pick.symbol} is within a lot of its target {target:.2f}"
        return proposal._replace(why=why)
    return proposal._replace(wanted=float(change[place]))


def _why_not(symbol: str, position: float, target: float, alone: float) -> str:
    """Why nothing is traded of a pick; `alone` is what would be without a plan."""
    if alone:
        return f"the plan gives the tail of {symbol} to what earns more"
    if position and target:
        return f"position {position:.2f} of {symbol} is near its target {target:.2f}"
    return f"{symbol} has no edge beyond its cost"
