"""Mean reversion of one price: a price away from its own mean comes back, as fast as it used to.

Uhlenbeck and Ornstein (1930); Poterba and Summers (1988), "Mean reversion in stock prices", Journal of Financial
Economics 22.
"""

from typing import ClassVar

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from quant.agents.reversion import reversion


class OuReversion(Agent):
    """An Ornstein-Uhlenbeck process around an exponential mean, with its own deviation; off where nothing reverts."""

    needs: ClassVar = ("ou_gap_240", "ou_kappa_240", "ou_noise_240")

    def on_frame(self, view: View) -> Evidence:
        gap, kappa, noise = view["ou_gap_240"], view["ou_kappa_240"], view["ou_noise_240"]
        score, deviation = reversion(gap, kappa, noise, view.horizon_bars)
        return Evidence.of(score, deviation)
