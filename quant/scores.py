"""How good a forecast of a distribution was: pinball, CRPS, coverage, and where the outcome fell.

Quantiles are (levels, N) with levels rising, outcomes (N,); NaN outcomes give NaN scores and are left out of shares.
All scores are losses: lower is better. Gneiting and Raftery (2007), "Strictly proper scoring rules".
"""

from __future__ import annotations

import numpy as np

from quant.rolling import Floats


def pinball(y: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """Quantile loss (levels, N): (y - q) level above the quantile, (q - y) (1 - level) below; 0 only at y = q."""
    missed = y - quantiles
    return np.maximum(levels[:, None] * missed, (levels[:, None] - 1.0) * missed)


def crps(y: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """Continuous ranked probability score (N,) over the span of the levels: twice the integral of the pinball loss."""
    loss = pinball(y, quantiles, levels)
    return np.asarray(((loss[1:] + loss[:-1]) * np.diff(levels)[:, None]).sum(axis=0))


def coverage(y: Floats, low: Floats, high: Floats) -> float:
    """Share of outcomes within [low, high]; NaN when there are none."""
    known = np.isfinite(y) & np.isfinite(low) & np.isfinite(high)
    return float(((y >= low) & (y <= high))[known].mean()) if known.any() else float("nan")


def pit(y: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """Probability integral transform (N,): the level at which the outcome fell, linear between quantiles.

    Outcomes outside the outermost quantiles get the middle of the level left there.
    """
    below = (y > quantiles).sum(axis=0)
    low = np.clip(below - 1, 0, len(levels) - 2)
    at = np.arange(quantiles.shape[1])
    left, right = quantiles[low, at], quantiles[low + 1, at]
    share = np.clip((y - left) / np.where(right > left, right - left, 1.0), 0.0, 1.0)
    inside = levels[low] + share * (levels[low + 1] - levels[low])
    outside = np.where(y < quantiles[0], levels[0] / 2.0, (1.0 + levels[-1]) / 2.0)
    out = (y < quantiles[0]) | (y > quantiles[-1])
    return np.where(np.isnan(y) | np.isnan(quantiles[0]), np.nan, np.where(out, outside, inside))
