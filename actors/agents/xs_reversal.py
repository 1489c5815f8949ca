"""Cross-sectional reversal: what ran away from the market for no reason of its own comes back. Needs three instruments.

Lehmann (1990), "Fads, martingales, and market efficiency", Quarterly Journal of Economics 105; Lo and MacKinlay
(1990), "When are contrarian profits due to stock market overreaction?", Review of Financial Studies 3.
"""

from typing import ClassVar

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from quant.agents.reversion import reversal_score


class XsReversal(Agent):
    """Against the residual of the last 60 bars over the cross-section, less when all move one way; EWMA .94."""

    needs: ClassVar = ("res_60",)

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(reversal_score(view["res_60"], view["breadth_60"]), view.sd("ewma94"))
