"""The tail of the joint book: scenarios of all instruments at once, and the exact CVaR of what a book loses in them.

Losses are positive amounts lost (EUR); returns are simple returns over the horizon; scenarios weigh the same.
CVaR as Rockafellar and Uryasev (2000, 2002): with S scenarios and k = (1 - alpha) S, the mean of the k worst losses,
the last of them counted with its fraction.
"""

from __future__ import annotations

import math

import numpy as np

from quant.rolling import Floats
from quant.similarity import repair_psd

NU = 6.0
STRESS_SHARE = 0.2
STRESS_CORRELATION = 0.8
GAPS = (-0.10, -0.20, 0.10, 0.20)
"""Every instrument gaps at once; the upward gaps are there for books that are short."""
SPREAD_MULTIPLE = 5.0


def scenarios(mu: Floats, sigma: Floats, corr: Floats, rng: np.random.Generator, count: int) -> Floats:
    """Simple returns (count + len(GAPS), N): `count` drawn rows, then the gaps.

    Log returns are multivariate Student-t with NU degrees of freedom, mean `mu`, deviation `sigma` (N,), in antithetic
    pairs (rows 2i and 2i+1); the last STRESS_SHARE of the drawn rows under correlations of at least STRESS_CORRELATION.
    Raises ValueError for an odd count and for a mu or sigma that is not finite (an instrument that is held needs both).
    """
    if count < 2 or count % 2:
        raise ValueError(f"count is {count}, expected an even number of at least 2 (rows come in pairs)")
    for name, column in (("mu", mu), ("sigma", sigma)):
        if not np.isfinite(column).all():
            at = int(np.argmin(np.isfinite(column)))
            raise ValueError(f"{name} of instrument {at} is {column[at]}, expected a finite number")
    pairs = count // 2
    calm = pairs - round(STRESS_SHARE * pairs)
    normal = rng.standard_normal((pairs, len(mu)))
    heavy = np.sqrt((NU - 2.0) / rng.chisquare(NU, pairs))
    moves = np.empty_like(normal)
    moves[:calm] = normal[:calm] @ _factor(corr).T
    moves[calm:] = normal[calm:] @ _factor(stressed(corr)).T
    scaled = sigma * moves * heavy[:, None]
    rows = np.empty((count + len(GAPS), len(mu)))
    rows[0:count:2] = np.expm1(mu + scaled)
    rows[1:count:2] = np.expm1(mu - scaled)
    rows[count:] = np.array(GAPS)[:, None]
    return rows


def stressed(corr: Floats) -> Floats:
    """Correlations as in a rout: every pair at least STRESS_CORRELATION, repaired to a correlation matrix."""
    raised = np.maximum(corr, STRESS_CORRELATION)
    np.fill_diagonal(raised, 1.0)
    return repair_psd(raised)


def _factor(corr: Floats) -> Floats:
    return np.asarray(np.linalg.cholesky(repair_psd(corr)))


def contributions(returns: Floats, notional: Floats, half_spread: Floats) -> Floats:
    """What each position loses in each scenario, (S + 1, N); row sums are the book's losses.

    `notional` (N,) is signed, `half_spread` (N,) a share of the price that closing costs in every row. The added last
    row is the stress in which nothing moves but closing costs SPREAD_MULTIPLE half spreads.
    """
    closing = half_spread * np.abs(notional)
    parts = np.empty((len(returns) + 1, len(notional)))
    parts[:-1] = closing - returns * notional
    parts[-1] = SPREAD_MULTIPLE * closing
    return parts


def book_losses(returns: Floats, notional: Floats, half_spread: Floats) -> Floats:
    """What the whole book loses in each scenario (S + 1,): the row sums of `contributions`, without building them."""
    closing = float(half_spread @ np.abs(notional))
    losses = np.empty(len(returns) + 1)
    losses[:-1] = closing - returns @ notional
    losses[-1] = SPREAD_MULTIPLE * closing
    return losses


def _tail_size(size: int, alpha: float) -> float:
    """k = (1 - alpha) S, free of the rounding of 1 - alpha."""
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}, expected between 0 and 1")
    if size == 0:
        raise ValueError("no scenarios, expected at least 1")
    k = (1.0 - alpha) * size
    return float(round(k)) if abs(k - round(k)) < 1e-9 * size and round(k) else k


def cvar(losses: Floats, alpha: float) -> float:
    """Mean of the worst (1 - alpha) share of losses (S,), exact for discrete scenarios.

    Laws: cvar >= var; monotone, positively homogeneous, subadditive, cvar(x + c) = cvar(x) + c.
    """
    k = _tail_size(len(losses), alpha)
    worst = math.ceil(k)
    tail = np.partition(losses, len(losses) - worst)[len(losses) - worst :]
    return float((tail[1:].sum() + (k - (worst - 1)) * tail[0]) / k)


def var(losses: Floats, alpha: float) -> float:
    """The smallest loss that is not exceeded with probability alpha."""
    worst = max(1, math.floor(_tail_size(len(losses), alpha)) + 1)
    at = max(0, len(losses) - worst)
    return float(np.partition(losses, at)[at])


def cvar_error(losses: Floats, alpha: float) -> float:
    """Standard error of `cvar` over independent scenarios (Manistre and Hancock 2005)."""
    k = _tail_size(len(losses), alpha)
    tail = np.sort(losses)[len(losses) - math.ceil(k) :]
    beyond = cvar(losses, alpha) - var(losses, alpha)
    return math.sqrt((float(tail.var()) + alpha * beyond * beyond) / k)


def component_cvar(parts: Floats, alpha: float) -> Floats:
    """Each position's share (N,) of the CVaR of a book whose contributions are (S, N); they sum to it (Euler)."""
    losses = parts.sum(axis=1)
    k = _tail_size(len(losses), alpha)
    worst = math.ceil(k)
    tail = np.argsort(losses, kind="stable")[len(losses) - worst :]
    weights = np.ones(worst)
    weights[0] = k - (worst - 1)
    return np.asarray(weights @ parts[tail] / k)


def largest_scale(held: Floats, added: Floats, budget: float, alpha: float, steps: int = 40) -> float:
    """Largest s in [0, 1] with cvar(held + s * added) <= budget, for losses (S,); by bisection from below.

    The CVaR is convex in s, so within budget at 0 the feasible s form an interval. Over budget at 0 the answer is 1
    when the whole addition brings the book back within it, else 0. Law: the returned scale keeps the budget unless it
    is 0 because the book was over it already.
    """
    if cvar(held + added, alpha) <= budget:
        return 1.0
    if cvar(held, alpha) > budget:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(steps):
        middle = (low + high) / 2.0
        low, high = (middle, high) if cvar(held + middle * added, alpha) <= budget else (low, middle)
    return low
