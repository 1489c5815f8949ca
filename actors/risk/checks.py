"""The controls of one order, each a pure function: None, or a reason with the number that was and that may be.

Every comparison is written so that NaN fails it: `not (was <= may)`. A missing reference is a reason, never a pass.
Numbers (C1 and so on) are those of the project's list of controls.
"""

import math
from decimal import Decimal
from statistics import median
from typing import Final

from contracts.decision import GateState, Reason
from contracts.instrument import Instrument
from contracts.quantities import BPS, Money, Nanos, Seconds, Side, nanos, seconds, sign
from contracts.trade import OrderState

MEDIAN_OF_MIN: Final = 10
"""Fewer own orders than this make no median to be far from; the largest notional (C2) holds alone until then."""

SPARE: Final = Decimal("1.02")
"""What the smallest order has to have, so that the price may move 2 % before it arrives."""

BPS_NOISE: Final = 1e-6
"""What a price loses as a float: a limit on the last tick that may be is not beyond it."""


def account_state(state: GateState, *, reducing: bool) -> Reason | None:
    """C16 (and C18, C19 through their latches): what the account may do now."""
    if state.state == "TRADING" or (state.state == "REDUCING" and reducing):
        return None
    why = f": {'; '.join(state.reasons)}" if state.reasons else ""
    return Reason("C16", f"the account is {state.state}{why}")


def order_size(symbol: str, quantity: Money, quantity_max: Money) -> Reason | None:
    """C1: quantity against the instrument's largest; also nothing, less than nothing, or no number at all."""
    if quantity.is_finite() and 0 < quantity <= quantity_max:
        return None
    return Reason("C1", f"quantity of {symbol} is {quantity}, more than 0 and at most {quantity_max}")


def order_notional(symbol: str, notional: float, notional_max: Money) -> Reason | None:
    """C2: notional at the worse of limit and mark, in the account's currency."""
    if 0.0 < notional <= float(notional_max):
        return None
    return Reason("C2", f"notional of {symbol} is {notional:.2f}, at most {notional_max:.2f}")


def smallest_order(symbol: str, notional: Money, notional_min: Money, quote: str) -> Reason | None:
    """The venue's smallest order, with something to spare."""
    least = notional_min * SPARE
    if notional >= least:
        return None
    return Reason("MIN", f"notional of {symbol} is {notional:.2f} {quote}, at least {least:.2f} {quote}")


def collar(symbol: str, limit: float, mid: float, close: float, ratio_max: float, agree_max: float) -> Reason | None:
    """C3: the limit near the own mid, and the mid near the last close, which another path has brought here."""
    if not (mid > 0.0 and close > 0.0):
        return Reason("C3", f"reference of {symbol} is unknown: mid {mid:.8g}, last close {close:.8g}")
    away, apart = abs(limit - mid) / mid, abs(mid - close) / close
    if not away <= ratio_max:
        return Reason("C3", f"limit of {symbol} is {away:.2%} from the mid, at most {ratio_max:.2%}")
    if not apart <= agree_max:
        return Reason("C3", f"mid of {symbol} is {apart:.2%} from the last close, at most {agree_max:.2%}")
    return None


def aggressiveness(symbol: str, side: Side, limit: float, far_touch: float, bps_max: float) -> Reason | None:
    """C4: how far the limit lies beyond the best price on the other side."""
    beyond = (limit - far_touch if side == "buy" else far_touch - limit) / (far_touch * BPS)
    if beyond <= bps_max + BPS_NOISE:
        return None
    return Reason("C4", f"limit of {symbol} is {beyond:.1f} bps through the touch, at most {bps_max:.1f} bps")


def usual_size(own: list[float]) -> float:
    """The median of the last own orders, infinite while they are too few to have one."""
    return median(own) if len(own) >= MEDIAN_OF_MIN else math.inf


def fat_finger(symbol: str, notional: float, usual: float, multiple: float) -> Reason | None:
    """C4: notional against the usual size."""
    most = multiple * usual
    if notional <= most or usual == math.inf:
        return None
    return Reason("C4", f"notional of {symbol} is {notional:.2f}, at most {most:.2f} ({multiple:g} times the usual)")


def throttle(at_ns: Nanos, free_ns: Nanos, per_minute: float, burst: int) -> Reason | None:
    """C5: a token bucket told by the instant at which it is full again (`free_ns`)."""
    used = max(0, free_ns - at_ns) / nanos(60.0 / per_minute)
    if used + 1 <= burst + 1e-9:
        return None
    return Reason("C5", f"{used + 1:.1f} orders at once, at most {burst} (and {per_minute:g} a minute)")


def repeats(count: int, most: int, window_s: Seconds) -> Reason | None:
    """C6: how many orders went out within the window, this one included."""
    if count <= most:
        return None
    return Reason("C6", f"{count} orders in {window_s:.0f} s, at most {most}")


def duplicate(symbol: str, ages_s: list[Seconds], within_s: Seconds) -> Reason | None:
    """C7: the same order (instrument, side, quantity, limit) said before, `ages_s` ago."""
    recent = [age for age in ages_s if not age >= within_s]
    if not recent:
        return None
    return Reason("C7", f"the same order of {symbol} was said {min(recent):.1f} s ago, at least {within_s:.1f} s")


def open_orders(count: int, count_max: int, notional: float, notional_max: Money) -> Reason | None:
    """C9: open orders and their notional, UNKNOWN ones and this one included."""
    if not count <= count_max:
        return Reason("C9", f"{count} open orders, at most {count_max}")
    if not notional <= float(notional_max):
        return Reason("C9", f"open orders are worth {notional:.2f}, at most {notional_max:.2f}")
    return None


def is_ours(order: OrderState) -> bool:
    """Whether a decision of ours made the order; one adopted from the venue has neither decision nor leg."""
    return bool(order.decision or order.leg)


def in_flight(symbol: str, orders: list[OrderState]) -> Reason | None:
    """I3: one order in flight per instrument."""
    ours = [each for each in orders if each.symbol == symbol and is_ours(each)]
    return Reason("I3", f"{ours[0].client_id} of {symbol} is {ours[0].state}") if ours else None


def capital(needed: float, cash: float, reserve: Money) -> Reason | None:
    """C10: cash needed in the worst case, fees included, against the cash that is there less the reserve."""
    free = cash - float(reserve)
    if needed <= free:
        return None
    return Reason("C10", f"cash needed is {needed:.2f}, at most {free:.2f}")


def daily_loss(lost: float, loss_max: Money) -> Reason | None:
    """C11: what was lost since the UTC day began, realised or not, fees included."""
    if lost <= float(loss_max):
        return None
    return Reason("C11", f"loss of the day is {lost:.2f}, at most {loss_max:.2f}")


def self_trade(symbol: str, side: Side, limit: Money, orders: list[OrderState]) -> Reason | None:
    """C13: an own order on the other side that this one would cross; one being cancelled still rests."""
    for order in orders:
        if order.symbol != symbol or order.side == side:
            continue
        known = limit.is_finite() and order.limit.is_finite()
        if not known or (limit >= order.limit if side == "buy" else limit <= order.limit):
            text = f"limit {limit} of {symbol} crosses own {order.side} {order.client_id} at {order.limit}"
            return Reason("C13", text)
    return None


def too_old(what: str, at_ns: Nanos, known_ns: Nanos, age_s_max: Seconds) -> Reason | None:
    """C14: the age of what a decision rests on; 0 as its time means that it was never known."""
    if known_ns <= 0:
        return Reason("C14", f"{what} is unknown")
    age_ns = at_ns - known_ns
    if age_ns <= nanos(age_s_max):
        return None
    return Reason("C14", f"{what} is {seconds(age_ns):.1f} s old, at most {age_s_max:.1f} s")


def symbol_state(symbol: str, feed: str, *, valid: bool) -> Reason | None:
    """C15: the instrument's feed is live and its quote stands."""
    if feed != "live":
        return Reason("C15", f"feed of {symbol} is {feed}, expected live")
    return None if valid else Reason("C15", f"quote of {symbol} is empty or crossed, expected bid below ask")


def short_sale(instrument: Instrument, after: Money) -> Reason | None:
    """C15: what cannot be sold short is never sold below nothing; `after` is the position in the worst case."""
    if instrument.can_short or after >= 0:
        return None
    return Reason("C15", f"{instrument.symbol} cannot be sold short: {after} after the order, at least 0")


def reduces(symbol: str, side: Side, quantity: Money, held: Money) -> Reason | None:
    """C8: an order that claims to reduce is against what is held and no larger than it."""
    if held * sign(side) < 0 and quantity <= abs(held):
        return None
    return Reason("C8", f"{side} {quantity} of {symbol} reduces {held}, at most to nothing")


def tail_risk(cvar: float, var: float, budget: float, rows: int, rows_min: int) -> Reason | None:
    """C12: CVaR of the joint book after the order, from enough scenarios, and never below the VaR."""
    if not rows >= rows_min:
        return Reason("C12", f"{rows} scenarios, at least {rows_min}")
    if not cvar <= budget:
        return Reason("C12", f"cvar {cvar:.2f}, at most {budget:.2f}")
    if not var <= cvar + 1e-9:
        return Reason("C12", f"cvar {cvar:.2f} is below var {var:.2f}")
    return None


def slow_tail(cvar: float, budget: float, horizon_s: Seconds) -> Reason | None:
    """C12: CVaR of the joint book over the slower horizon."""
    if cvar <= budget:
        return None
    return Reason("C12", f"cvar over {horizon_s / 3600.0:g} h {cvar:.2f}, at most {budget:.2f}")


def deviation(was: float, may: float) -> Reason | None:
    """C12: standard deviation of the joint book over the risk horizon."""
    if was <= may:
        return None
    return Reason("C12", f"deviation {was:.2f}, at most {may:.2f}")


def component(symbol: str, part: float, part_max: float) -> Reason | None:
    """C12: what one position adds to the CVaR of a book of three or more."""
    if part <= part_max:
        return None
    return Reason("C12", f"part of {symbol} in the cvar is {part:.2f}, at most {part_max:.2f}")
