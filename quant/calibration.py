"""What an agent has earned: how much its score foretells, and how true its deviation was, from closed labels only.

The coefficient is a ridge regression of the standardised outcome on the score, shrunk towards a prior the caller
gives; the deviation factor keeps the mean of (y/sigma)^2 at one. Labels that overlap in time are worth their
uniqueness (Lopez de Prado 2018, chapter 4), which also keeps the factor's feedback stable.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quant.rolling import Floats

COEFFICIENT_MAX = 0.1
"""More than this at horizons of minutes to days is a leak until proven otherwise."""
PRIOR_LABELS = 4000.0
COEFFICIENT_HALF_LIFE = 20_000.0
FACTOR_HALF_LIFE = 500.0
FACTOR_MIN, FACTOR_MAX = 0.5, 2.0


class CalibrationState(NamedTuple):
    """Weighted sums of score x outcome and score^2, the variance factor, and the weight of labels seen."""

    score_outcome: float
    score_score: float
    factor2: float
    labels: float


class Calibration:
    """One agent's coefficient (information coefficient per unit of score) and deviation factor.

    `prior` is the coefficient before any label; `uniqueness` in (0, 1] is what one label is worth: the time between
    decisions over the horizon, at most 1. Laws: with no labels the coefficient is the prior and the factor 1; both
    stay within their bounds; labels without a score or sigma change nothing.
    """

    def __init__(self, prior: float, uniqueness: float) -> None:
        if not abs(prior) <= COEFFICIENT_MAX:
            raise ValueError(f"prior coefficient is {prior}, expected at most {COEFFICIENT_MAX} in size")
        if not 0.0 < uniqueness <= 1.0:
            raise ValueError(f"uniqueness is {uniqueness}, expected above 0 and at most 1")
        self._prior = prior
        self._uniqueness = uniqueness
        self._state = CalibrationState(0.0, 0.0, 1.0, 0.0)

    @property
    def coefficient(self) -> float:
        """Expected standardised outcome per unit of score."""
        state = self._state
        earned = (state.score_outcome + PRIOR_LABELS * self._prior) / (state.score_score + PRIOR_LABELS)
        return min(COEFFICIENT_MAX, max(-COEFFICIENT_MAX, earned))

    @property
    def coefficient_error(self) -> float:
        """Posterior standard deviation of the coefficient."""
        return 1.0 / math.sqrt(self._state.score_score + PRIOR_LABELS)

    @property
    def factor(self) -> float:
        """What the agent's deviation is multiplied by."""
        return min(FACTOR_MAX, max(FACTOR_MIN, math.sqrt(self._state.factor2)))

    @property
    def confidence(self) -> float:
        """In [0, 1): the coefficient against its own error."""
        size = abs(self.coefficient)
        return size / (size + self.coefficient_error)

    @property
    def labels(self) -> float:
        """Unique labels seen, in whole-label units, older ones counted in full."""
        return self._state.labels

    def update(self, y: Floats, score: Floats, sigma: Floats) -> None:
        """Closed labels of one instant (N,): log return over the horizon, score and sigma as they were said."""
        said = np.isfinite(y) & np.isfinite(score) & np.isfinite(sigma) & (sigma > 0.0)
        weight = self._uniqueness * float(said.sum())
        if not weight:
            return
        z, s = y[said] / sigma[said], score[said]
        old = self._state
        fade = 0.5 ** (weight / COEFFICIENT_HALF_LIFE)
        keep = 0.5 ** (weight / FACTOR_HALF_LIFE)
        ratio = float(np.mean(z * z))
        factor2 = old.factor2 * (keep + (1.0 - keep) * ratio)
        self._state = CalibrationState(
            fade * old.score_outcome + self._uniqueness * float(s @ z),
            fade * old.score_score + self._uniqueness * float(s @ s),
            min(FACTOR_MAX**2, max(FACTOR_MIN**2, factor2)),
            old.labels + weight,
        )

    def state(self) -> CalibrationState:
        """Everything remembered."""
        return self._state

    def load(self, state: CalibrationState) -> None:
        """Become what said `state`."""
        self._state = CalibrationState(*state)
