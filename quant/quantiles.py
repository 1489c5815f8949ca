"""The grid of quantile levels, and the quantiles of a belief of which only mean and deviation are known."""

from __future__ import annotations

import numpy as np

from quant.rolling import Floats

LEVELS: Floats = np.array([0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99])
LEVELS.flags.writeable = False

STUDENT_5: Floats = np.array(
    [
        -2.606463569384279,
        -1.5608497583442291,
        -1.1432148684060783,
        -0.5628892087894134,
        0.0,
        0.5628892087894134,
        1.1432148684060783,
        1.5608497583442291,
        2.606463569384279,
    ]
)
"""Quantiles at LEVELS of a Student-t with 5 degrees of freedom scaled to unit variance: t_5(level) * sqrt(3/5)."""
STUDENT_5.flags.writeable = False


def student_quantiles(mu: Floats, sigma: Floats) -> Floats:
    """Quantiles (levels, N) of mean and standard deviation (N,), heavy-tailed until enough outcomes are known.

    Laws: rising along the levels, the median is mu, scale and shift go through; NaN where mu or sigma is.
    """
    return np.asarray(mu + STUDENT_5[:, None] * sigma)
