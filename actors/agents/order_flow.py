"""Order flow: who presses on the best prices now moves them next, for a few seconds."""

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from quant.agents.flow import flow_freshness, flow_score


class OrderFlow(Agent):
    """Order-flow imbalance of Cont, Kukanov and Stoikov (2014); it needs quotes only, no bars, and ages fast."""

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(flow_score(0.5 * view["ofi_10s"]), view.deviation, flow_freshness(view.age_s))
