"""Scores of one author kept as they come: exponentially weighted sums over closed labels, a batch at a time.

Everything is in units of a reference deviation that is the same for every author of a horizon: the running root mean
square of what came true, per instrument, as known before the batch. In units of an author's own sigma, claiming to know
little would look like skill.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from quant.quantiles import LEVELS
from quant.rolling import Floats
from quant.scores import CENTRAL, crps_normal, normal_quantiles, pit, pit_normal

PIT_BINS: Final = 10
_LEVELS = len(LEVELS)
_PINBALL, _CRPS, _COVERAGE = slice(0, _LEVELS), _LEVELS, slice(_LEVELS + 1, _LEVELS + 4)
_PIT = slice(_LEVELS + 4, _LEVELS + 4 + PIT_BINS)
_MU, _Y, _MU_MU, _Y_Y, _MU_Y, _OWN, _POOL, _WEIGHT = range(_LEVELS + 4 + PIT_BINS, _LEVELS + 12 + PIT_BINS)
SUMS: Final = _WEIGHT + 1
_LOW, _HIGH = (np.searchsorted(LEVELS, ends) for ends in zip(*CENTRAL, strict=True))


class Belief(NamedTuple):
    """What was said of n labels, and what came true: (n,), quantiles (levels, n).

    Without quantiles a belief is normal. `pool` are quantiles to be held against, or None. `weight` (n,) is what each
    label is worth: its uniqueness, faded by its age in the batch.
    """

    mu: Floats
    sigma: Floats
    quantiles: Floats | None
    pool: Floats | None
    y: Floats
    weight: Floats


class Figures(NamedTuple):
    """Weighted means over the labels: pinball (levels,), coverage (3,), pit (10,); NaN before any label."""

    labels: float
    pinball: Floats
    crps: float
    coverage: Floats
    pit: Floats
    ic: float
    skill: float


def measured(belief: Belief, scale: Floats) -> Floats:
    """The sums (SUMS,) of a batch whose labels have those reference deviations (n,).

    Labels of which anything is absent, or whose deviation is not positive, count for nothing.
    """
    quantiles = belief.quantiles
    if quantiles is None:
        quantiles = belief.mu + normal_quantiles(LEVELS)[:, None] * belief.sigma
    known = np.isfinite(quantiles).all(axis=0) & np.isfinite(belief.mu + belief.y) & (scale > 0.0) & (belief.sigma > 0)
    q = quantiles if known.all() else quantiles[:, known]
    y, mu, s = belief.y[known], belief.mu[known] / scale[known], scale[known]
    sigma, weight = belief.sigma[known], belief.weight[known]
    worth, came = weight / s, y / s
    sums = np.zeros(SUMS)
    sums[_PINBALL] = _pinball_sums(q, y, worth)
    if belief.quantiles is None:
        sums[_CRPS], where = crps_normal(belief.mu[known], sigma, y) @ worth, pit_normal(belief.mu[known], sigma, y)
    else:
        sums[_CRPS], where = 2.0 * np.trapezoid(sums[_PINBALL], LEVELS), pit(q, y)
    sums[_COVERAGE] = ((q[_LOW] <= y) & (y <= q[_HIGH])) @ weight
    bins = np.minimum((where * PIT_BINS).astype(np.int64), PIT_BINS - 1)
    sums[_PIT] = np.bincount(bins, weights=weight, minlength=PIT_BINS)
    sums[_MU], sums[_Y] = mu @ weight, came @ weight
    sums[_MU_MU], sums[_Y_Y], sums[_MU_Y] = (mu * mu) @ weight, (came * came) @ weight, (mu * came) @ weight
    if belief.pool is not None:
        pool = belief.pool[:, known]
        both = np.isfinite(pool).all(axis=0)
        sums[_OWN] = _pinball_sums(q[:, both], y[both], worth[both]).mean()
        sums[_POOL] = _pinball_sums(pool[:, both], y[both], worth[both]).mean()
    sums[_WEIGHT] = weight.sum()
    return sums


def _pinball_sums(q: Floats, y: Floats, worth: Floats) -> Floats:
    """The weighted sum of the pinball losses of each level: tau e - min(e, 0), and only the second has to be stored."""
    error = y - q
    np.minimum(error, 0.0, out=error)
    return np.asarray(LEVELS * (worth @ y - q @ worth) - error @ worth)


def figures(sums: Floats) -> Figures:
    """What the sums say; skill is NaN where nothing was held against a pool."""
    weight = float(sums[_WEIGHT])
    if not weight > 0.0:
        nothing = np.full(_LEVELS, np.nan)
        return Figures(0.0, nothing, math.nan, np.full(3, np.nan), np.full(PIT_BINS, np.nan), math.nan, math.nan)
    mean = sums / weight
    of_mu, of_y = mean[_MU_MU] - mean[_MU] ** 2, mean[_Y_Y] - mean[_Y] ** 2
    # Rounding alone can make a constant vary: what is that small against its own size does not.
    varies = of_mu > 1e-12 * mean[_MU_MU] and of_y > 1e-12 * mean[_Y_Y]
    return Figures(
        labels=weight,
        pinball=mean[_PINBALL],
        crps=float(mean[_CRPS]),
        coverage=mean[_COVERAGE],
        pit=mean[_PIT],
        ic=float((mean[_MU_Y] - mean[_MU] * mean[_Y]) / math.sqrt(of_mu * of_y)) if varies else math.nan,
        skill=1.0 - float(sums[_OWN] / sums[_POOL]) if sums[_POOL] > 0.0 else math.nan,
    )
