"""What each hour of the week has brought so far: means of standardised outcomes, believed only where they stand out."""

from __future__ import annotations

from typing import Final

import numpy as np

from quant.agents.memory import Memory, full
from quant.calibration import OUTCOME_MAX
from quant.rolling import Floats

SLOTS: Final = 168
HOUR_NS: Final = 3600 * 10**9
SHRINK_LABELS: Final = 50.0
LABELS_MIN: Final = 4.0
T_MIN: Final = 1.5
HALF_LIFE_LABELS: Final = 100.0
"""Of one slot: two years of weeks."""


def hour_of_week(at_ns: int) -> int:
    """0 for the hour that begins Monday 00:00 UTC, 167 for the last of Sunday (the epoch was a Thursday)."""
    return int((at_ns // HOUR_NS + 72) % SLOTS)


class Seasons(Memory):
    """For each hour of the week and instrument the mean outcome in deviations, from closed labels."""

    def __init__(self, width: int) -> None:
        super().__init__({name: full(width, SLOTS) for name in ("count", "total", "square")})

    def learn(self, slot: int, outcome: Floats, unique: float) -> None:
        """Outcomes (N,) in deviations of beliefs that were said in that slot, each worth `unique` of a label."""
        known = np.isfinite(outcome)
        z = np.clip(np.where(known, outcome, 0.0), -OUTCOME_MAX, OUTCOME_MAX)
        keep = np.where(known, 0.5 ** (unique / HALF_LIFE_LABELS), 1.0)
        for name, value in (("count", known), ("total", z), ("square", z * z)):
            row = self[name][slot]
            row *= keep
            row += unique * value

    def expected(self, slot: int) -> Floats:
        """Mean outcome (N,) in deviations, shrunk by n / (n + 50); 0 where |t| <= 1.5 or too little is known."""
        n = self["count"][slot]
        count = np.maximum(n, LABELS_MIN)
        mean = self["total"][slot] / count
        variance = np.maximum(self["square"][slot] / count - mean * mean, 0.0)
        spread = np.sqrt(variance / count)
        stands_out = (n >= LABELS_MIN) & (np.abs(mean) > T_MIN * spread) & (spread > 0.0)
        return np.where(stands_out, mean * n / (n + SHRINK_LABELS), 0.0)
