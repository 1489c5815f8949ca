"""What an account and its trades came to: return, volatility, Sharpe, Sortino, drawdown, Calmar, tail, hit rate.

Equity (n,) is a series of values of the account at equal distances of time; returns (n - 1,) are simple ones. They are
annualised by `per_year`, how many periods a year has: means times it, deviations times its root, no risk-free rate.
Nothing is filled or dropped: a NaN in a series makes its figure NaN. So does a series too short for the figure, and a
ratio over nothing (no deviation, no drawdown, no loss). Ratios are fractions, losses and drawdowns positive.
"""

from __future__ import annotations

import math

import numpy as np

from quant.rolling import Floats
from quant.tail_risk import cvar

YEAR_S = 365.25 * 86_400.0
"""A year of a market that never closes, in seconds."""


def returns_of(equity: Floats) -> Floats:
    """Simple returns from value to value, (n - 1,); NaN from where nothing was left."""
    before = np.where(equity[:-1] > 0.0, equity[:-1], np.nan)
    return np.asarray(equity[1:] / before - 1.0)


def total_return(equity: Floats) -> float:
    """The last value against the first, less one."""
    if len(equity) < 2 or not equity[0] > 0.0 or np.isnan(equity).any():
        return math.nan
    return float(equity[-1] / equity[0] - 1.0)


def annual_return(equity: Floats, per_year: float) -> float:
    """The constant return a year that leads from the first value to the last."""
    total = total_return(equity)
    return (1.0 + total) ** (per_year / (len(equity) - 1)) - 1.0 if total > -1.0 else total


def volatility(returns: Floats, per_year: float) -> float:
    """The sample deviation (n - 1) of a year's return."""
    return math.sqrt(per_year) * _deviation(returns)


def sharpe(returns: Floats, per_year: float) -> float:
    """Mean over deviation, a year (Sharpe 1994)."""
    return _ratio(float(returns.mean()) if len(returns) else math.nan, _deviation(returns)) * math.sqrt(per_year)


def sortino(returns: Floats, per_year: float) -> float:
    """Mean over the root mean square of what fell below zero, a year; over all returns (Sortino and Price 1994)."""
    if not len(returns):
        return math.nan
    below = math.sqrt(float((np.minimum(returns, 0.0) ** 2).mean()))
    return _ratio(float(returns.mean()), below) * math.sqrt(per_year)


def drawdowns(equity: Floats) -> Floats:
    """How far each value lies below the highest so far, as a share of that, (n,) in [0, 1]."""
    peak = np.maximum.accumulate(equity)
    return np.asarray(1.0 - equity / np.where(peak > 0.0, peak, np.nan))


def max_drawdown(equity: Floats) -> float:
    """The deepest of them; 0 for one value."""
    return float(drawdowns(equity).max()) if len(equity) else math.nan


def drawdown_periods_max(equity: Floats) -> int:
    """The longest number of periods without a new peak."""
    under = drawdowns(equity) > 0.0
    ends = np.flatnonzero(np.diff(np.concatenate([[0], under.astype(np.int64), [0]])))
    return int((ends[1::2] - ends[::2]).max()) if len(ends) else 0


def calmar(equity: Floats, per_year: float) -> float:
    """Return a year over the deepest drawdown (Young 1991)."""
    return _ratio(annual_return(equity, per_year), max_drawdown(equity))


def tail_loss(returns: Floats, alpha: float) -> float:
    """CVaR: the mean loss in the worst (1 - alpha) share of the periods, as a fraction of the account."""
    if not len(returns) or np.isnan(returns).any():
        return math.nan
    return cvar(-returns, alpha)


def rolling_sharpe(returns: Floats, window: int, per_year: float) -> Floats:
    """`sharpe` of the last `window` returns, (n,); NaN before there are so many. Raises ValueError below two."""
    if window < 2:
        raise ValueError(f"window was {window}, expected at least 2")
    found = np.full(len(returns), np.nan)
    if len(returns) >= window:
        rows = np.lib.stride_tricks.sliding_window_view(returns, window)
        deviation = rows.std(axis=1, ddof=1)
        level = np.abs(rows).max(axis=1)
        steady = deviation <= 1e-12 * level
        found[window - 1 :] = np.where(steady, np.nan, rows.mean(axis=1) / np.where(steady, 1.0, deviation))
    return found * math.sqrt(per_year)


def profit_factor(profits: Floats) -> float:
    """What winning trades won over what losing ones lost."""
    return _ratio(float(profits[profits > 0.0].sum()), -float(profits[profits < 0.0].sum()), profits)


def hit_rate(profits: Floats) -> float:
    """The share of trades that won; one that came out even did not."""
    return float((profits > 0.0).mean()) if len(profits) and not np.isnan(profits).any() else math.nan


def payoff(profits: Floats) -> float:
    """The mean win over the mean loss."""
    wins, losses = profits[profits > 0.0], profits[profits < 0.0]
    if not len(wins) or not len(losses):
        return math.nan
    return _ratio(float(wins.mean()), -float(losses.mean()), profits)


def turnover(traded: float, equity: Floats, years: float) -> float:
    """How many times a year the mean account was traded, buys and sales both counted."""
    return _ratio(traded, float(equity.mean()) * years) if len(equity) else math.nan


def on_grid(at_ns: np.ndarray, values: Floats, period_ns: int) -> tuple[np.ndarray, Floats]:
    """A series of irregular times (n,) as its last value at every whole period from the first to beyond the last.

    The first time of the grid is the first time itself, rounded down, and has the first value. Raises ValueError for
    times that fall or a period that is not positive.
    """
    if period_ns <= 0 or (np.diff(at_ns) < 0).any():
        raise ValueError(f"times that never fall and a period above 0 were expected, the period was {period_ns} ns")
    if not len(at_ns):
        return np.array([], dtype=np.int64), np.array([])
    first, last = int(at_ns[0]) // period_ns, -(-int(at_ns[-1]) // period_ns)
    grid = np.arange(first, last + 1, dtype=np.int64) * period_ns
    place = np.searchsorted(at_ns, grid, side="right") - 1
    return grid, np.asarray(values[np.maximum(place, 0)])


def _deviation(returns: Floats) -> float:
    """Sample deviation; exactly 0 for returns that differ by rounding alone, NaN for fewer than two."""
    if len(returns) < 2:
        return math.nan
    deviation = float(returns.std(ddof=1))
    return 0.0 if deviation <= 1e-12 * float(np.abs(returns).max()) else deviation


def _ratio(over: float, under: float, given: Floats | None = None) -> float:
    if given is not None and np.isnan(given).any():
        return math.nan
    return over / under if under > 0.0 else math.nan
