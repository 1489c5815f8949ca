"""Scores of what comes back: a price to its own mean, and an instrument to the others.

Columns are instruments (N,); NaN = nothing is known. Scores are positive for up.
"""

from __future__ import annotations

import math

import numpy as np

from quant.rolling import Floats

HALF_LIFE_BARS_MIN, HALF_LIFE_BARS_MAX = 2.0, 120.0
CROSS_SECTION_MIN = 3
"""With two instruments the z-scores are always -1 and 1, whatever happened."""
SPREAD_MIN = 1e-9


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


def reversal_score(residual: Floats, breadth: Floats) -> Floats:
    """Minus the z-score over the instruments of what the market does not explain, faded when all move one way.

    `breadth` is the share of instruments that rose: at 0 or 1 the move is the market's, and the score is 0; at 1/2 it
    counts in full. Unknown breadth does not fade. Lehmann (1990). NaN with fewer than three instruments, and where
    all are equal.
    """
    known = np.isfinite(residual)
    count = int(np.count_nonzero(known))
    if count < CROSS_SECTION_MIN:
        return np.full(residual.shape, np.nan)
    offset = np.where(known, residual - residual[known].mean(), np.nan)
    sd = math.sqrt(float(np.nansum(offset * offset)) / count)
    scale = max(1.0, float(np.abs(residual[known]).max()))
    if sd <= SPREAD_MIN * scale:
        return np.full(residual.shape, np.nan)
    one_way = np.where(np.isfinite(breadth), np.abs(2.0 * breadth - 1.0), 0.0)
    return np.asarray(-offset / sd * (1.0 - np.minimum(one_way, 1.0)))
