"""Volatility-managed: unusually high volatility is paid less than calm, and earns less per unit of it.

Moreira and Muir (2017), "Volatility-managed portfolios", Journal of Finance 72. Its deviation is the blend's expert of
volatility: the heterogeneous autoregression of Corsi (2009), "A simple approximate long-memory model of realized
volatility", Journal of Financial Econometrics 7.
"""

from typing import ClassVar, Final

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from quant.agents.memory import Memory
from quant.agents.trend import calm_score
from quant.agents.usual import Usual

WINDOWS_BARS: Final = (15, 60, 240, 1440)
DAY_S: Final = 86_400.0
LIFE_DAYS: Final = 30
LIFE_BARS_MIN: Final = 300


class VolManaged(Agent):
    """Minus the z-score of the day's log volatility against a month of it; deviation by HAR.

    The day is the longest window of bars that is no longer than one, and the shortest there is where bars are long.
    """

    needs: ClassVar = ("rv_15", "rv_60", "rv_240", "rv_1440")

    def remembers(self, width: int) -> Memory:
        self._usual = Usual(width, max(LIFE_DAYS * DAY_S, LIFE_BARS_MIN * self.settings.bar_s))
        return self._usual

    def on_frame(self, view: View) -> Evidence:
        within = [bars for bars in WINDOWS_BARS if bars * view.bar_s <= DAY_S]
        level = view[f"rv_{max(within, default=WINDOWS_BARS[0])}"]
        volatility = np.log(np.where(level > 0.0, level, np.nan))
        self._usual.add(volatility, view.at_ns)
        surprise, ratio = self._usual.z(volatility), np.exp(volatility - self._usual.mean())
        return Evidence.of(calm_score(surprise, ratio), view.sd("har_pred_h"))
