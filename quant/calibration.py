"""What an agent has earned: how much its score foretells, and how true its deviation was, from closed labels only.

The coefficient is a ridge regression of the standardised outcome on the score, shrunk towards a prior the caller
gives. Labels that overlap in time are worth their uniqueness (Lopez de Prado 2018, chapter 4), and labels of one
instant that err together are worth less than their number: the design effect (Kish 1965) is measured and divided out.

The deviation factor keeps the mean of (y/sigma)^2 at one. It is learned against the *raw* deviation, that is against
the factor that was in force when the belief was said. A factor that is corrected by its own result oscillates when
labels come late, and one that may only halve or double cannot repair an agent three times too sure.
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
FACTOR_PRIOR_LABELS = 30.0
FACTOR_MIN, FACTOR_MAX = 0.1, 10.0
OUTCOME_MAX = 8.0
"""Standardised outcomes are cut there: one bad print must not undo what thousands of labels taught."""
FACTORS_MAX = 4096


class Worth(NamedTuple):
    """What a unit of score is worth in standard deviations, and the standard error of that."""

    coefficient: float
    error: float

    @property
    def confidence(self) -> float:
        """In [0, 1): the coefficient against its own error."""
        size = abs(self.coefficient)
        return size / (size + self.error)


class CalibrationState(NamedTuple):
    """Weighted sums of score x outcome, score^2 and their clustered square; of raw variance ratios; factors said.

    `factors` are (said from, factor) in the order said, back to the oldest belief that has no outcome yet.
    """

    score_outcome: float
    score_score: float
    clustered: float
    energy: float
    weight: float
    labels: float
    factors: tuple[tuple[int, float], ...]


class Calibration:
    """One agent's coefficient (information coefficient per unit of score) and deviation factor.

    `prior` is the coefficient before any label; `uniqueness` in (0, 1] is what one label is worth: the time between
    decisions over the horizon, at most 1. Laws: with no labels the coefficient is the prior and the factor 1; both
    stay within their bounds; labels without a sigma change nothing, those without a score leave the coefficient; a
    deviation that is c times too small (c in [0.1, 10]) ends up multiplied by c, however late labels come.
    """

    def __init__(self, prior: float, uniqueness: float) -> None:
        if not abs(prior) <= COEFFICIENT_MAX:
            raise ValueError(f"prior coefficient is {prior}, expected at most {COEFFICIENT_MAX} in size")
        if not 0.0 < uniqueness <= 1.0:
            raise ValueError(f"uniqueness is {uniqueness}, expected above 0 and at most 1")
        self._prior = prior
        self._uniqueness = uniqueness
        self._state = CalibrationState(0.0, 0.0, 0.0, FACTOR_PRIOR_LABELS, FACTOR_PRIOR_LABELS, 0.0, ())
        self._factors: list[tuple[int, float]] = []
        self._weigh()

    def _weigh(self) -> None:
        """What follows from the sums; asked for far more often than they change."""
        state, effect = self._state, self.design_effect
        information = state.score_score / effect + PRIOR_LABELS
        earned = (state.score_outcome / effect + PRIOR_LABELS * self._prior) / information
        self._worth = Worth(min(COEFFICIENT_MAX, max(-COEFFICIENT_MAX, earned)), 1.0 / math.sqrt(information))
        self._factor = min(FACTOR_MAX, max(FACTOR_MIN, math.sqrt(state.energy / state.weight)))

    @property
    def design_effect(self) -> float:
        """How many labels of one instant say what one would say alone; at least 1."""
        state = self._state
        return max(1.0, (state.clustered + PRIOR_LABELS) / (state.score_score + PRIOR_LABELS))

    @property
    def worth(self) -> Worth:
        """Posterior mean and deviation of the expected standardised outcome per unit of score."""
        return self._worth

    @property
    def coefficient(self) -> float:
        """Expected standardised outcome per unit of score."""
        return self.worth.coefficient

    @property
    def factor(self) -> float:
        """What the agent's deviation is multiplied by."""
        return self._factor

    @property
    def confidence(self) -> float:
        """In [0, 1): the coefficient against its own error."""
        return self.worth.confidence

    @property
    def labels(self) -> float:
        """Unique labels seen, in whole-label units, older ones counted in full."""
        return self._state.labels

    def say(self, at_ns: int) -> None:
        """A belief is said with the factor of now: remember which, until its outcome is known."""
        factor = self.factor
        if not self._factors or self._factors[-1][1] != factor:
            self._factors.append((at_ns, factor))
            del self._factors[:-FACTORS_MAX]

    def update(self, y: Floats, score: Floats, sigma: Floats, said_ns: int = 0) -> None:
        """Closed labels of one instant (N,): log return over the horizon, score and sigma as they were said.

        `said_ns` is when; a belief that was never announced by `say` is taken to be said with the factor of now.
        """
        known = np.isfinite(y) & np.isfinite(sigma) & (sigma > 0.0)
        weight = self._uniqueness * float(np.count_nonzero(known))
        if not weight:
            return
        z = np.clip(np.where(known, y, 0.0) / np.where(known, sigma, 1.0), -OUTCOME_MAX, OUTCOME_MAX)
        s = np.where(known & np.isfinite(score), score, 0.0)
        raw = float(z @ z) * self._said_with(said_ns) ** 2
        old, product = self._state, float(s @ z)
        fade = 0.5 ** (weight / COEFFICIENT_HALF_LIFE)
        keep = 0.5 ** (weight / FACTOR_HALF_LIFE)
        self._state = CalibrationState(
            fade * old.score_outcome + self._uniqueness * product,
            fade * old.score_score + self._uniqueness * float(s @ s),
            fade * old.clustered + self._uniqueness * product * product,
            keep * old.energy + self._uniqueness * raw,
            keep * old.weight + weight,
            old.labels + weight,
            (),
        )
        self._weigh()

    def _said_with(self, said_ns: int) -> float:
        """The factor of a belief said then; older ones are forgotten, because outcomes come in the order said."""
        factors = self._factors
        while len(factors) > 1 and factors[1][0] <= said_ns:
            del factors[0]
        return factors[0][1] if factors else self.factor

    def state(self) -> CalibrationState:
        """Everything remembered."""
        return self._state._replace(factors=tuple(self._factors))

    def load(self, state: CalibrationState) -> None:
        """Become what said `state`."""
        self._state = CalibrationState(*state)._replace(factors=())
        self._factors = [(at_ns, factor) for at_ns, factor in state.factors]
        self._weigh()
