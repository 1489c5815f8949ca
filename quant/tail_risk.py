"""The exact CVaR of what a book loses in its scenarios, whose part it is, and how much of an addition a budget allows.

Losses are positive amounts lost (EUR); returns are simple returns over the horizon; scenarios weigh the same.
CVaR as Rockafellar and Uryasev (2000, 2002): with S scenarios and k = (1 - alpha) S, the mean of the k worst losses,
the last of them counted with its fraction.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats
from quant.stress import ROWS, blows, stress_parts, unit_stress_losses

SCALE_STEPS = 60
"""The Newton steps of a scale end after five or six; nothing is added where they do not."""


def book_losses(returns: Floats, notional: Floats, closing: Floats, foreign: NDArray[np.bool_]) -> Floats:
    """What the whole book loses, (..., S + 16): in each scenario (..., S, N), then in each blow of `quant.stress`.

    `notional` (N,) is signed, `closing` (N,) the share of the price that closing costs in every row, `foreign` (N,)
    what is quoted in another currency than the account's.
    """
    gross = np.abs(notional)
    paid = float(closing @ gross)
    # Of one instrument a product of matrices is the same numbers, and takes several times as long.
    moves = returns[..., 0] * notional[0] if len(notional) == 1 else returns @ notional
    losses = np.empty((*returns.shape[:-2], returns.shape[-2] + ROWS))
    np.subtract(paid, moves, out=losses[..., :-ROWS])
    losses[..., -ROWS:] = blows(notional, gross, paid, foreign)
    return losses


def unit_losses(returns: Floats, sides: Floats, closing: Floats, foreign: NDArray[np.bool_]) -> Floats:
    """What one unit of each instrument loses alone, (..., N, S + 16), on its side (N,) of +1 or -1.

    The `book_losses` of every unit at once.
    """
    losses = np.empty((*returns.shape[:-2], len(sides), returns.shape[-2] + ROWS))
    np.multiply(np.swapaxes(returns, -1, -2), -sides[:, None], out=losses[..., :-ROWS])
    losses[..., :-ROWS] += closing[:, None]
    losses[..., -ROWS:] = unit_stress_losses(sides, closing, foreign)
    return losses


@cache
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
    return float(cvars(losses, alpha))


def cvars(losses: Floats, alpha: float) -> Floats:
    """`cvar` along the last axis, (...) of (..., S)."""
    return cvars_of(worst(losses, alpha), losses.shape[-1], alpha)


def worst(losses: Floats, alpha: float) -> Floats:
    """The floor(k) + 1 worst losses along the last axis, rising: the first is the `var`, from all comes the `cvar`."""
    size = losses.shape[-1]
    best = size - math.floor(_tail_size(size, alpha)) - 1
    tail = np.partition(losses, best, axis=-1)[..., best:]
    tail.sort(axis=-1)  # so that a sum of them does not depend on the order they were found in
    return tail


def cvars_of(tail: Floats, size: int, alpha: float) -> Floats:
    """The CVaR (...) of what `worst` found among so many losses."""
    k = _tail_size(size, alpha)
    return np.asarray((tail[..., 1:].sum(axis=-1) + (k - math.floor(k)) * tail[..., 0]) / k)


def var(losses: Floats, alpha: float) -> float:
    """The smallest loss that is not exceeded with probability alpha."""
    return float(worst(losses, alpha)[0])


def cvar_error(losses: Floats, alpha: float) -> float:
    """Standard error of `cvar` over independent scenarios (Manistre and Hancock 2005)."""
    return cvar_with_error(losses, alpha)[1]


def cvar_with_error(losses: Floats, alpha: float) -> tuple[float, float]:
    """`cvar` and its standard error."""
    k = _tail_size(len(losses), alpha)
    tail = worst(losses, alpha)
    cvar = float(cvars_of(tail, len(losses), alpha))
    beyond, apart = cvar - float(tail[0]), tail[-math.ceil(k) :]
    apart = apart - apart.sum() / len(apart)
    return cvar, math.sqrt((float(apart @ apart) / len(apart) + alpha * beyond * beyond) / k)


def component_cvar(
    returns: Floats, notional: Floats, closing: Floats, foreign: NDArray[np.bool_], alpha: float
) -> Floats:
    """Each position's part (N,) of the CVaR of a book (arguments of `book_losses`); they sum to it (Euler)."""
    losses = book_losses(returns, notional, closing, foreign)
    k = _tail_size(len(losses), alpha)
    worst = math.ceil(k)
    tail = np.argpartition(losses, len(losses) - worst)[len(losses) - worst :]
    weights = np.ones(worst)
    weights[0] = k - (worst - 1)
    drawn = tail < len(returns)
    mean_return = weights[drawn] @ returns[tail[drawn]]
    parts = float(weights[drawn].sum()) * closing * np.abs(notional) - mean_return * notional
    blows = stress_parts(notional, closing, foreign)[tail[~drawn] - len(returns)]
    return np.asarray((parts + weights[~drawn] @ blows) / k)


def largest_scale(held: Floats, added: Floats, budget: float, alpha: float) -> float:
    """Largest s in [0, 1] with cvar(held + s * added) <= budget, for losses (S,).

    Newton on the tail set: the CVaR is convex and piecewise linear in s, so from a scale that is too large every step
    along the slope of its tail is still too large or exact, and the last piece is met in a few of them (Mausser and
    Rosen 1999). Over budget at 0 the answer is 1 when the whole addition brings the book back within it, else 0. Law:
    the returned scale keeps the budget unless it is 0 because the book was over it already.
    """
    if not cvar(held, alpha) <= budget:
        return 1.0 if cvar(held + added, alpha) <= budget else 0.0
    scale = 1.0
    for _ in range(SCALE_STEPS):
        over, slope = _tail_and_slope(held + scale * added, added, alpha)
        if over <= budget:
            return scale
        scale = max(0.0, (scale - (over - budget) / slope) * (1.0 - 1e-13)) if slope > 0.0 else 0.0
    return 0.0


def _tail_and_slope(losses: Floats, added: Floats, alpha: float) -> tuple[float, float]:
    """The CVaR of losses and its derivative along `added`: the same weights over the same tail."""
    k = _tail_size(len(losses), alpha)
    worst = math.ceil(k)
    tail = np.argpartition(losses, len(losses) - worst)[len(losses) - worst :]
    last = k - worst
    return (
        float(losses[tail].sum() + last * losses[tail[0]]) / k,
        float(added[tail].sum() + last * added[tail[0]]) / k,
    )
