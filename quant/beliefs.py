"""From scores to beliefs: mu = coefficient * score * sigma, for every agent alike.

Each agent makes a score in [-3, 3] (positive = up) and a deviation over its horizon (`quant.agents`). Columns are
instruments (N,); NaN = no belief.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.calibration import Worth
from quant.rolling import Floats

SCORE_MAX = 3.0
PROMISE = 0.05
"""What a score of 1 promises, in deviations, where an agent measures it itself: a coefficient of .05 keeps it."""


class Belief(NamedTuple):
    """Log return over the horizon: mean, deviation, how sure (0 to 1), and the score behind it."""

    mu: Floats
    sigma: Floats
    confidence: Floats
    score: Floats


def believe(score: Floats, deviation: Floats, factor: float, worth: Worth, freshness: Floats | float = 1.0) -> Belief:
    """The belief behind a score; `deviation` is over the horizon and not yet multiplied by its `factor`.

    `freshness` lies in [0, 1]; stale is 0. Laws: |mu| <= |coefficient| * 3 * sigma; the sign of mu is that of
    coefficient * score; NaN in score, deviation or freshness, or a deviation of 0, gives NaN in every column.
    """
    known = np.isfinite(score + deviation + freshness) & (deviation > 0.0)
    clipped = np.where(known, np.minimum(np.maximum(score, -SCORE_MAX), SCORE_MAX), np.nan)
    sigma = np.where(known, factor * deviation, np.nan)
    fresh = np.minimum(np.maximum(freshness, 0.0), 1.0)
    confidence = np.where(known, worth.confidence * fresh, np.nan)
    return Belief(worth.coefficient * clipped * sigma, sigma, confidence, clipped)


def nothing(width: int) -> Belief:
    """No belief about any of `width` instruments."""
    absent = np.full(width, np.nan)
    return Belief(absent, absent, absent, absent)


def promised(outcome: Floats) -> Floats:
    """The score of an outcome (N,) that is expected in deviations."""
    return np.clip(outcome / PROMISE, -SCORE_MAX, SCORE_MAX)
