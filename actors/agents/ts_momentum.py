"""Time-series momentum: what has gone up for its volatility goes on, over several windows of bars.

Moskowitz, Ooi and Pedersen (2012), "Time series momentum", Journal of Financial Economics 104.
"""

from typing import ClassVar, Final

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from quant.agents.trend import momentum_score

WINDOWS_BARS: Final = (60, 240, 1440)
_BARS: Final = np.array(WINDOWS_BARS, dtype=np.float64)


class TsMomentum(Agent):
    """Mean of volatility-scaled returns over the windows that are warm, the last bar left out; deviation EWMA .97."""

    needs: ClassVar = tuple(f"ret_{bars}" for bars in WINDOWS_BARS)

    def on_frame(self, view: View) -> Evidence:
        returns = np.stack([view[f"ret_{bars}"] for bars in WINDOWS_BARS])
        score = momentum_score(view["ret_1"], returns, _BARS)
        return Evidence.of(score, view.deviation)
