"""Scores of what goes on: momentum over several windows, breakouts from a channel, and calm after storms.

Columns are instruments (N,); NaN = nothing is known. Scores are positive for up and lie in [-3, 3].
"""

from __future__ import annotations

import numpy as np

from quant.beliefs import SCORE_MAX
from quant.rolling import Floats

CHANNEL_SLOPE = 4.0
EXTREME = 1e-9
"""A close this near to the end of its channel is the end."""
BREAK_WIDENS = 1.1
SCALE_MIN, SCALE_MAX = 0.5, 2.0


def momentum_score(ret_1: Floats, rets: Floats, bars: Floats) -> Floats:
    """Mean of volatility-scaled returns over several windows, each without the last bar and clipped at 3.

    `rets` (windows, N) are returns over `bars` (windows,) scaled by sqrt(bars), `ret_1` (N,) that of the last bar.
    Moskowitz, Ooi and Pedersen (2012). Windows that are cold are left out; NaN when all are.
    """
    n = bars[:, None]
    skipped = (rets * np.sqrt(n) - ret_1) / np.sqrt(n - 1.0)
    present = np.isfinite(skipped)
    total = np.where(present, np.clip(skipped, -SCORE_MAX, SCORE_MAX), 0.0).sum(axis=0)
    count = present.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def breakout_score(place: Floats, term: Floats) -> Floats:
    """4 (place - 1/2) while short volatility exceeds long (`term` > 0), half of it otherwise or where unknown.

    `place` is where the close lies in its channel of highs and lows: 0 at the bottom, 1 at the top.
    """
    return np.asarray(CHANNEL_SLOPE * (place - 0.5) * np.where(term > 0.0, 1.0, 0.5))


def break_width(place: Floats) -> Floats:
    """1.1 where the close stands at an end of its channel, 1 elsewhere: after a break the range is wider."""
    return np.where((place <= EXTREME) | (place >= 1.0 - EXTREME), BREAK_WIDENS, 1.0)


def calm_score(surprise: Floats, ratio: Floats) -> Floats:
    """-`surprise`, scaled by the inverse of `ratio` (volatility now over its long-run level), within [1/2, 2].

    `surprise` is the z-score of ln `ratio`: unusually high volatility is held to be paid less than calm.
    """
    scale = np.clip(1.0 / np.where(ratio > 0.0, ratio, np.nan), SCALE_MIN, SCALE_MAX)
    return np.asarray(np.clip(-surprise * scale, -SCORE_MAX, SCORE_MAX))
