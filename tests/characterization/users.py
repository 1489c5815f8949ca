"""Agents of a user's own, named in a profile as `module:Class`: one for all instruments at once, one for each alone."""

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from contracts.quantities import SECOND_NS

PERIOD_S = 4
CRASH_S = 2


def evidence(view: View, phase: np.ndarray) -> Evidence:
    """Up for four seconds, down for four: whoever must see many orders needs no luck."""
    turns = (view.at_ns // SECOND_NS + phase) // PERIOD_S % 2
    return Evidence.of(np.where(turns == 0, 3.0, -3.0), view.deviation)


class Weathercock(Agent):
    """Turns in the wind, the instruments one second after another."""

    def on_frame(self, view: View) -> Evidence:
        return evidence(view, np.array([len(symbol) + ord(symbol[0]) for symbol in view.symbols]))


class WeathercockOfOne(Agent):
    """The same for one instrument at a time."""

    def on_bar(self, view: View) -> Evidence:
        (symbol,) = view.symbols
        return evidence(view, np.array([len(symbol) + ord(symbol[0])]))


class Fragile(Weathercock):
    """Crashes on the second decision, and only there."""

    def on_frame(self, view: View) -> Evidence:
        if view.at_ns // SECOND_NS % 60 == CRASH_S:
            raise RuntimeError("a bug of the user's")
        return super().on_frame(view)


class BothWays(Weathercock):
    """Answers for all and for each, so that nobody knows which counts."""

    def on_bar(self, view: View) -> Evidence:
        return self.on_frame(view)


class NoAgent:
    """Has the right name and the wrong kind."""
