"""Breakout: a price at the end of its channel goes on, more so while volatility rises.

Donchian (1960); Lo, Mamaysky and Wang (2000), "Foundations of technical analysis", Journal of Finance 55.
"""

from typing import ClassVar

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from quant.agents.trend import break_width, breakout_score


class Breakout(Agent):
    """The place in the channel of a day of bars, of an hour while that is cold; Parkinson's deviation, wider at an end.

    Parkinson (1980), "The extreme value method for estimating the variance of the rate of return".
    """

    needs: ClassVar = ("donch_60", "donch_1440")

    def on_frame(self, view: View) -> Evidence:
        day, term = view["donch_1440"], view["term"]
        place = np.where(np.isfinite(day), day, view["donch_60"])
        return Evidence.of(breakout_score(place, term), view.sd("park_60") * break_width(place))
