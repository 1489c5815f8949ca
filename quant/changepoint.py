"""How long ago the market last changed: Bayesian on-line change-point detection (Adams and MacKay 2007).

Observations of one run are normal with unknown mean and variance, so that the next one is Student-t; a run ends with a
constant hazard. What is observed should have a deviation near one: the prior says so.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from quant.rolling import Floats

HAZARD: Final = 1.0 / 200.0
RUN_MAX: Final = 300
FRESH_BARS: Final = 20
PRIOR_MEAN_WEIGHT, PRIOR_SHAPE, PRIOR_RATE = 1.0, 1.0, 1.0
"""Normal-Gamma prior of a run: the mean 0 counts as one observation, and so does a deviation near one."""


class RunState(NamedTuple):
    """Probability of each run length 0..RUN_MAX, and mean and rate of the posterior of each run."""

    p: Floats
    mean: Floats
    rate: Floats


class RunLength:
    """The distribution of the number of observations since the last change; O(RUN_MAX) a step.

    Runs of RUN_MAX and longer are one cell, which forgets exponentially. Laws: probabilities sum to 1; an observation
    that is not finite changes nothing; negating all observations changes nothing.
    """

    def __init__(self, hazard: float = HAZARD) -> None:
        if not 0.0 < hazard < 1.0:
            raise ValueError(f"hazard is {hazard}, expected above 0 and below 1")
        self._hazard = hazard
        run = np.arange(RUN_MAX + 1)
        self._weight = PRIOR_MEAN_WEIGHT + run
        self._shape = PRIOR_SHAPE + run / 2.0
        # Student-t with 2 a degrees: everything of its density that depends on the run length alone.
        log_gamma = np.array([math.lgamma(a + 0.5) - math.lgamma(a) for a in self._shape.tolist()])
        self._constant = log_gamma - 0.5 * np.log(2.0 * math.pi * (self._weight + 1.0) / self._weight)
        self._shrink = self._weight / (2.0 * (self._weight + 1.0))
        p = np.zeros(RUN_MAX + 1)
        p[0] = 1.0
        self._state = RunState(p, np.zeros(RUN_MAX + 1), np.full(RUN_MAX + 1, PRIOR_RATE))

    def update(self, x: float) -> None:
        """One observation."""
        if not math.isfinite(x):
            return
        p, mean, rate = self._state
        off = x - mean
        grown = rate + self._shrink * off * off
        # density = constant / sqrt(rate) * (1 + shrink off^2 / rate)^-(a + 1/2), and 1 + ... is grown / rate
        log_density = self._constant - 0.5 * np.log(rate) - (self._shape + 0.5) * np.log(grown / rate)
        seen = p * np.exp(log_density - log_density.max())
        moved = mean + off / (self._weight + 1.0)
        self._state = self._shifted(seen, moved, grown)

    def _shifted(self, seen: Floats, moved: Floats, grown: Floats) -> RunState:
        total = float(seen.sum())
        p, mean, rate = np.empty_like(seen), np.empty_like(seen), np.empty_like(seen)
        p[0], mean[0], rate[0] = self._hazard, 0.0, PRIOR_RATE
        p[1:] = (1.0 - self._hazard) * seen[:-1] / total
        mean[1:], rate[1:] = moved[:-1], grown[:-1]
        # The last cell is joined by those that stay in it; its rate is held to the weight its shape stands for.
        stays = (1.0 - self._hazard) * float(seen[-1]) / total
        joint = float(p[-1]) + stays
        share = stays / joint if joint > 0.0 else 0.0
        kept = float(grown[-1]) * float(self._shape[-1] / (self._shape[-1] + 0.5))
        p[-1] = joint
        mean[-1] += share * (float(moved[-1]) - float(mean[-1]))
        rate[-1] += share * (kept - float(rate[-1]))
        return RunState(p, mean, rate)

    @property
    def expected(self) -> float:
        """Expected number of observations since the last change; one of RUN_MAX stands for all longer ones."""
        return float(self._state.p @ np.arange(RUN_MAX + 1))

    @property
    def fresh(self) -> float:
        """Probability that it was fewer than FRESH_BARS ago."""
        return float(self._state.p[:FRESH_BARS].sum())

    def state(self) -> RunState:
        """Everything remembered."""
        return self._state

    def load(self, state: RunState) -> None:
        """Become what said `state`."""
        if {each.shape for each in state} != {(RUN_MAX + 1,)}:
            raise ValueError(f"state of shapes {[each.shape for each in state]}, expected ({RUN_MAX + 1},) each")
        self._state = RunState(*state)
