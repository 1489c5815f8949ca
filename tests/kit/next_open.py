"""An oracle of backtests, in plain numpy and Decimal: what bars, a rule and an account come to, without the machine.

It knows the assumptions of docs/backtest.md alone: decide at a close, trade at the next open and half a spread, pay
the instrument's fee; and those of docs/strategies.md: whole lots, through zero in two steps, a limit beyond which
nothing is paid.
"""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

import numpy as np

from contracts.history import BarBlock

CENT = Decimal("0.01")
LOT = Decimal("0.001")
SMALLEST = Decimal("1.02")
"""The smallest order of the test's instruments, with the 2 % that are kept for the price to move."""

Rule = Callable[[int, float, np.ndarray], np.ndarray]
"""Number of the bar from 1, the equity known, closes (N,) -> units to hold (N,), NaN for no opinion."""


class Trade(NamedTuple):
    """What one order got: the bar it was decided at, the column, signed quantity, price and fee."""

    bar: int
    column: int
    quantity: Decimal
    price: Decimal
    fee: Decimal


class Outcome(NamedTuple):
    """All trades, and the equity at every close at which was decided."""

    trades: list[Trade]
    equity: list[Decimal]


def reckon(
    block: BarBlock, rule: Rule, *, first: int, warmup: int, cash: Decimal, half_bps: float, fee_bps: Decimal,
    through_bps: float,
) -> Outcome:  # fmt: skip
    """Bars before `first` only warm the rule up; at the last one nothing is decided."""
    width = block.close.shape[1]
    held = [Decimal(0)] * width
    trades: list[Trade] = []
    equity: list[Decimal] = []
    for bar in range(first - warmup, first):
        rule(bar - first + warmup + 1, float("nan"), block.close[bar])
    mids = [Decimal(0)] * width
    for bar in range(first, len(block.close_ns) - 1):
        known = cash + sum((quantity * mid for quantity, mid in zip(held, mids, strict=True)), Decimal(0))
        wanted = rule(bar - first + warmup + 1, float(known), block.close[bar])
        quotes = [quote(float(close), half_bps) for close in block.close[bar]]
        mids = [(bid + ask) / 2 for bid, ask in quotes]
        equity.append(cash + sum((quantity * mid for quantity, mid in zip(held, mids, strict=True)), Decimal(0)))
        for column in range(width):
            quantity = difference(float(wanted[column]), held[column])
            limit = limit_of(*quotes[column], quantity, through_bps)
            half = float(block.close[bar, column]) * half_bps * 1e-4
            price = price_of(float(block.open[bar + 1, column]), half, quantity)
            adds = held[column] * quantity >= 0
            missed = price > limit if quantity > 0 else price < limit
            if not quantity or missed or (adds and abs(quantity) * limit < SMALLEST):
                continue
            fee = abs(quantity) * price * fee_bps / 10_000
            held[column] += quantity
            cash -= quantity * price + fee
            trades.append(Trade(bar, column, quantity, price, fee))
    return Outcome(trades, equity)


def quote(close: float, half_bps: float) -> tuple[Decimal, Decimal]:
    """Bid and ask around a close, on the grid of cents, away from each other."""
    half = close * half_bps * 1e-4
    bid = Decimal(np.floor((close - half) / 0.01 + 1e-9).item()) * CENT
    ask = Decimal(np.ceil((close + half) / 0.01 - 1e-9).item()) * CENT
    return bid, max(ask, bid + CENT)


def difference(wanted: float, held: Decimal) -> Decimal:
    """What is traded towards the target: whole lots, and through nothing in two steps."""
    if np.isnan(wanted):
        return Decimal(0)
    size = (abs(Decimal(repr(wanted))) / LOT).to_integral_value(ROUND_FLOOR) * LOT
    target = size if wanted > 0 else -size
    return -held if target * held < 0 else target - held


def limit_of(bid: Decimal, ask: Decimal, quantity: Decimal, through_bps: float) -> Decimal:
    """The worst price of an order: so far beyond the touch, on the grid, never further."""
    if quantity > 0:
        return (ask * (1 + Decimal(repr(through_bps)) / 10_000) / CENT).to_integral_value(ROUND_FLOOR) * CENT
    return (bid * (1 - Decimal(repr(through_bps)) / 10_000) / CENT).to_integral_value(ROUND_CEILING) * CENT


def price_of(opening: float, half: float, quantity: Decimal) -> Decimal:
    """What a taker pays at an open: half the spread beyond it, in whole cents away from it."""
    if quantity > 0:
        return (Decimal(repr(opening + half)) / CENT).to_integral_value(ROUND_CEILING) * CENT
    return (Decimal(repr(opening - half)) / CENT).to_integral_value(ROUND_FLOOR) * CENT
