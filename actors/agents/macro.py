"""Macro: the market follows rates, credit, the dollar and fear; each instrument by its beta. Silent without a source.

Chen, Roll and Ross (1986), "Economic forces and the stock market", Journal of Business 59; Hoerl and Kennard (1970),
"Ridge regression".
"""

from typing import ClassVar, Final

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from contracts.belief import Outcome
from quant.agents.macro import MacroRidge
from quant.agents.memory import Memory
from quant.beliefs import promised

INPUTS: Final = ("dgs10_chg_5d", "t10y2y", "vix_z", "hy_oas_chg_5d", "dxy_chg_5d")
BETA_MAX: Final = 3.0


class Macro(Agent):
    """A weekly ridge of the market on what was released, times beta; confidence halves every five days without news.

    Its deviation is that of a day of bars. Horizons of one to five days suit it.
    """

    needs: ClassVar = INPUTS

    def remembers(self, width: int) -> Memory:
        self._ridge = MacroRidge(len(INPUTS))
        return self._ridge

    def hear_outcome(self, outcome: Outcome) -> None:
        z = outcome.realised.values / np.where(outcome.sigma.values > 0.0, outcome.sigma.values, np.nan)
        known = np.isfinite(z)
        if known.any():
            self._ridge.learn(outcome.said_ns, float(z[known].mean()), self.uniqueness)

    def on_frame(self, view: View) -> Evidence:
        released = np.stack([view[name] for name in INPUTS])
        self._ridge.see(np.fmax.reduce(released, axis=1), view.at_ns)
        beta = view["beta_btc_7d"]
        beta = np.where(np.isfinite(beta), np.clip(beta, 0.0, BETA_MAX), 1.0)
        score = promised(self._ridge.expected() * beta / max(float(beta.mean()), 0.1))
        return Evidence.of(score, view.sd("rv_1440"), self._ridge.freshness(view.at_ns))
