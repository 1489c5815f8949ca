"""What a decision adds, in whole lots: rounded down, repaired and filled within every budget of the joint book."""

from collections.abc import Sequence
from decimal import ROUND_CEILING
from typing import Final, NamedTuple

import numpy as np

from actors.risk.checks import SPARE
from actors.risk.proposals import dearest, has_price
from actors.risk.settings import RiskSettings
from actors.risk.tail import Budgets, Tail
from actors.risk.view import Floats, View
from contracts.instrument import Instrument
from contracts.quantities import Money, Side, sign
from quant.lots import Candidates, Lots, Search

LOOKS: Final = 24
"""Books looked at for one decision: about a millisecond."""

COARSE: Final = 64
"""Only where a position has fewer lots than this is it worth looking for better ones than those rounded down."""

SPREAD_FROM: Final = 3
"""From so many positions on none may have more than its share of the tail."""


class Leg(NamedTuple):
    """One order that adds: its instrument, the signed worth of a lot, and how many lots are least and most."""

    place: int
    instrument: Instrument
    worth: float
    least: int
    most: int


def in_lots(
    view: View, wanted: Floats, scale: float, edge: Floats, tail: Tail, budgets: Budgets, settings: RiskSettings
) -> dict[int, Money]:
    """Quantities by place for signed notionals (N,) of which the share `scale` is known to fit.

    `edge` (N,) is the net edge of one unit of currency. A place without a price is left out; one that became too small
    to be an order has 0.
    """
    priced = [int(place) for place in np.flatnonzero(wanted) if has_price(view, int(place))]
    kept = [_leg(view, place, float(wanted[place]), settings) for place in priced]
    return fitted(kept, len(wanted), scale, edge, tail, budgets, settings)


def fitted(
    kept: Sequence[Leg], width: int, scale: float, edge: Floats, tail: Tail, budgets: Budgets, settings: RiskSettings
) -> dict[int, Money]:
    """Quantities by place of legs in a book of `width` instruments, of which the share `scale` is known to fit."""
    places = [leg.place for leg in kept]
    worth = np.array([leg.worth for leg in kept])
    candidates = Candidates(
        least=np.array([leg.least for leg in kept], dtype=np.int64),
        most=np.array([leg.most for leg in kept], dtype=np.int64),
        utility=np.asarray(edge[places] * np.abs(worth)),
    )

    def added(lots: Lots) -> Floats:
        total = np.zeros(width)
        total[places] = worth * lots
        return total

    looks = LOOKS if (candidates.most < COARSE).any() else 0
    search = Search(candidates, lambda lots: tail.used(added(lots), budgets), looks)
    lots = search.run((scale * candidates.most).astype(np.int64))
    for _ in kept:
        if tail.positions(added(lots)) < SPREAD_FROM:
            break
        part, most = tail.shares(added(lots))[places], settings.component_ratio_max * budgets.cvar
        crowded = part > most
        if not crowded[lots > 0].any():
            break
        fits = lots * most / np.where(crowded, part, 1.0)
        lots = candidates.snapped(np.where(crowded, fits.astype(np.int64), lots))
    return {leg.place: leg.instrument.quantity(int(count)) for leg, count in zip(kept, lots, strict=True)}


def _leg(view: View, place: int, wanted: float, settings: RiskSettings) -> Leg:
    side: Side = "buy" if wanted > 0.0 else "sell"
    instrument, (_, dear) = view.instruments[place], dearest(view, place, side, settings)
    most = instrument.lots_within(min(abs(wanted) / dear, float(instrument.quantity_max)))
    return leg_of(view, place, side, most, settings)


def leg_of(view: View, place: int, side: Side, most: int, settings: RiskSettings) -> Leg:
    """An order of so many lots at most, and of as many as the venue wants at least."""
    instrument, (limit, _) = view.instruments[place], dearest(view, place, side, settings)
    least = (SPARE * instrument.notional_min / (limit * instrument.lot)).to_integral_value(rounding=ROUND_CEILING)
    return Leg(
        place=place,
        instrument=instrument,
        worth=sign(side) * float(instrument.lot) * float(view.unit[place]),
        least=max(1, int(least)),
        most=most,
    )
