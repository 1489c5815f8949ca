"""Order-flow imbalance: who presses on the best prices now moves them next. Silent without quotes.

Cont, Kukanov and Stoikov (2014), "The price impact of order book events", Journal of Financial Econometrics 12.
"""

from typing import ClassVar

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from contracts.market import MarkFrame
from contracts.quantities import Nanos
from quant.agents.flow import flow_freshness, flow_score
from quant.agents.impact import HORIZONS_S
from quant.agents.memory import Memory
from quant.agents.watching import Watching
from quant.calibration import Worth

USUAL_S = 3600.0


class Ofi(Agent):
    """The imbalance in units of what is usual: of 10 s up to a minute ahead, of a minute for longer horizons.

    Up to a minute ahead its own regressions of each horizon say what the score is worth. The deviation is the plain
    one. Confidence fades with the age of the quote.
    """

    needs: ClassVar = ("ofi_10s", "ofi_60s")

    def remembers(self, width: int) -> Memory:
        self._watching = Watching(width, self.settings.prior, USUAL_S)
        return self._watching

    def hear_marks(self, marks: MarkFrame, at_ns: Nanos) -> None:
        self._watching.impact.hear(marks.mid.values, at_ns, self.sd_second)

    def worth(self) -> Worth:
        horizon_s = self.settings.horizon_s
        return self._watching.impact.worth(horizon_s) if horizon_s <= HORIZONS_S[-1] else super().worth()

    def on_frame(self, view: View) -> Evidence:
        window = "ofi_10s" if view.horizon_s <= HORIZONS_S[-1] else "ofi_60s"
        score = flow_score(self._watching.see(view[window], view.at_ns))
        self._watching.impact.say(score, view.mid, view.at_ns)
        return Evidence.of(score, view.deviation, flow_freshness(view.age_s))
