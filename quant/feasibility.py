"""What an account can trade at a tail budget, before any order: smallest and largest positions, and the smallest stake.

Notionals are EUR. The tail of a position is in proportion to it, so what one EUR takes of each budget tells all sizes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats
from quant.scenarios import log_returns, unshaped, variates
from quant.similarity import correlation
from quant.tail_risk import book_losses, cvars
from quant.volatility import ewma_sd, over_horizon

MARGIN = 1.02
"""The smallest order keeps its size when the price moves 2 % before it arrives."""


class Account(NamedTuple):
    """What may be risked: EUR `budget` of `equity` over `horizon_s`, `slow_multiple` budgets over `slow_horizon_s`.

    The budget holds `sigmas_min` deviations; a position is at most `share_max` of equity; `reserve` stays in cash.
    """

    equity: float
    budget: float
    horizon_s: float
    slow_horizon_s: float
    slow_multiple: float
    sigmas_min: float
    share_max: float
    reserve: float
    alpha: float


class Terms(NamedTuple):
    """Of each instrument (N,): price in EUR, lot in base, smallest notional in EUR, share that closing costs, quote."""

    price: Floats
    lot: Floats
    notional_min: Floats
    closing: Floats
    foreign: NDArray[np.bool_]


class Feasible(NamedTuple):
    """Columns (N,) in EUR; NaN where volatility or price is unknown, which is not viable.

    `smallest` order with its CVaR over both horizons, `largest` position, `stake` of equity from which on the smallest
    order is viable at the same share of risk; `together` counts the smallest orders that fit at once, cheapest first.
    """

    sigma: Floats
    smallest: Floats
    cvar: Floats
    slow: Floats
    largest: Floats
    stake: Floats
    viable: NDArray[np.bool_]
    together: int


def feasible(
    closes: Floats, bar_s: float, terms: Terms, account: Account, rng: np.random.Generator, count: int
) -> Feasible:
    """Judge every instrument by bars of closes (times, N) in `count` scenarios with t margins."""
    returns = np.diff(np.log(closes), axis=0).T
    sigma = np.asarray(over_horizon(ewma_sd(returns), account.horizon_s, bar_s))
    known = np.isfinite(sigma) & (terms.price > 0.0) & np.isfinite(terms.price)
    width = len(sigma)
    moves = log_returns(variates(correlation(returns), rng, count), np.where(known, sigma, 0.0), unshaped(width))
    longer = math.sqrt(max(1.0, account.slow_horizon_s / account.horizon_s))
    rows = np.expm1(np.stack((moves, longer * moves)))
    covariance = correlation(returns) * np.outer(np.where(known, sigma, 0.0), np.where(known, sigma, 0.0))
    allowed = np.array([account.budget, account.slow_multiple * account.budget, account.budget / account.sigmas_min])

    def needs(book: Floats) -> Floats:
        """CVaR over both horizons and deviation."""
        tails = cvars(book_losses(rows, book, terms.closing, terms.foreign), account.alpha)
        return np.array([*tails, math.sqrt(max(0.0, float(book @ covariance @ book)))])

    each = np.array([needs(unit) for unit in np.eye(width)]).reshape(width, 3)
    used = np.where(known, (each / allowed).max(axis=1), np.nan)
    lots = np.maximum(1.0, np.ceil(MARGIN * terms.notional_min / (terms.lot * terms.price) - 1e-9))
    smallest = np.where(known, lots * terms.lot * terms.price, np.nan)
    largest = np.minimum(1.0 / used, account.share_max * account.equity)
    largest = np.minimum(largest, account.equity - account.reserve)
    ratio = account.budget / account.equity
    stake = np.maximum(smallest * used * account.budget / ratio, smallest / account.share_max)
    stake = np.maximum(stake, smallest + account.reserve)
    viable = np.asarray(smallest <= largest)
    book, together = np.zeros(width), 0
    for place in np.argsort(np.where(viable, smallest * used, np.inf), kind="stable")[: int(viable.sum())]:
        book[place] = smallest[place]
        if (needs(book) > allowed).any() or book.sum() > account.equity - account.reserve:
            break
        together += 1
    return Feasible(sigma, smallest, smallest * each[:, 0], smallest * each[:, 1], largest, stake, viable, together)
