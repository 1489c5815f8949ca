"""Momentum: what has gone up for its volatility goes on, over several windows of bars."""

from typing import Final

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from quant.agents.trend import momentum_score

WINDOWS_BARS: Final = (15, 60, 240)


class Momentum(Agent):
    """Time-series momentum of Moskowitz, Ooi and Pedersen (2012) on bars, the last bar left out."""

    def on_frame(self, view: View) -> Evidence:
        returns = np.stack([view[f"ret_{bars}"] for bars in WINDOWS_BARS])
        score = momentum_score(view["ret_1"], returns, np.array(WINDOWS_BARS, dtype=np.float64))
        return Evidence.of(score, view.deviation)
