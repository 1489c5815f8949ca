"""How wide the outcome will be: a ridge regression of its logarithm on everything known about volatility.

ln |z| of closed labels (z in units of the reference deviation) is regressed on standardised inputs; the expected
logarithm moves the deviation: exp(coefficients . inputs). The logarithm keeps single outcomes from ruling the fit, and
a constant is fitted but never applied, because recalibration knows the level better. Compare the log-linear
realised-volatility regressions of Corsi (2009), here on the outcome itself.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from quant.remembering import Remembering
from quant.rolling import Floats

PRIOR_LABELS = 400.0
LOG_MIN, LOG_MAX = -3.0, 2.0
INPUT_MAX = 4.0
FACTOR_LOG_MAX = 0.8
INPUT_HALF_LIFE = 4000.0
VARIANCE_MIN = 1e-8
FRESH_LABELS, FRESH_SHARE = 4.0, 0.01
"""Solved anew after this many whole labels, and this share of those remembered: often at first, seldom later."""


class ScaleStack(Remembering):
    """Factor on the reference deviation from inputs (M, N); an input that is absent (NaN) is taken as average.

    `half_life` is in horizons. Laws: without labels the factor is 1; it stays within exp(-.8) and exp(.8); inputs may
    be shifted and scaled without changing the answer; the order of instruments does not matter.
    """

    remembered: ClassVar[tuple[str, ...]] = ("seen", "average", "variance", "gram", "moment", "coefficients", "fresh")

    def __init__(self, n_inputs: int, half_life: float = 1000.0) -> None:
        if n_inputs < 1:
            raise ValueError(f"scale stack of {n_inputs} inputs, expected at least 1")
        self._half_life = half_life
        self.seen, self.average, self.variance = np.zeros(n_inputs), np.zeros(n_inputs), np.ones(n_inputs)
        self.gram = np.zeros((n_inputs + 1, n_inputs + 1))
        self.moment = np.zeros(n_inputs + 1)
        self.coefficients = np.zeros(n_inputs)
        self.fresh = np.zeros(1)

    def factor(self, inputs: Floats) -> Floats:
        """What the reference deviation of each instrument (N,) is multiplied by."""
        return np.asarray(np.exp(np.clip(self.coefficients @ self._standard(inputs), -FACTOR_LOG_MAX, FACTOR_LOG_MAX)))

    def update(self, inputs: Floats, error: Floats, uniqueness: float) -> None:
        """Closed labels of one instant: inputs (M, N) as they were, error (N,) in units of the reference deviation."""
        known = np.isfinite(error)
        if not known.any():
            return
        said = inputs[:, known]
        self._observe(said, uniqueness)
        rows = np.concatenate([np.ones((1, said.shape[1])), self._standard(said)])
        size = np.maximum(np.abs(error[known]), np.finfo(np.float64).tiny)
        target = np.clip(np.log(size), LOG_MIN, LOG_MAX)
        keep = 0.5 ** (uniqueness / self._half_life)
        self.gram = keep * self.gram + uniqueness * (rows @ rows.T)
        self.moment = keep * self.moment + uniqueness * (rows @ target)
        self.fresh = self.fresh + uniqueness * len(target)
        if self.fresh[0] >= FRESH_LABELS + FRESH_SHARE * self.gram[0, 0]:
            self._solve()

    def _observe(self, inputs: Floats, uniqueness: float) -> None:
        present = np.isfinite(inputs)
        count = present.sum(axis=1)
        weight = uniqueness * count
        self.seen = np.where(count > 0, 0.5 ** (weight / INPUT_HALF_LIFE), 1.0) * self.seen + weight
        step = np.where(count > 0, weight / np.maximum(self.seen, np.finfo(np.float64).tiny), 0.0)
        centre = np.where(present, inputs, 0.0).sum(axis=1) / np.maximum(count, 1)
        self.average = self.average + step * (centre - self.average)
        apart = np.where(present, inputs - self.average[:, None], 0.0)
        self.variance = self.variance + step * ((apart * apart).sum(axis=1) / np.maximum(count, 1) - self.variance)

    def _standard(self, inputs: Floats) -> Floats:
        deviation = np.sqrt(np.maximum(self.variance, VARIANCE_MIN))
        scaled = (inputs - self.average[:, None]) / deviation[:, None]
        return np.where(np.isfinite(inputs), np.clip(scaled, -INPUT_MAX, INPUT_MAX), 0.0)

    def _solve(self) -> None:
        ridge = np.full(len(self.gram), PRIOR_LABELS)
        ridge[0] = 1e-6
        solved = np.linalg.solve(self.gram + np.diag(ridge), self.moment)
        self.coefficients = np.asarray(solved[1:], dtype=np.float64)
        self.fresh = np.zeros(1)
