"""Scores of beliefs that came true: proper scores first, then coverage, calibration, ranking.

Quantiles have shape (levels, n) and rise along the levels, outcomes (n,). A score is NaN wherever the outcome or
anything of the belief is absent; averages leave absent ones out and are NaN when nothing is left. Smaller is better for
pinball, CRPS, interval score, Brier and log loss; larger for IC, AUC and skill.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quant.quantiles import LEVELS
from quant.rolling import Floats

CENTRAL: Final = ((0.25, 0.75), (0.05, 0.95), (0.01, 0.99))
"""Levels that bound the central 50, 90 and 98 %."""


def pinball(quantiles: Floats, y: Floats, levels: Floats = LEVELS) -> Floats:
    """Pinball loss (levels, n) (Koenker and Bassett 1978): tau (y - q) above the quantile, (1 - tau)(q - y) below."""
    error = y - _checked(quantiles, levels)
    return np.asarray(np.maximum(levels[:, None] * error, (levels[:, None] - 1.0) * error))


def mean_pinball(quantiles: Floats, y: Floats, levels: Floats = LEVELS) -> Floats:
    """Pinball loss of each outcome (n,), averaged over the levels: half of what "quantile CRPS" is elsewhere."""
    return np.asarray(pinball(quantiles, y, levels).mean(axis=0))


def crps(quantiles: Floats, y: Floats, levels: Floats = LEVELS) -> Floats:
    """Continuous ranked probability score (n,): twice the integral of the pinball loss over the levels (trapezoids)."""
    return np.asarray(2.0 * np.trapezoid(pinball(quantiles, y, levels), levels, axis=0))


def crps_normal(mu: Floats, sigma: Floats, y: Floats) -> Floats:
    """CRPS (n,) of a normal belief in closed form (Gneiting and Raftery 2007); NaN where sigma is not positive."""
    scale = np.where(np.asarray(sigma) > 0.0, sigma, np.nan)
    z = (y - mu) / scale
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return np.asarray(scale * (z * (2.0 * normal_cdf(z) - 1.0) + 2.0 * density - 1.0 / math.sqrt(math.pi)))


def crps_t(degrees: float, mu: Floats, scale: Floats, y: Floats) -> Floats:
    """CRPS (n,) of a Student-t belief with that location and scale (not deviation); `degrees` above 1.

    Jordan, Krueger and Lerch (2019), "Evaluating probabilistic forecasts with scoringRules".
    """
    from scipy.special import beta, stdtr

    if not degrees > 1.0:
        raise ValueError(f"degrees of freedom were {degrees}, expected above 1: the mean does not exist")
    positive = np.where(np.asarray(scale) > 0.0, scale, np.nan)
    z = (y - mu) / positive
    density = (1.0 + z * z / degrees) ** (-(degrees + 1.0) / 2.0) / (math.sqrt(degrees) * beta(0.5, degrees / 2.0))
    spread = 2.0 * math.sqrt(degrees) * beta(0.5, degrees - 0.5) / ((degrees - 1.0) * beta(0.5, degrees / 2.0) ** 2)
    tails = 2.0 * density * (degrees + z * z) / (degrees - 1.0)
    return np.asarray(positive * (z * (2.0 * stdtr(degrees, z) - 1.0) + tails - spread))


def interval_score(lower: Floats, upper: Floats, y: Floats, outside: float) -> Floats:
    """Winkler's score (n,) of a central interval that misses with probability `outside`: width and penalties."""
    if not 0.0 < outside < 1.0:
        raise ValueError(f"outside was {outside}, expected above 0 and below 1")
    below, above = np.maximum(lower - y, 0.0), np.maximum(y - upper, 0.0)
    return np.asarray(upper - lower + 2.0 / outside * (below + above))


def coverage(quantiles: Floats, y: Floats, levels: Floats = LEVELS) -> Floats:
    """Share of outcomes inside the central 50, 90 and 98 %, (3,)."""
    low, high = _central(quantiles, levels)
    known = _known(quantiles, y)
    return np.array([_mean(((lo <= y) & (y <= hi)).astype(np.float64), known) for lo, hi in zip(low, high)])


def widths(quantiles: Floats, levels: Floats = LEVELS) -> Floats:
    """Mean width of the central 50, 90 and 98 % intervals, (3,)."""
    low, high = _central(quantiles, levels)
    known = np.asarray(np.isfinite(quantiles).all(axis=0))
    return np.array([_mean(hi - lo, known) for lo, hi in zip(low, high)])


def calibration_error(quantiles: Floats, y: Floats, levels: Floats = LEVELS) -> Floats:
    """For each level the share of outcomes at or below its quantile, less the level, (levels,)."""
    known = _known(_checked(quantiles, levels), y)
    return np.array([_mean((y <= row).astype(np.float64), known) - level for row, level in zip(quantiles, levels)])


def pit(quantiles: Floats, y: Floats, levels: Floats = LEVELS) -> Floats:
    """Where in the distribution said the outcome fell, (n,) in (0, 1): uniform when the belief is true.

    Between the quantiles the distribution is linear in the normal score, beyond them it goes on as in the outer
    segment; exact for normal beliefs. A segment without width is stepped over in its middle.
    """
    nodes = normal_quantiles(levels)
    segment = np.clip((y > _checked(quantiles, levels)).sum(axis=0) - 1, 0, len(levels) - 2)
    column = np.arange(quantiles.shape[1])
    low, high = quantiles[segment, column], quantiles[segment + 1, column]
    share = np.full(len(y), 0.5)
    np.divide(y - low, high - low, out=share, where=high > low)
    score = nodes[segment] + share * (nodes[segment + 1] - nodes[segment])
    return np.where(_known(quantiles, y), normal_cdf(score), np.nan)


def pit_normal(mu: Floats, sigma: Floats, y: Floats) -> Floats:
    """The same for a normal belief."""
    return normal_cdf((y - mu) / np.where(np.asarray(sigma) > 0.0, sigma, np.nan))


def brier(p_up: Floats, y: Floats) -> float:
    """Mean squared error of the probability that the outcome is above 0."""
    return _mean((p_up - (y > 0.0)) ** 2, np.isfinite(p_up) & np.isfinite(y))


def log_loss(p_up: Floats, y: Floats) -> float:
    """Mean surprise in nats about whether the outcome was above 0; a probability of 0 or 1 counts as 1e-12 off."""
    p = np.clip(p_up, 1e-12, 1.0 - 1e-12)
    return _mean(-np.log(np.where(y > 0.0, p, 1.0 - p)), np.isfinite(p_up) & np.isfinite(y))


def auc(p_up: Floats, y: Floats) -> float:
    """Probability that an outcome above 0 was given more chance than another one; ties count half, NaN for one kind."""
    known = np.isfinite(p_up) & np.isfinite(y)
    up = y[known] > 0.0
    ups, downs = int(up.sum()), int((~up).sum())
    if not ups or not downs:
        return math.nan
    return float((ranks(p_up[known])[up].sum() - ups * (ups + 1) / 2.0) / (ups * downs))


def information_coefficient(mu: Floats, y: Floats) -> float:
    """Correlation of what was expected and what came true; NaN when either does not vary."""
    known = np.isfinite(mu) & np.isfinite(y)
    a, b = mu[known], y[known]
    if len(a) < 2:
        return math.nan
    a, b = a - a.mean(), b - b.mean()
    energy = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / energy if energy > 0.0 else math.nan


def rank_information_coefficient(mu: Floats, y: Floats) -> float:
    """The same of ranks (Spearman)."""
    known = np.isfinite(mu) & np.isfinite(y)
    return information_coefficient(ranks(mu[known]), ranks(y[known]))


def skill(loss: Floats, reference: Floats) -> float:
    """Share of the reference's loss that was saved, where both are known; NaN when the reference has none."""
    known = np.isfinite(loss) & np.isfinite(reference)
    base = float(reference[known].sum())
    return 1.0 - float(loss[known].sum()) / base if base > 0.0 else math.nan


def ranks(values: Floats) -> Floats:
    """Ranks from 1, ties share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[inverse])


def normal_cdf(z: Floats) -> Floats:
    """Distribution function of the standard normal."""
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def normal_quantiles(levels: Floats) -> Floats:
    """Quantiles of the standard normal at those levels."""
    from scipy.special import ndtri

    return np.asarray(ndtri(levels))


def _central(quantiles: Floats, levels: Floats) -> tuple[Floats, Floats]:
    rows = {round(float(level), 9): row for row, level in enumerate(levels)}
    missing = [level for pair in CENTRAL for level in pair if level not in rows]
    if missing:
        raise ValueError(f"levels {levels.tolist()} lack {missing}, which bound the central intervals")
    checked = _checked(quantiles, levels)
    return checked[[rows[low] for low, _ in CENTRAL]], checked[[rows[high] for _, high in CENTRAL]]


def _checked(quantiles: Floats, levels: Floats) -> Floats:
    if quantiles.ndim != 2 or len(quantiles) != len(levels):
        raise ValueError(f"quantiles of shape {quantiles.shape}, expected ({len(levels)}, n): one row per level")
    if len(levels) < 2 or not (levels[0] > 0.0 and levels[-1] < 1.0 and bool((np.diff(levels) > 0.0).all())):
        raise ValueError(f"levels were {levels.tolist()}, expected two or more, rising, inside 0 to 1")
    return quantiles


def _known(quantiles: Floats, y: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(quantiles).all(axis=0) & np.isfinite(y))


def _mean(values: Floats, known: NDArray[np.bool_]) -> float:
    return float(values[known].mean()) if known.any() else math.nan
