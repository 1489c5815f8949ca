"""Reversion: a price away from its own mean comes back, as fast as it used to."""

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from quant.agents.reversion import reversion


class Reversion(Agent):
    """An Ornstein-Uhlenbeck process around an exponential mean; silent where prices do not revert."""

    def on_frame(self, view: View) -> Evidence:
        score, deviation = reversion(
            view["ou_gap_240"], view["ou_kappa_240"], view["ou_noise_240"], view.horizon_s / view.bar_s
        )
        return Evidence.of(score, deviation)
