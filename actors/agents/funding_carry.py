"""Funding carry: who holds what the crowd holds pays for it, and crowds unwind. Silent without perpetuals.

Koijen, Moskowitz, Pedersen and Vrugt (2018), "Carry", Journal of Financial Economics 127; Schmeling, Schrimpf and
Todorov (2023), "Crypto carry", BIS Working Paper 1087.
"""

from typing import ClassVar

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from quant.agents.slow import carry_score, funding_within


class FundingCarry(Agent):
    """Against the 30-day z-score of funding and what a long pays over the horizon; deviation over a day of bars."""

    needs: ClassVar = ("fund_now", "fund_z_30d", "t_to_fund")

    def on_frame(self, view: View) -> Evidence:
        deviation = view.sd("rv_1440")
        paid = funding_within(view["fund_now"], view["t_to_fund"], view.horizon_s)
        return Evidence.of(carry_score(view["fund_z_30d"], paid, deviation), deviation)
