"""One decision weighed: sized within the tail-risk budget, every proposal judged, the whole judged again."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from actors.risk.checks import tail_risk
from actors.risk.judging import Case, Reserved, reasons_against, signed
from actors.risk.proposals import Proposal, changes, priced, targets
from actors.risk.settings import RiskSettings
from actors.risk.tail import NO_LOSS, UNKNOWN_LOSS, Loss, Tail
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


def wanted(
    case: Case, picks: Sequence[Pick], let_go: Sequence[str], slate: Slate, columns: dict[str, int], tail: Tail | None,
    budget: float, settings: RiskSettings,
) -> list[Proposal]:  # fmt: skip
    """The proposals of a decision: the picks, scaled into the budget, then what is let go, then what is cut.

    A book beyond the whole budget (volatility has risen) is cut in proportion, position by position, back to it.
    """
    view = case.view
    sides = np.zeros(len(view.symbols))
    for pick in picks:
        if view.at(pick.symbol) >= 0:
            sides[view.at(pick.symbol)] = sign(pick.side)
    equity = float(case.equity.equity) if case.equity is not None else 0.0
    shortfall = tail.unit_shortfall(sides) if tail is not None else np.zeros(len(sides))
    target = targets(view, picks, slate, columns, equity, shortfall, settings)
    keep = _kept(view, tail, equity, settings)
    target = _capped(view.position, np.where(sides != 0.0, target, view.position), keep)
    change = changes(view, target, settings)
    adding = np.where(change * view.position >= 0.0, change, 0.0)
    scale = tail.scale(adding, budget) if tail is not None and adding.any() else 1.0
    scaled = np.where(adding != 0.0, scale * change, change)
    proposals = [_of_pick(leg, pick, case, target, change, scaled, settings) for leg, pick in enumerate(picks)]
    proposals += closing(case, let_go, len(proposals), settings)
    done = [proposal.symbol for proposal in proposals]
    return proposals + (_cuts(case, change, done, settings) if keep < 1.0 else [])


def _kept(view: View, tail: Tail | None, equity: float, settings: RiskSettings) -> float:
    """The share of every position that the whole budget has room for; the drawdown's share closes nothing by force."""
    if tail is None:
        return 1.0
    loss = tail.loss(np.zeros(len(view.symbols))).cvar
    return min(1.0, settings.cvar_budget_ratio * equity / loss) if loss > 0.0 else 1.0


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
    proposal = priced(view, leg, pick.symbol, side, float(scaled[place]), held, settings, "")
    if proposal.reduce_only and proposal.limit.is_finite() and not proposal.quantity:
        why = f"position {view.position[place]:.2f} of {pick.symbol} is within a lot of its target {target[place]:.2f}"
        return proposal._replace(why=why)
    return proposal._replace(wanted=float(change[place]))


def weigh(
    proposals: Sequence[Proposal], case: Case, reserved: Reserved, tail: Tail | None, budget: float,
    settings: RiskSettings,
) -> Weighed:  # fmt: skip
    """Judge in order, each on top of what passed before it; then the tail of all that passed, together (C12)."""
    passed: list[Proposal] = []
    against: dict[int, list[Reason]] = {}
    interval_ns = nanos(60.0 / settings.orders_per_minute)
    for proposal in proposals:
        reasons = reasons_against(proposal, case, reserved, settings)
        reasons += _alone(proposal, reasons, case, tail, budget, settings)
        if reasons:
            against[proposal.leg] = reasons
        else:
            reserved.take(proposal, case.at_ns, interval_ns)
            passed.append(proposal)
    passed = _within_budget(passed, against, case, tail, budget, settings)
    refused = tuple(Refused(each, tuple(against[each.leg])) for each in proposals if each.leg in against)
    before = tail.loss(np.zeros(len(case.view.symbols))) if tail is not None else _without_tail(case)
    after = tail.loss(signed(passed, case.view)) if tail is not None else before
    return Weighed(tuple(passed), refused, before, after)


def _without_tail(case: Case) -> Loss:
    """Nothing is lost of nothing; of a book that cannot be known the loss is unknown."""
    return UNKNOWN_LOSS if case.view.symbols or case.view.unknown else NO_LOSS


def _within_budget(
    passed: list[Proposal], against: dict[int, list[Reason]], case: Case, tail: Tail | None, budget: float,
    settings: RiskSettings,
) -> list[Proposal]:  # fmt: skip
    """Rounding, or a hedge that was refused, can leave too much: what adds most to the tail goes first."""
    while tail is not None and any(not each.reduce_only for each in passed):
        reason = _tail_reason(passed, case, tail, budget, settings)
        if reason is None:
            break
        adding = np.zeros(len(case.view.symbols), dtype=np.bool_)
        adding[[each.place for each in passed if not each.reduce_only]] = True
        heaviest = tail.heaviest(signed(passed, case.view), adding)
        dropped = next(each for each in passed if each.place == heaviest and not each.reduce_only)
        against[dropped.leg] = [reason]
        passed = [each for each in passed if each is not dropped]
    return passed


def _alone(
    proposal: Proposal, reasons: list[Reason], case: Case, tail: Tail | None, budget: float, settings: RiskSettings
) -> list[Reason]:
    """C12 of one proposal by itself; of one that became too small to be an order, at the size it was wanted at."""
    if proposal.reduce_only or proposal.why or proposal.place < 0:
        return []
    small = any(reason.control in ("C1", "MIN") for reason in reasons)
    judged = proposal._replace(added=proposal.wanted) if small else proposal
    reason = _tail_reason([judged], case, tail, budget, settings)
    return [] if reason is None else [reason]


def _tail_reason(
    proposals: list[Proposal], case: Case, tail: Tail | None, budget: float, settings: RiskSettings
) -> Reason | None:
    if tail is None:
        why = ", ".join(case.view.unknown) or "nothing is known of equity or sigma"
        return Reason("C12", f"cvar of the joint book is unknown: {why}")
    loss = tail.loss(signed(proposals, case.view))
    return tail_risk(loss.cvar, loss.var, budget, loss.rows, settings.scenarios_min)
