"""One decision weighed: every proposal judged on top of the others, and the tail of the whole judged again."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from actors.risk.case import Case
from actors.risk.checks import component, deviation, slow_tail, tail_risk
from actors.risk.judging import Judge, signed
from actors.risk.proposals import Proposal
from actors.risk.reserved import Reserved
from actors.risk.rounding import SPREAD_FROM
from actors.risk.settings import RiskSettings
from actors.risk.sizing import Room
from actors.risk.tail import NO_LOSS, UNKNOWN_LOSS, Loss
from actors.risk.view import Floats
from contracts.decision import Reason
from contracts.quantities import nanos, sign

SEVERAL: Final = 4
"""Of fewer orders the whole book of each is looked at: of one it has been, when it was sized."""


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


def weigh(proposals: Sequence[Proposal], case: Case, reserved: Reserved, room: Room, settings: RiskSettings) -> Weighed:
    """Judge in order, each on top of what passed before it; then the tail of all that passed, together (C12)."""
    passed: list[Proposal] = []
    against: dict[int, list[Reason]] = {}
    interval_ns = nanos(60.0 / settings.orders_per_minute)
    judge, sure = Judge(case, reserved, settings), _sure(proposals, room, settings)
    for proposal in proposals:
        reasons = judge.reasons_against(proposal)
        reasons += _alone(proposal, reasons, sure, case, room, settings)
        if reasons:
            against[proposal.leg] = reasons
        else:
            reserved.take(proposal, case.at_ns, interval_ns)
            passed.append(proposal)
    passed, added = _within_budget(passed, against, case, room, settings)
    refused = tuple(Refused(each, tuple(against[each.leg])) for each in proposals if each.leg in against)
    tail = room.tail
    before = tail.idle if tail is not None else _without_tail(case)
    after = tail.loss(added) if tail is not None else before
    return Weighed(tuple(passed), refused, before, after)


def _without_tail(case: Case) -> Loss:
    """Nothing is lost of nothing; of a book that cannot be known the loss is unknown."""
    return UNKNOWN_LOSS if case.view.symbols or case.view.unknown else NO_LOSS


def _within_budget(
    passed: list[Proposal], against: dict[int, list[Reason]], case: Case, room: Room, settings: RiskSettings
) -> tuple[list[Proposal], Floats]:
    """What may pass together, and its notionals: rounding, or a hedge that was refused, can leave too much.

    What adds most to the tail goes first.
    """
    added = signed(passed, case.view)
    while room.tail is not None and any(not each.reduce_only for each in passed):
        reasons = tail_reasons(added, case, room, settings) or _crowded(passed, added, case, room, settings)
        if not reasons:
            break
        adding = np.zeros(len(case.view.symbols), dtype=np.bool_)
        adding[[each.place for each in passed if not each.reduce_only]] = True
        heaviest = room.tail.heaviest(added, adding)
        dropped = next(each for each in passed if each.place == heaviest and not each.reduce_only)
        against[dropped.leg] = reasons
        passed = [each for each in passed if each is not dropped]
        added = signed(passed, case.view)
    return passed, added


def _adds(proposal: Proposal) -> bool:
    return not (proposal.reduce_only or proposal.why or proposal.place < 0)


def _sure(proposals: Sequence[Proposal], room: Room, settings: RiskSettings) -> frozenset[tuple[int, bool]]:
    """Legs, of several that add, whose tail is seen at once to fit at their size, and (True) at the one wanted."""
    tail, adding = room.tail, [each for each in proposals if _adds(each)]
    if tail is None or tail.size < settings.scenarios_min or len(adding) < SEVERAL:
        return frozenset()
    places, sides = np.array([each.place for each in adding]), np.array([float(sign(each.side)) for each in adding])
    sizes = np.abs([[each.added for each in adding], [each.wanted for each in adding]])
    fits = tail.surely_fit(places, sides, sizes, room.budgets)
    as_added, as_wanted = fits.tolist()
    found = [(each.leg, False) for each, fit in zip(adding, as_added, strict=True) if fit]
    return frozenset(found + [(each.leg, True) for each, fit in zip(adding, as_wanted, strict=True) if fit])


def _alone(
    proposal: Proposal, reasons: list[Reason], sure: frozenset[tuple[int, bool]], case: Case, room: Room,
    settings: RiskSettings,
) -> list[Reason]:  # fmt: skip
    """C12 of one proposal by itself; of one that became too small to be an order, at the size it was wanted at."""
    if not _adds(proposal):
        return []
    small = any(reason.control in ("C1", "MIN") for reason in reasons)
    if (proposal.leg, small) in sure:
        return []
    judged = proposal._replace(added=proposal.wanted) if small else proposal
    return tail_reasons(signed([judged], case.view), case, room, settings)


def tail_reasons(added: Floats, case: Case, room: Room, settings: RiskSettings) -> list[Reason]:
    """C12 over both horizons, and the deviation, of a book with that added, each with what cut its budget."""
    if room.tail is None:
        why = ", ".join(case.view.unknown) or "nothing is known of equity or sigma"
        return [Reason("C12", f"cvar of the joint book is unknown: {why}")]
    loss, budgets = room.tail.loss(added), room.budgets
    found = (
        tail_risk(loss.cvar, loss.var, budgets.cvar, loss.rows, settings.scenarios_min),
        slow_tail(loss.slow, budgets.slow, settings.slow_horizon_s),
        deviation(loss.deviation, budgets.deviation),
    )
    return [Reason(each.control, each.text + room.multipliers.told()) for each in found if each is not None]


def _crowded(passed: list[Proposal], added: Floats, case: Case, room: Room, settings: RiskSettings) -> list[Reason]:
    """C12 of the parts in a book of several positions: what adds most may not have more than its share."""
    if room.tail is None or room.tail.positions(added) < SPREAD_FROM:
        return []
    parts, most = room.tail.shares(added), settings.component_ratio_max * room.budgets.cvar
    adding = [each.place for each in passed if not each.reduce_only]
    place = adding[int(np.argmax(parts[adding]))]
    reason = component(case.view.symbols[place], float(parts[place]), most)
    return [] if reason is None else [Reason(reason.control, reason.text + room.multipliers.told())]
