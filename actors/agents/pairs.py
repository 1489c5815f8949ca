"""Pairs: an instrument that has run away from the one it moves with comes back to it. Needs two instruments.

Gatev, Goetzmann and Rouwenhorst (2006), "Pairs trading", Review of Financial Studies 19; the numbers are in
`quant.agents.pairs`.
"""

from typing import ClassVar, Final

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from contracts.market import BarFrame, BarHistory
from quant.agents.memory import Memory
from quant.agents.pairs import Pairs as PairsMemory
from quant.agents.reversion import reversion
from quant.rolling import Floats

T_MAX: Final = -2.9
"""Engle and Granger: above it the spread may as well wander."""


class Pairs(Agent):
    """Each instrument against its partner while their spread is stationary; deviation of Garman and Klass (1980)."""

    inputs: ClassVar = (*Agent.inputs, BarFrame, BarHistory)

    def remembers(self, width: int) -> Memory:
        self._pairs = PairsMemory(width, self.settings.bar_s)
        return self._pairs

    def hear_closes(self, closes: Floats) -> None:
        self._pairs.push(closes)

    def on_frame(self, view: View) -> Evidence:
        gap, kappa, noise = self._pairs.reversion()
        score, spread_sd = reversion(gap, kappa, noise, view.horizon_bars)
        deviation = view.sd("gk_60")
        tested = np.where(self._pairs["t"] < T_MAX, score * spread_sd / deviation, np.nan)
        return Evidence.of(tested, deviation)
