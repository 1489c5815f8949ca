"""What agents of order flow share: a score in units of what is usual, and what it is worth so soon after.

Up to a minute ahead regressions of the mids themselves say what a score is worth, horizon by horizon: so near, outcomes
are many and alike. Further ahead it is learned from outcomes, as every agent learns.
"""

from typing import Final

from actors.agents.base import Agent
from contracts.market import MarkFrame
from contracts.quantities import Nanos
from quant.agents.impact import HORIZONS_S
from quant.agents.memory import Memory
from quant.agents.watching import Watching
from quant.calibration import Worth

USUAL_S: Final = 3600.0
"""What is usual is forgotten over an hour."""


class FlowAgent(Agent):
    """Watches mids after its own scores; a subclass says what it looks at, and gives the score to `watching`."""

    def remembers(self, width: int) -> Memory:
        self.watching = Watching(width, self.settings.prior, USUAL_S)
        return self.watching

    @property
    def near(self) -> bool:
        """Whether the horizon is one of which the mids are watched."""
        return self.settings.horizon_s <= HORIZONS_S[-1]

    def hear_marks(self, marks: MarkFrame, at_ns: Nanos) -> None:
        self.watching.impact.hear(marks.mid.values, at_ns, self.sd_second)

    def worth(self) -> Worth:
        return self.watching.impact.worth(self.settings.horizon_s) if self.near else super().worth()
