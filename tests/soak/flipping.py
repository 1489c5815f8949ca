"""An agent that changes its mind every second: whoever must see many orders needs no luck."""

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from contracts.quantities import SECOND_NS


class Flipping(Agent):
    """Every other instrument up, the others down, and the other way round a second later."""

    def on_frame(self, view: View) -> Evidence:
        parity = (np.arange(len(view.symbols)) + view.at_ns // SECOND_NS) % 2
        return Evidence.of(np.where(parity == 0, 3.0, -3.0), view.deviation)
