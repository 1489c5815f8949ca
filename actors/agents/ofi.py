"""Order-flow imbalance: who presses on the best prices now moves them next. Silent without quotes.

Cont, Kukanov and Stoikov (2014), "The price impact of order book events", Journal of Financial Econometrics 12.
"""

from typing import ClassVar

from actors.agents.flow import FlowAgent
from actors.agents.view import Evidence, View
from quant.agents.flow import flow_freshness, flow_score


class Ofi(FlowAgent):
    """The imbalance in units of what is usual: of 10 s up to a minute ahead, of a minute for longer horizons.

    Up to a minute ahead its own regressions of each horizon say what the score is worth. The deviation is the plain
    one. Confidence fades with the age of the quote.
    """

    needs: ClassVar = ("ofi_10s", "ofi_60s")

    def on_frame(self, view: View) -> Evidence:
        window = "ofi_10s" if self.near else "ofi_60s"
        score = flow_score(self.watching.see(view[window], view.at_ns))
        self.watching.impact.say(score, view.mid, view.at_ns)
        return Evidence.of(score, view.deviation, flow_freshness(view.age_s))
