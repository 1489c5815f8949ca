"""Scores of the order book: pressure on the touch, and where its sizes say that the price is.

Columns are instruments (N,); NaN = no book. Scores are positive for up.
"""

from __future__ import annotations

import numpy as np

from quant.beliefs import SCORE_MAX
from quant.rolling import Floats

FLOW_LIFE_S = 10.0
FLOW_GAIN = 2.0
REACH_MIN = 1e-12


def flow_score(flow: Floats) -> Floats:
    """Twice the order-flow imbalance in units of what is usual, near zero, and bounded at 3.

    Twice, because the book foretells more than anything else does, and a coefficient is at most a tenth.
    """
    return np.asarray(SCORE_MAX * np.tanh(FLOW_GAIN * flow / SCORE_MAX))


def flow_freshness(age_s: Floats) -> Floats:
    """What is left of a belief from the book after `age_s` seconds without news: exp(-age / 10 s)."""
    return np.exp(-np.maximum(age_s, 0.0) / FLOW_LIFE_S)


def lean(micro_bp: Floats, spread_bp: Floats) -> Floats:
    """Where the microprice lies between bid (-1) and ask (1); NaN where the spread is not positive."""
    return np.asarray(np.clip(2.0 * micro_bp / np.where(spread_bp > 0.0, spread_bp, np.nan), -1.0, 1.0))


def within_spread(score: Floats, coefficient: float, sigma: Floats, spread_bp: Floats) -> Floats:
    """The score cut so that |coefficient * score * sigma| is at most half the spread.

    The microprice lies between bid and ask: it never foretells more than the way there.
    """
    reach = np.abs(coefficient) * sigma
    most = 0.5e-4 * spread_bp / np.maximum(reach, REACH_MIN)
    return np.asarray(np.clip(score, -most, most))
