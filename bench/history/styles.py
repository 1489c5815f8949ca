"""The three styles of the workload as strategies of Keel, over all instruments at once."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from actors.strategies.base import Frame, Memory, Strategy
from actors.strategies.views import Floats
from bench.history.peers.workload import FAST, SLOW, TURN_EVERY


class Nothing(Strategy):
    """Never orders."""

    def on_frame(self, frame: Frame, memory: Memory) -> None:
        """Wants nothing."""


class Cross(Strategy):
    """One unit of each instrument while its fast average is above its slow one."""

    remembers: ClassVar[Mapping[str, float]] = {"fast": np.nan, "slow": np.nan}

    def on_frame(self, frame: Frame, memory: Memory) -> Floats:
        """What to hold."""
        for name, span in (("fast", FAST), ("slow", SLOW)):
            known = np.where(np.isnan(memory[name]), frame.close, memory[name])
            memory[name] = known + (frame.close - known) * (2.0 / (span + 1.0))
        return (memory["fast"] > memory["slow"]).astype(np.float64)


class Active(Strategy):
    """One unit of each instrument, or none, turned every tenth bar."""

    def on_frame(self, frame: Frame, memory: Memory) -> Floats:
        """What to hold."""
        return np.full(len(frame.symbols), float(frame.number // TURN_EVERY % 2))
