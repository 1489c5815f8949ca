"""One decision weighed: sized within the tail-risk budget, every proposal judged, the whole judged again."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from actors.risk.checks import component, deviation, slow_tail, tail_risk
from actors.risk.judging import Case, Reserved, reasons_against, signed
from actors.risk.multipliers import Multipliers
from actors.risk.proposals import Proposal, changes, priced, wishes
from actors.risk.rounding import SPREAD_FROM, in_lots
from actors.risk.settings import RiskSettings
from actors.risk.tail import NO_LOSS, UNKNOWN_LOSS, Budgets, Loss, Tail, budgets_of
from actors.risk.view import Floats, View
from contracts.belief import Slate
from contracts.decision import Pick, Reason
from contracts.quantities import Side, nanos, opposite, sign


class Refused(NamedTuple):
    """A proposal and every reason against it."""

    proposal: Proposal
    reasons: tuple[Reason, ...]


class Weighed(NamedTuple):
    """What a decision comes to; the losses are of the whole book before and after."""

    passed: tuple[Proposal, ...]
    refused: tuple[Refused, ...]
    before: Loss
    after: Loss


class Room(NamedTuple):
    """How much tail there is room for: the scenarios (None: the joint book is unknown), the budgets, what cut them."""

    tail: Tail | None
    budgets: Budgets
    multipliers: Multipliers


class Wanted(NamedTuple):
    """The proposals of a decision, and the share of what they add that the deviation of the book left of it."""

    proposals: list[Proposal]
    calm: float


def wanted(
    case: Case, picks: Sequence[Pick], let_go: Sequence[str], slate: Slate, columns: dict[str, int], room: Room,
    settings: RiskSettings,
) -> Wanted:  # fmt: skip
    """The proposals of a decision: the picks, in lots that fit into the budgets, then what is let go, then what is cut.

    A book beyond the whole budget (volatility has risen) is cut in proportion, position by position, back to it.
    """
    view, tail = case.view, room.tail
    sides = np.zeros(len(view.symbols))
    for pick in picks:
        if view.at(pick.symbol) >= 0:
            sides[view.at(pick.symbol)] = sign(pick.side)
    equity = float(case.equity.equity) if case.equity is not None else 0.0
    shortfall = tail.unit_shortfall(sides) if tail is not None else np.zeros(len(sides))
    wish = wishes(view, picks, slate, columns, equity, shortfall, settings)
    keep = _kept(tail, equity, settings)
    target = _shrunk(view.position, wish.target, room.multipliers.size)
    target = _capped(view.position, np.where(sides != 0.0, target, view.position), keep)
    change = changes(view, target, settings)
    adding = np.where(np.abs(view.position + change) >= np.abs(view.position), change, 0.0)
    calm, scaled, lots = _fitted(view, adding, wish.edge, room, settings)
    change_now = np.where(adding != 0.0, scaled, change)
    proposals = [_of_pick(leg, pick, case, target, change, change_now, settings) for leg, pick in enumerate(picks)]
    proposals = [_sized(each, lots, view) for each in proposals]
    proposals += closing(case, let_go, len(proposals), settings)
    done = [proposal.symbol for proposal in proposals]
    return Wanted(proposals + (_cuts(case, change, done, settings) if keep < 1.0 else []), calm)


def _fitted(
    view: View, adding: Floats, edge: Floats, room: Room, settings: RiskSettings
) -> tuple[float, Floats, dict[int, Decimal]]:
    """The share that the deviation leaves, the notionals that fit as a whole, and the lots that do."""
    tail = room.tail
    if tail is None or not adding.any():
        return 1.0, adding, {}
    budgets = tail.sure(adding, room.budgets)
    calm = tail.calm_scale(adding, budgets.deviation)
    scale = min(calm, tail.scale(adding, budgets))
    return calm, scale * adding, in_lots(view, adding, scale, edge, tail, budgets, settings)


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


def _kept(tail: Tail | None, equity: float, settings: RiskSettings) -> float:
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
    leg: int, pick: Pick, case: Case, target: Floats, change: Floats, scaled: Floats, settings: RiskSettings
) -> Proposal:
    """The order of one pick; `change` is what is wanted, `scaled` what the tail of the book leaves of it."""
    view, place = case.view, case.view.at(pick.symbol)
    held = case.positions.get(pick.symbol, Decimal(0))
    if place < 0:
        return priced(view, leg, pick.symbol, pick.side, 0.0, held, settings, "")
    if not change[place]:
        why = f"{pick.symbol} has no edge beyond its cost"
        if view.position[place] and target[place]:
            why = f"position {view.position[place]:.2f} of {pick.symbol} is near its target {target[place]:.2f}"
        return priced(view, leg, pick.symbol, pick.side, 0.0, Decimal(0), settings, why)
    side: Side = "buy" if change[place] > 0.0 else "sell"
    # What is to be gone goes whole: at the worst price its notional would be a lot too few.
    gone = view.position[place] + change[place] == 0.0
    proposal = priced(view, leg, pick.symbol, side, np.inf if gone else float(scaled[place]), held, settings, "")
    if proposal.reduce_only and proposal.limit.is_finite() and not proposal.quantity:
        why = f"position {view.position[place]:.2f} of {pick.symbol} is within a lot of its target {target[place]:.2f}"
        return proposal._replace(why=why)
    return proposal._replace(wanted=float(change[place]))


def weigh(proposals: Sequence[Proposal], case: Case, reserved: Reserved, room: Room, settings: RiskSettings) -> Weighed:
    """Judge in order, each on top of what passed before it; then the tail of all that passed, together (C12)."""
    passed: list[Proposal] = []
    against: dict[int, list[Reason]] = {}
    interval_ns = nanos(60.0 / settings.orders_per_minute)
    for proposal in proposals:
        reasons = reasons_against(proposal, case, reserved, settings)
        reasons += _alone(proposal, reasons, case, room, settings)
        if reasons:
            against[proposal.leg] = reasons
        else:
            reserved.take(proposal, case.at_ns, interval_ns)
            passed.append(proposal)
    passed = _within_budget(passed, against, case, room, settings)
    refused = tuple(Refused(each, tuple(against[each.leg])) for each in proposals if each.leg in against)
    tail = room.tail
    before = tail.loss(np.zeros(tail.width)) if tail is not None else _without_tail(case)
    after = tail.loss(signed(passed, case.view)) if tail is not None else before
    return Weighed(tuple(passed), refused, before, after)


def _without_tail(case: Case) -> Loss:
    """Nothing is lost of nothing; of a book that cannot be known the loss is unknown."""
    return UNKNOWN_LOSS if case.view.symbols or case.view.unknown else NO_LOSS


def _within_budget(
    passed: list[Proposal], against: dict[int, list[Reason]], case: Case, room: Room, settings: RiskSettings
) -> list[Proposal]:
    """Rounding, or a hedge that was refused, can leave too much: what adds most to the tail goes first."""
    while room.tail is not None and any(not each.reduce_only for each in passed):
        reasons = _tail_reasons(passed, case, room, settings) or _crowded(passed, case, room, settings)
        if not reasons:
            break
        adding = np.zeros(len(case.view.symbols), dtype=np.bool_)
        adding[[each.place for each in passed if not each.reduce_only]] = True
        heaviest = room.tail.heaviest(signed(passed, case.view), adding)
        dropped = next(each for each in passed if each.place == heaviest and not each.reduce_only)
        against[dropped.leg] = reasons
        passed = [each for each in passed if each is not dropped]
    return passed


def _alone(proposal: Proposal, reasons: list[Reason], case: Case, room: Room, settings: RiskSettings) -> list[Reason]:
    """C12 of one proposal by itself; of one that became too small to be an order, at the size it was wanted at."""
    if proposal.reduce_only or proposal.why or proposal.place < 0:
        return []
    small = any(reason.control in ("C1", "MIN") for reason in reasons)
    judged = proposal._replace(added=proposal.wanted) if small else proposal
    return _tail_reasons([judged], case, room, settings)


def _tail_reasons(proposals: list[Proposal], case: Case, room: Room, settings: RiskSettings) -> list[Reason]:
    """C12 over both horizons, and the deviation, each with what cut its budget."""
    if room.tail is None:
        why = ", ".join(case.view.unknown) or "nothing is known of equity or sigma"
        return [Reason("C12", f"cvar of the joint book is unknown: {why}")]
    loss, budgets = room.tail.loss(signed(proposals, case.view)), room.budgets
    found = (
        tail_risk(loss.cvar, loss.var, budgets.cvar, loss.rows, settings.scenarios_min),
        slow_tail(loss.slow, budgets.slow, settings.slow_horizon_s),
        deviation(loss.deviation, budgets.deviation),
    )
    told = room.multipliers.told()
    return [Reason(reason.control, reason.text + told) for reason in found if reason is not None]


def _crowded(passed: list[Proposal], case: Case, room: Room, settings: RiskSettings) -> list[Reason]:
    """C12 of the parts in a book of several positions: what adds most may not have more than its share."""
    added = signed(passed, case.view)
    if room.tail is None or room.tail.positions(added) < SPREAD_FROM:
        return []
    parts, most = room.tail.shares(added), settings.component_ratio_max * room.budgets.cvar
    adding = [each.place for each in passed if not each.reduce_only]
    place = adding[int(np.argmax(parts[adding]))]
    reason = component(case.view.symbols[place], float(parts[place]), most)
    return [] if reason is None else [Reason(reason.control, reason.text + room.multipliers.told())]
