"""Microprice: the mid moves towards the thinner side, never further than the spread allows. Silent without quotes.

Stoikov (2018), "The micro-price: a high-frequency estimator of future prices", Quantitative Finance 18.
"""

from typing import ClassVar

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from contracts.market import MarkFrame
from contracts.quantities import Nanos
from quant.agents.flow import flow_freshness, lean, within_spread
from quant.agents.impact import HORIZONS_S
from quant.agents.memory import Memory
from quant.agents.watching import Watching
from quant.calibration import Worth

USUAL_S = 3600.0


class Microprice(Agent):
    """The microprice's place between bid and ask; up to a minute ahead by its own regressions of each horizon.

    |mu| is at most half the spread. The deviation is the faster EWMA .94. Confidence fades with the age of the quote.
    """

    needs: ClassVar = ("micro_bp", "spread_bp")

    def remembers(self, width: int) -> Memory:
        self._watching = Watching(width, self.settings.prior, USUAL_S)
        return self._watching

    def hear_marks(self, marks: MarkFrame, at_ns: Nanos) -> None:
        self._watching.impact.hear(marks.mid.values, at_ns, self.sd_second)

    def worth(self) -> Worth:
        horizon_s = self.settings.horizon_s
        return self._watching.impact.worth(horizon_s) if horizon_s <= HORIZONS_S[-1] else super().worth()

    def on_frame(self, view: View) -> Evidence:
        spread_bp = view["spread_bp"]
        score = self._watching.see(lean(view["micro_bp"], spread_bp), view.at_ns)
        self._watching.impact.say(score, view.mid, view.at_ns)
        deviation = view.sd("ewma94") if view.horizon_s >= view.bar_s else view.deviation
        sigma = deviation * self.factor
        return Evidence.of(
            within_spread(score, self.worth().coefficient, sigma, spread_bp), deviation, flow_freshness(view.age_s)
        )
