"""The three styles of quotes as strategies of Keel, asked for each instrument that is quoted."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from actors.strategies.base import Quote, Row, Strategy
from bench.history.peers.quotes import FAST, SLOW, START_NS, TURN_EVERY


class Nothing(Strategy):
    """Never orders."""

    def on_tick(self, quote: Quote, memory: Row) -> None:
        """Wants nothing."""


class Cross(Strategy):
    """One unit while the fast average is above the slow one, looked at every tenth quote."""

    remembers: ClassVar[Mapping[str, float]] = {"seen": 0.0, "wanted": 0.0, "fast": np.nan, "slow": np.nan}

    def on_tick(self, quote: Quote, memory: Row) -> float | None:
        """What to hold."""
        if quote.at_ns < START_NS:
            return None
        seen = memory["seen"] = memory["seen"] + 1.0
        mid, fast, slow = quote.mid, memory["fast"], memory["slow"]
        if fast != fast:  # not a number: the first quote
            fast = slow = mid
        fast += (mid - fast) * (2.0 / (FAST + 1.0))
        slow += (mid - slow) * (2.0 / (SLOW + 1.0))
        memory["fast"], memory["slow"] = fast, slow
        if seen % TURN_EVERY == 0:
            memory["wanted"] = 1.0 if fast > slow else 0.0
        return memory["wanted"]


class Active(Strategy):
    """One unit, or none, turned every tenth quote."""

    remembers: ClassVar[Mapping[str, float]] = {"seen": 0.0}

    def on_tick(self, quote: Quote, memory: Row) -> float | None:
        """What to hold."""
        if quote.at_ns < START_NS:
            return None
        seen = memory["seen"] = memory["seen"] + 1.0
        return seen // TURN_EVERY % 2
