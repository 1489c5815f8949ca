"""From features to beliefs: the numbers of the momentum, reversion and order-flow agents.

Each agent makes a score in [-3, 3] (positive = up) and a deviation over its horizon; `believe` turns both into a mean
through what the agent has earned: mu = coefficient * score * sigma. Columns are instruments (N,); NaN = no belief.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quant.calibration import Calibration
from quant.rolling import Floats

SCORE_MAX = 3.0
HALF_LIFE_BARS_MIN, HALF_LIFE_BARS_MAX = 2.0, 120.0
FLOW_LIFE_S = 10.0


class Belief(NamedTuple):
    """Log return over the horizon: mean, deviation, how sure (0 to 1), and the score behind it."""

    mu: Floats
    sigma: Floats
    confidence: Floats
    score: Floats


def believe(score: Floats, deviation: Floats, calibration: Calibration, freshness: Floats | float = 1.0) -> Belief:
    """The belief behind a score; `deviation` is over the horizon and not yet calibrated, `freshness` in [0, 1].

    Laws: |mu| <= .1 * 3 * sigma; the sign of mu is that of coefficient * score; NaN in score or deviation gives NaN.
    """
    known = np.isfinite(score) & np.isfinite(deviation) & (deviation > 0.0)
    clipped = np.where(known, np.clip(score, -SCORE_MAX, SCORE_MAX), np.nan)
    sigma = np.where(known, calibration.factor * deviation, np.nan)
    confidence = np.where(known, calibration.confidence * np.asarray(freshness), np.nan)
    return Belief(calibration.coefficient * clipped * sigma, sigma, confidence, clipped)


def momentum_score(ret_1: Floats, rets: Floats, bars: Floats) -> Floats:
    """Mean of volatility-scaled returns over several windows, each without the last bar and clipped at 3.

    `rets` (windows, N) are returns over `bars` (windows,) scaled by sqrt(bars), `ret_1` (N,) that of the last bar.
    Time-series momentum, Moskowitz, Ooi and Pedersen (2012). Windows that are cold are left out; NaN when all are.
    """
    n = bars[:, None]
    skipped = (rets * np.sqrt(n) - ret_1) / np.sqrt(n - 1.0)
    present = np.isfinite(skipped)
    total = np.where(present, np.clip(skipped, -SCORE_MAX, SCORE_MAX), 0.0).sum(axis=0)
    count = present.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def reversion(gap: Floats, kappa: Floats, noise: Floats, horizon_bars: float) -> tuple[Floats, Floats]:
    """Score and deviation of an Ornstein-Uhlenbeck process seen `gap` above its mean, over `horizon_bars`.

    With rho = exp(-kappa) per bar: mean -gap (1 - rho^h), variance noise^2 (1 - rho^2h) / (1 - rho^2); the score is
    their ratio. NaN (off) where the half-life ln 2 / kappa is outside [2, 120] bars.
    """
    half_life = math.log(2.0) / np.where(kappa > 0.0, kappa, np.nan)
    on = (half_life >= HALF_LIFE_BARS_MIN) & (half_life <= HALF_LIFE_BARS_MAX)
    speed = np.where(on, kappa, np.nan)
    mean = gap * np.expm1(-speed * horizon_bars)
    deviation = noise * np.sqrt(np.expm1(-2.0 * speed * horizon_bars) / np.expm1(-2.0 * speed))
    return mean / np.where(deviation > 0.0, deviation, np.nan), deviation


def flow_score(ofi: Floats) -> Floats:
    """Order-flow imbalance in units of the mean best size, linear near zero and bounded at 3."""
    return SCORE_MAX * np.tanh(ofi / SCORE_MAX)


def flow_freshness(age_s: Floats) -> Floats:
    """What is left of an order-flow belief after `age_s` seconds without news: exp(-age / 10 s)."""
    return np.exp(-np.maximum(age_s, 0.0) / FLOW_LIFE_S)
