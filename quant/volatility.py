"""Volatility: the exponentially weighted standard deviation of one bar, and what it is over a horizon.

Zero-mean (the drift of one bar is far below its noise); decay .97 as in RiskMetrics Technical Document (1996).
"""

from __future__ import annotations

import math

import numpy as np

from quant.rolling import Floats, ewma

DECAY = 0.97
RETURNS_MIN = 20


def ewma_sd(returns: Floats, decay: float = DECAY, present_min: int = RETURNS_MIN) -> Floats:
    """Standard deviation of one bar from log returns (..., window), oldest first.

    Absent returns are left out; NaN when fewer than `present_min` are present, and where nothing has moved at all
    (no scale is known then, and zero would claim certainty).
    """
    return ewma_deviation(returns * returns, decay, present_min)


def ewma_deviation(squares: Floats, decay: float = DECAY, present_min: int = RETURNS_MIN) -> Floats:
    """The same from the squares of the returns."""
    return deviation(ewma(squares, decay, present_min))


def deviation(variance: Floats) -> Floats:
    """Its root; NaN where nothing has moved."""
    return np.sqrt(np.where(variance > 0.0, variance, np.nan))


def over_horizon(sd_bar: Floats, horizon_s: float, bar_s: float) -> Floats:
    """Standard deviation over `horizon_s` from that of a bar of `bar_s`: square root of time."""
    if not (horizon_s > 0.0 and bar_s > 0.0):
        raise ValueError(f"horizon of {horizon_s} s with bars of {bar_s} s, expected both above 0")
    return np.multiply(sd_bar, math.sqrt(horizon_s / bar_s))
