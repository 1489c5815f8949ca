"""Agents that know too much, each in its own way, and a history for them."""

from typing import ClassVar

import numpy as np

from actors.agents.base import Agent
from actors.agents.view import Evidence, View
from actors.strategies.base import Frame, Memory, Strategy
from contracts.market import MarkFrame
from tests.kit.history_data import a_walk

DATA = a_walk(width=2, times=210, seed=11)


class Remembering(Agent):
    """Keeps the mids of every life in its class: in the next life it knows what comes."""

    mids: ClassVar[dict[int, np.ndarray]] = {}

    def hear_marks(self, marks: MarkFrame, at_ns: int) -> None:
        self.mids[at_ns] = marks.mid.values

    def on_frame(self, view: View) -> Evidence:
        coming = self.mids.get(view.at_ns + round(view.bar_s * 1e9), view.mid)
        return Evidence.of(100.0 * np.log(coming / view.mid), view.deviation)


class Reading(Agent):
    """Reads the next close in the data set itself, whatever it is told."""

    def on_frame(self, view: View) -> Evidence:
        row = int(np.searchsorted(DATA.block.close_ns, view.at_ns))
        coming = DATA.block.close[min(row + 1, len(DATA.block.close) - 1)]
        return Evidence.of(100.0 * np.log(coming / DATA.block.close[row]), view.deviation)


class Honest(Agent):
    """Leans against the last return."""

    needs: ClassVar = ("ret_1",)

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(-view["ret_1"] / view.deviation, view.deviation)


class PeekingStrategy(Strategy):
    """Wants more of what rises next, as the data set itself says."""

    def on_frame(self, frame: Frame, memory: Memory) -> np.ndarray:
        row = int(np.searchsorted(DATA.block.close_ns, frame.at_ns))
        coming = DATA.block.close[min(row + 1, len(DATA.block.close) - 1)]
        return np.asarray(100.0 * np.log(coming / frame.close))
