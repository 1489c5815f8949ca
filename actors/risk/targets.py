"""From targets to proposals: the difference to what is held in whole lots, each as one priced order, cut to what fits.

A strategy says how much it wants, so nothing is sized here. What makes a position larger is cut to the budgets of the
joint book and to what one order may be; what does not fit is refused under a leg of its own with the reasons. A book
beyond the whole budget (volatility has risen) is cut in proportion, whatever is wanted. Where the budget binds, steps
below `rebalance_ratio` of the position are not traded: it breathes with every bar, and fees would be paid for that. A
position goes through zero in two decisions.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from actors.risk.case import Case
from actors.risk.judging import Judge, signed
from actors.risk.proposals import NOTHING, Proposal, dearest, has_price, is_dust, lots_in
from actors.risk.reserved import Reserved
from actors.risk.rounding import SPREAD_FROM, Leg, fitted, leg_of
from actors.risk.settings import RiskSettings
from actors.risk.sizing import Draft, Room, whole_budget_share
from actors.risk.tail import Budgets, Tail, surest
from actors.risk.view import Floats, View
from actors.risk.weighing import Refused, tail_reasons
from contracts.decision import Reason
from contracts.quantities import Side, sign

SEARCHED: Final = 8
"""Among more orders than this the best lots are not searched for: each look at a book costs its whole tail."""

SHRINKS: Final = 12
SHRINK: Final = 0.8
"""Orders that become too small, or a hedge among them, can break what was to fit: then less of all is tried."""

_EMPTY: Final = np.zeros(0)


class Differences(NamedTuple):
    """The proposals of a decision, what of them was cut away with the reasons, and how it was fitted."""

    proposals: list[Proposal]
    refused: list[Refused]
    draft: Draft


def differences(
    case: Case, wanted: Mapping[str, int], reserved: Reserved, room: Room, settings: RiskSettings
) -> Differences:
    """Proposals that lead from what is held to `wanted`, signed whole lots of each symbol."""
    lots = _toward(case, wanted, room, settings)
    orders = [_order(leg, symbol, change, case, settings) for leg, (symbol, change) in enumerate(lots.items())]
    proposals = [order.proposal for order in orders]
    cut = [_rest(order, settings) for order in orders if order.left]
    adding = [each for each in proposals if not each.reduce_only and not each.why and each.quantity]
    draft = Draft(_EMPTY, _EMPTY, {}, 1.0, 1.0, 0.0)
    if room.tail is not None and adding:
        proposals, beyond, draft = _fit(proposals, adding, case, reserved, room, settings)
        cut += beyond
    taken = {each.leg for each in proposals}
    refused: list[Refused] = []
    leg = len(lots)
    for each in cut:
        if each.proposal.leg in taken:
            refused.append(Refused(each.proposal._replace(leg=leg), each.reasons))
            leg += 1
        else:
            refused.append(each)
    return Differences(proposals, refused, draft)


class _Order(NamedTuple):
    """The order of one difference, and how many lots of it one order may not have."""

    proposal: Proposal
    left: int


def _toward(case: Case, wanted: Mapping[str, int], room: Room, settings: RiskSettings) -> dict[str, int]:
    """Signed lots to trade of each symbol, through zero in two steps, after a book beyond its budget was cut."""
    view = case.view
    equity = float(case.equity.equity) if case.equity is not None else 0.0
    keep = whole_budget_share(room.tail, equity, settings)
    found: dict[str, int] = {}
    for symbol in dict.fromkeys((*wanted, *(case.positions if keep < 1.0 else ()))):
        place = view.at(symbol)
        if place < 0:
            continue
        held = _lots_held(case, view, place)
        target = wanted.get(symbol, held)
        most = int(keep * abs(held))
        if held * target > 0 and abs(target) > most and abs(held) - most >= settings.rebalance_ratio * abs(held):
            target = max(-most, min(most, target))
        change = -held if held * target < 0 else target - held
        if change:
            found[symbol] = change
    return found


def _lots_held(case: Case, view: View, place: int) -> int:
    """Signed whole lots that are held; what is less than a lot is nothing."""
    held = case.positions.get(view.symbols[place])
    if not held:
        return 0
    lots = lots_in(abs(held), view.instruments[place].lot)
    return lots if held > 0 else -lots


def _order(leg: int, symbol: str, change: int, case: Case, settings: RiskSettings) -> _Order:
    """One order for a change in lots at the worst price that may be paid, no larger than one order may be."""
    view, place = case.view, case.view.at(symbol)
    side: Side = "buy" if change > 0 else "sell"
    held, instrument = case.positions.get(symbol, NOTHING), view.instruments[place]
    reduce_only = held * sign(side) < 0 and not is_dust(view, place, held, 0.0)
    if not has_price(view, place):
        return _Order(Proposal(leg, symbol, place, side, NOTHING, Decimal("NaN"), reduce_only, 0.0, "", 0.0), 0)
    limit, dear = dearest(view, place, side, settings)
    most = min(float(settings.order_ceiling()) / dear, float(instrument.quantity_max))
    lots = min(abs(change), instrument.lots_within(most))
    unknown = not (reduce_only or view.sigma[place] > 0.0)
    why = f"sigma of {symbol} is unknown: too few bars were heard" if unknown else ""
    quantity = instrument.quantity(lots)
    added = float(quantity) * float(view.unit[place]) * sign(side)
    left = 0 if why else abs(change) - lots
    return _Order(Proposal(leg, symbol, place, side, quantity, limit, reduce_only, added, why, added), left)


def _rest(order: _Order, settings: RiskSettings) -> Refused:
    """What is left of a difference for the decisions to come."""
    proposal = order.proposal
    reason = Reason("C2", f"{order.left} lots of {proposal.symbol} are beyond one order of {settings.order_ceiling()}")
    return Refused(proposal, (reason,))


def _fit(
    proposals: list[Proposal], adding: list[Proposal], case: Case, reserved: Reserved, room: Room,
    settings: RiskSettings,
) -> tuple[list[Proposal], list[Refused], Draft]:  # fmt: skip
    """The share of what is added that fits as a whole, in lots; every EUR that is wanted counts the same."""
    view, tail, added = case.view, room.tail, signed(adding, case.view)
    assert tail is not None
    # How large the error of the scenarios is matters only where the budgets are half used up.
    if _fits(added, tail, surest(room.budgets), settings):
        return proposals, [], Draft(added, added, {}, 1.0, 1.0, 0.0)
    budgets = tail.sure(added, room.budgets)
    if _fits(added, tail, budgets, settings):
        return proposals, [], Draft(added, added, {}, 1.0, 1.0, 0.0)
    calm = tail.calm_scale(added, budgets.deviation)
    scale = min(calm, tail.scale(added, budgets))
    legs = {each.leg: _leg(each, view, settings) for each in adding}
    lots = _lots(list(legs.values()), added, scale, tail, budgets, settings)
    reasons = tuple(tail_reasons(added, case, room, settings))
    judge = Judge(case, reserved, settings)
    kept: list[Proposal] = []
    cut: list[Refused] = []
    for each in proposals:
        leg = legs.get(each.leg)
        if leg is None or leg.most < leg.least or lots[each.place] == each.quantity:
            kept.append(each)
            continue
        why = reasons or (_beyond(each.symbol, lots[each.place]),)
        held, fits = abs(_lots_held(case, view, each.place)), leg.instrument.lots(lots[each.place])
        if fits and fits >= settings.rebalance_ratio * (held + fits):
            kept.append(each._replace(quantity=lots[each.place], added=fits * leg.worth))
            cut.append(Refused(each, why))
        else:
            cut.append(Refused(each, (*judge.reasons_against(each), *why)))
    return kept, cut, Draft(added, scale * added, lots, scale, calm, 0.0)


def _leg(proposal: Proposal, view: View, settings: RiskSettings) -> Leg:
    most = view.instruments[proposal.place].lots(proposal.quantity)
    return leg_of(view, proposal.place, proposal.side, most, settings)


def _lots(
    legs: list[Leg], added: Floats, scale: float, tail: Tail, budgets: Budgets, settings: RiskSettings
) -> dict[int, Decimal]:
    """What fits of each leg: searched for among a few, of many the same share of each that is still an order."""
    if len(legs) <= SEARCHED:
        return fitted(legs, len(added), scale, np.ones(len(added)), tail, budgets, settings)
    places = [leg.place for leg in legs]
    most, least = (np.array([getattr(leg, name) for leg in legs]) for name in ("most", "least"))
    worth = np.array([leg.worth for leg in legs])
    share = scale
    for _ in range(SHRINKS):
        lots = np.floor(share * most).astype(np.int64)
        lots[lots < least] = 0
        book = np.zeros(len(added))
        book[places] = worth * lots
        if _fits(book, tail, budgets, settings):
            return {leg.place: leg.instrument.quantity(int(count)) for leg, count in zip(legs, lots, strict=True)}
        share *= SHRINK
    return {leg.place: NOTHING for leg in legs}


def _fits(added: Floats, tail: Tail, budgets: Budgets, settings: RiskSettings) -> bool:
    """Whether all of it fits, and in a book of several positions none has more than its share: the common case."""
    if not tail.used(added, budgets) <= 1.0:
        return False
    most = settings.component_ratio_max * budgets.cvar
    return tail.positions(added) < SPREAD_FROM or bool((tail.shares(added) <= most).all())


def _beyond(symbol: str, fits: Decimal) -> Reason:
    return Reason("C12", f"of {symbol} {fits} fits into the sure part of the budget of the joint book")
