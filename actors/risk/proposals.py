"""From a selection to proposals: what to hold of each pick, what to let go, each as one priced order on the grid."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

import numpy as np

from actors.risk.settings import RiskSettings
from actors.risk.view import Floats, View
from contracts.belief import Slate
from contracts.decision import Pick
from contracts.instrument import Instrument
from contracts.quantities import BPS, Money, Side, sign
from quant.sizing import confidence_share, kelly_share, net_edge, target_notional

NOTHING = Decimal(0)


class Proposal(NamedTuple):
    """One order that is wanted; `place` is its column in the view (-1: not in the universe), `why` why it is no order.

    `added` is its signed notional in the account's currency, `wanted` the one before the tail of the book scaled it.
    A proposal without a price has a NaN limit.
    """

    leg: int
    symbol: str
    place: int
    side: Side
    quantity: Money
    limit: Money
    reduce_only: bool
    added: float
    why: str
    wanted: float


class Wish(NamedTuple):
    """What is wanted of every place: signed notionals, and the net edge of one unit of currency (never negative).

    `most` is what may be held at all, without a sign: the larger of Kelly alone and of what is wanted.
    """

    target: Floats
    edge: Floats
    most: Floats


def wishes(
    view: View, picks: Sequence[Pick], slate: Slate, columns: dict[str, int], equity: float, shortfall: Floats,
    settings: RiskSettings,
) -> Wish:  # fmt: skip
    """What is wanted of every place, nothing of what was not picked.

    A pick counts with the edge in its own direction after the cost of a round trip; a position that is already held
    on that side has paid for its way in, and will pay for its way out whatever is decided. Below `confidence_full` a
    target shrinks with its confidence.
    """
    mu, sigma, cost = np.zeros(len(view.symbols)), np.full(len(view.symbols), np.nan), np.zeros(len(view.symbols))
    sure = np.zeros(len(view.symbols))
    for pick in picks:
        place, column = view.at(pick.symbol), columns.get(pick.symbol, -1)
        if place >= 0 and column >= 0:
            towards = float(slate.mu[column]) * sign(pick.side)
            mu[place] = sign(pick.side) * max(0.0, towards) if towards == towards else 0.0
            sigma[place] = slate.sigma[column]
            sure[place] = confidence_share(float(slate.confidence[column]), settings.confidence_full)
            held = view.position[place] * sign(pick.side) > 0.0
            cost[place] = 0.0 if held else float(slate.cost_bps[column]) * BPS
    edge = net_edge(mu, np.where(np.isfinite(cost), cost, np.inf))
    target = target_notional(
        edge,
        sigma,
        shortfall,
        equity_eur=equity,
        kelly_fraction=settings.kelly_fraction,
        share_max=settings.share_max,
        parity=settings.parity,
    )
    kelly = kelly_share(edge, sigma, fraction=settings.kelly_fraction, share_max=settings.share_max)
    most = np.maximum(np.abs(target), max(0.0, equity) * np.abs(kelly))
    return Wish(sure * target, np.abs(edge), sure * most)


def changes(view: View, target: Floats, settings: RiskSettings) -> Floats:
    """Signed notional to trade towards the targets: through zero in two steps, for a small difference not at all.

    What is less than a lot cannot be closed, and stands in nobody's way.
    """
    lots = np.array([float(each.lot) for each in view.instruments]) * view.unit
    turning = (view.position * target < 0.0) & ~(np.abs(view.position) < lots)
    towards = np.where(turning, 0.0, target)
    change = towards - view.position
    small = np.abs(change) < settings.rebalance_ratio * np.maximum(np.abs(towards), np.abs(view.position))
    return np.where(small, 0.0, change)


def priced(
    view: View, leg: int, symbol: str, side: Side, notional: float, held: Money, settings: RiskSettings, why: str
) -> Proposal:
    """One order for a notional (infinite: all that is held) at the worst price that may be paid.

    An order against what is held, a lot of it or more, is reduce-only, for no more than that, and no larger than one
    order may be.
    """
    place = view.at(symbol)
    reduce_only = held * sign(side) < 0 and not is_dust(view, place, held, notional)
    if not has_price(view, place):
        return Proposal(leg, symbol, place, side, NOTHING, Decimal("NaN"), reduce_only, 0.0, why, 0.0)
    instrument = view.instruments[place]
    limit, dear = dearest(view, place, side, settings)
    if reduce_only:
        notional = min(abs(notional), float(settings.order_ceiling()))
    quantity = instrument.quantity(instrument.lots_within(min(abs(notional) / dear, float(instrument.quantity_max))))
    if reduce_only:
        quantity = min(quantity, whole_lots(abs(held), instrument.lot))
    added = float(quantity) * float(view.unit[place]) * sign(side)
    return Proposal(leg, symbol, place, side, quantity, limit, reduce_only, added, why, added)


def is_dust(view: View, place: int, held: Money, notional: float) -> bool:
    """Whether an order turns what is less than a lot into something: such a rest cannot be closed by itself."""
    return place >= 0 and abs(held) < view.instruments[place].lot and np.isfinite(notional)


def has_price(view: View, place: int) -> bool:
    """Whether an order could be priced there."""
    return place >= 0 and bool(view.unit[place] > 0.0 and view.bid[place] > 0.0)


def dearest(view: View, place: int, side: Side, settings: RiskSettings) -> tuple[Money, float]:
    """The worst price that may be paid, and what one base unit may come to in the account's currency."""
    bid, ask = float(view.bid[place]), float(view.ask[place])
    limit = limit_price(view.instruments[place], side, bid, ask, settings.limit_through_bps)
    return limit, max(float(limit) * float(view.rate[place]), float(view.unit[place]))


def limit_price(instrument: Instrument, side: Side, bid: float, ask: float, through_bps: float) -> Money:
    """The worst price that may be paid: that far beyond the far touch, on the tick grid, never further."""
    nudge = 1e-6 * float(instrument.tick)
    if side == "buy":
        return instrument.price(instrument.ticks_below(ask * (1.0 + through_bps * BPS) + nudge))
    return instrument.price(instrument.ticks_above(bid * (1.0 - through_bps * BPS) - nudge))


def whole_lots(quantity: Money, lot: Money) -> Money:
    """The most whole lots within a quantity: what a fee in base has nibbled off can never be sold."""
    return (quantity / lot).to_integral_value(rounding=ROUND_FLOOR) * lot


def lots_in(quantity: Money, lot: Money) -> int:
    """How many whole lots there are in a quantity that is not negative."""
    return int(quantity // lot)
