"""Seasonality: hours of the week that have paid before pay again.

Heston, Korajczyk and Sadka (2010), "Intraday patterns in the cross-section of stock returns", Journal of Finance 65.
"""

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from contracts.belief import Outcome
from contracts.quantities import SECOND_NS
from quant.agents.memory import Memory
from quant.agents.seasons import HOUR_NS, Seasons, hour_of_week
from quant.beliefs import promised


class Seasonality(Agent):
    """Mean outcome of this hour of the week where it stands out; deviation with the season of volatility in it.

    It speaks from the first moment on, with a score of 0 until an hour stands out: its deviation is worth hearing.
    """

    def remembers(self, width: int) -> Memory:
        self._seasons = Seasons(width)
        return self._seasons

    def hear_outcome(self, outcome: Outcome) -> None:
        z = outcome.realised.values / np.where(outcome.sigma.values > 0.0, outcome.sigma.values, np.nan)
        settings = self.settings
        unique = min(1.0, settings.label_s / min(settings.horizon_s, HOUR_NS / SECOND_NS))
        self._seasons.learn(hour_of_week(outcome.said_ns), z, unique)  # labels of other weeks never overlap

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(promised(self._seasons.expected(hour_of_week(view.at_ns))), view.sd("s_ref"))
