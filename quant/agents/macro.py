"""The market factor on the macro economy: a ridge regression that learns from closed labels and is solved weekly."""

from __future__ import annotations

from typing import Final

import numpy as np

from quant.agents.memory import Memory
from quant.calibration import OUTCOME_MAX
from quant.rolling import Floats

WEEK_NS: Final = 7 * 86_400 * 10**9
RIDGE_LABELS: Final = 200.0
HALF_LIFE_LABELS: Final = 1000.0
INPUT_MAX: Final = 3.0
INPUT_PRIOR: Final = 20.0
RELEASES: Final = 256
LIFE_S: Final = 5 * 86_400.0


class MacroRidge(Memory):
    """Expected market return in deviations, linear in macro inputs (K,), which are scaled by their root mean square.

    An absent input contributes nothing; with all absent there is no expectation. Releases are remembered until their
    labels are closed, at most 256 of them.
    """

    def __init__(self, inputs: int) -> None:
        common = {
            "squares": np.zeros(inputs),
            "count": np.zeros(inputs),
            "release_ns": np.zeros(RELEASES, dtype=np.int64),
            "releases": np.zeros((RELEASES, inputs)),
            "released": np.zeros(1, dtype=np.int64),
            "last": np.full(inputs, np.nan),
            "xx": np.zeros((inputs, inputs)),
            "xz": np.zeros(inputs),
            "weights": np.zeros(inputs),
            "solved_ns": np.zeros(1, dtype=np.int64),
        }
        super().__init__({}, common)

    def see(self, values: Floats, at_ns: int) -> None:
        """The inputs (K,) of now; a new release is one that differs from the last."""
        if not np.array_equal(values, self["last"], equal_nan=True):
            known = np.isfinite(values)
            present = np.where(known, values, 0.0)
            self["squares"] = self["squares"] + present * present
            self["count"] = self["count"] + known
            row = int(self["released"][0]) % RELEASES
            self["release_ns"][row], self["releases"][row], self["last"] = at_ns, self._scaled(values), values.copy()
            self["released"][0] += 1
        if at_ns - int(self["solved_ns"][0]) >= WEEK_NS:
            number = len(self["xz"])
            self["weights"] = np.linalg.solve(self["xx"] + RIDGE_LABELS * np.eye(number), self["xz"])
            self["solved_ns"][0] = at_ns

    def _scaled(self, values: Floats) -> Floats:
        """Inputs over their root mean square so far, cut at 3; 0 where absent or never other than 0."""
        square = self["squares"] / np.maximum(self["count"], 1.0)
        trust = self["count"] / (self["count"] + INPUT_PRIOR)
        known = np.isfinite(values) & (square > 0.0)
        scaled = np.where(known, values, 0.0) / np.sqrt(np.where(square > 0.0, square, 1.0))
        return np.asarray(trust * np.clip(scaled, -INPUT_MAX, INPUT_MAX))

    def learn(self, said_ns: int, outcome: float, unique: float) -> None:
        """The market's return in deviations after beliefs that were said then, worth `unique` of a label."""
        released = int(self["released"][0])
        rows = np.arange(max(0, released - RELEASES), released) % RELEASES
        known = rows[self["release_ns"][rows] <= said_ns]
        if not len(known):
            return
        x = self["releases"][known[-1]]
        keep = 0.5 ** (unique / HALF_LIFE_LABELS)
        z = min(OUTCOME_MAX, max(-OUTCOME_MAX, outcome))
        self["xx"] = keep * self["xx"] + unique * np.outer(x, x)
        self["xz"] = keep * self["xz"] + unique * z * x

    def expected(self) -> float:
        """The market's return in deviations; NaN while nothing is released."""
        if not np.isfinite(self["last"]).any():
            return float("nan")
        row = (int(self["released"][0]) - 1) % RELEASES
        return float(self["weights"] @ self["releases"][row])

    def freshness(self, at_ns: int) -> float:
        """Halves every five days without a release."""
        row = (int(self["released"][0]) - 1) % RELEASES
        return float(0.5 ** ((at_ns - int(self["release_ns"][row])) / 1e9 / LIFE_S))
