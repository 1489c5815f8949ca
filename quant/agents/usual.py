"""What is usual of a number, for each instrument: exponentially weighted mean and spread over time."""

from __future__ import annotations

import math

import numpy as np

from quant.agents.memory import Memory, full
from quant.rolling import Floats

DAY_NS = 86_400 * 10**9
KNOWN_SHARE = 0.1
"""Nothing is unusual before a tenth of the memory's life has been seen."""
COUNT_MIN = 20
SPREAD_MIN = 1e-9


class Usual(Memory):
    """Mean and spread of one number over a memory of `life_s` seconds; columns are instruments."""

    def __init__(self, width: int, life_s: float) -> None:
        names = ("count", "total", "square", "known_s")
        super().__init__({name: full(width) for name in names}, {"at_ns": np.zeros(1, dtype=np.int64)})
        self._life_s = life_s

    def add(self, values: Floats, at_ns: int) -> None:
        """Take the values (N,) of one instant; absent ones are left out."""
        last = int(self["at_ns"][0])
        passed_s = (at_ns - last) / 1e9 if last else 0.0
        keep, known = math.exp(-passed_s / self._life_s), np.isfinite(values)
        present = np.where(known, values, 0.0)
        self["count"] = keep * self["count"] + known
        self["total"] = keep * self["total"] + present
        self["square"] = keep * self["square"] + present * present
        self["known_s"] = self["known_s"] + passed_s * known
        self["at_ns"][0] = at_ns

    def mean(self) -> Floats:
        """NaN before enough is known."""
        return np.asarray(np.where(self._warm(), self["total"] / np.maximum(self["count"], 1.0), np.nan))

    def z(self, values: Floats) -> Floats:
        """How many spreads `values` lie above the mean; NaN before enough is known and where nothing varied."""
        mean = self.mean()
        variance = self["square"] / np.maximum(self["count"], 1.0) - mean * mean
        floor = SPREAD_MIN * np.maximum(1.0, np.abs(mean))
        return np.asarray((values - mean) / np.sqrt(np.where(variance > floor * floor, variance, np.nan)))

    def scaled(self, values: Floats) -> Floats:
        """`values` over their root mean square about zero, from the first moment on.

        What all instruments show together counts as `COUNT_MIN` values of each.
        """
        count, square = self["count"], self["square"]
        together = float(square.sum()) / max(float(count.sum()), 1.0)
        own = (COUNT_MIN * together + square) / (COUNT_MIN + count)
        return np.asarray(values / np.sqrt(np.where(own > 0.0, own, np.inf)))

    def _warm(self) -> Floats:
        return np.asarray((self["count"] >= COUNT_MIN) & (self["known_s"] >= KNOWN_SHARE * self._life_s))
