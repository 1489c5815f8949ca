"""Scores of slow things: what holding costs, and what people say.

Columns are instruments (N,); NaN = the source is absent. Scores are positive for up.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from quant.beliefs import SCORE_MAX
from quant.rolling import Floats

SETTLEMENT_S: Final = 8 * 3600.0
SENTIMENT_HALF_LIFE_S: Final = 6 * 3600.0
MENTIONS_FULL: Final = 2.0


def funding_within(rate: Floats, next_share: Floats, horizon_s: float) -> Floats:
    """What a long position pays over the horizon: `rate` at each settlement, one every eight hours.

    `next_share` is the time to the next settlement as a share of eight hours.
    """
    left = horizon_s / SETTLEMENT_S - next_share
    return np.asarray(rate * np.where(left >= 0.0, np.floor(np.maximum(left, 0.0)) + 1.0, 0.0))


def carry_score(crowding: Floats, paid: Floats, deviation: Floats) -> Floats:
    """Against the crowd that pays: minus the z-score of funding and minus what is `paid`, in deviations."""
    return np.asarray(np.clip(-crowding - paid / deviation, -SCORE_MAX, SCORE_MAX))


def sentiment_score(mood: Floats, mentions: Floats) -> Floats:
    """The z-score of the mood, in full from two deviations more mentions than usual on, nothing without any more."""
    return np.asarray(np.clip(mood * np.clip(mentions / MENTIONS_FULL, 0.0, 1.0), -SCORE_MAX, SCORE_MAX))


def sentiment_freshness(age_s: Floats) -> Floats:
    """Halves every six hours."""
    return np.asarray(0.5 ** (np.maximum(age_s, 0.0) / SENTIMENT_HALF_LIFE_S))
