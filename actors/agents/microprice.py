"""Microprice: the mid moves towards the thinner side, never further than the spread allows. Silent without quotes.

Stoikov (2018), "The micro-price: a high-frequency estimator of future prices", Quantitative Finance 18.
"""

from typing import ClassVar

from actors.agents.flow import FlowAgent
from actors.agents.view import Evidence, View
from quant.agents.flow import flow_freshness, lean, within_spread


class Microprice(FlowAgent):
    """The microprice's place between bid and ask; up to a minute ahead by its own regressions of each horizon.

    |mu| is at most half the spread. The deviation is the faster EWMA .94. Confidence fades with the age of the quote.
    """

    needs: ClassVar = ("micro_bp", "spread_bp")

    def on_frame(self, view: View) -> Evidence:
        spread_bp = view["spread_bp"]
        score = self.watching.see(lean(view["micro_bp"], spread_bp), view.at_ns)
        self.watching.impact.say(score, view.mid, view.at_ns)
        deviation = view.sd("ewma94") if view.horizon_s >= view.bar_s else view.deviation
        sigma = deviation * self.factor
        return Evidence.of(
            within_spread(score, self.worth().coefficient, sigma, spread_bp), deviation, flow_freshness(view.age_s)
        )
