"""The regime-gated ridge stack: how much of each agent's mean to believe, in each regime, as closed labels taught.

Standardised outcomes z are regressed on the agents' standardised means x. The weight of agent k in regime g is
1/K + common_k + delta_{g,k}: deviations from the equal mean are shrunk to nothing, those of a regime twice as
hard, so that gating must be earned. Only sums of products are kept, forgetting slowly; they are solved now and then.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np

from quant.remembering import Remembering
from quant.rolling import Floats

Z_MAX = 4.0
FRESH_LABELS, FRESH_SHARE = 4.0, 0.01
"""Solved anew after this many whole labels, and this share of those remembered: often at first, seldom later."""
PRIOR_COMMON = 2.0
PRIOR_REGIME = 4.0
"""Precisions of the prior, against labels of unit variance: a weight lies within about .7 of the equal one, and what a
regime changes of it within about .5. They do not grow with the data, so that enough of it overrules them."""


class Stacked(NamedTuple):
    """Mean of z and its standard error, (N,), NaN where no agent is alive; the agents' weights (K, N) behind it."""

    mean: Floats
    error: Floats
    weights: Floats


class RegimeStack(Remembering):
    """Ridge of z on [x, pi_1 x, .., pi_G x] around the equal mean of the agents alive.

    `half_life` is in whole labels of one instrument, that is in horizons. Laws: without labels the mean is the equal
    mean; an absent agent (NaN) adds nothing; scaling nothing: x and z are free of units; the order of instruments
    does not matter.
    """

    remembered: ClassVar[tuple[str, ...]] = ("gram", "moment", "residual", "coefficients", "covariance", "fresh")

    def __init__(self, n_agents: int, n_regimes: int = 3, half_life: float = 2000.0) -> None:
        if n_agents < 1 or n_regimes < 1:
            raise ValueError(f"stack of {n_agents} agents and {n_regimes} regimes, expected at least 1 of each")
        self._shape = (1 + n_regimes, n_agents)
        self._half_life = half_life
        size = (1 + n_regimes) * n_agents
        self.gram = np.zeros((size, size))
        self.moment = np.zeros(size)
        self.residual = np.array([1.0, 1.0])  # squared residuals and their weight
        self.coefficients = np.zeros(size)
        self._prior = np.diag(np.repeat([PRIOR_COMMON, *[PRIOR_REGIME] * n_regimes], n_agents))
        self.covariance = np.linalg.inv(self._prior)
        self.fresh = np.zeros(1)

    def mean(self, x: Floats, regimes: Floats, trust: Floats) -> Stacked:
        """Mean of z from x (K, N) under regime probabilities (G,).

        `trust` (K,) in [0, 1] multiplies weights that are positive: who has done harm is not followed, not even in a
        regime that is new, but may still be believed the other way round.
        """
        alive = np.isfinite(x)
        count = alive.sum(axis=0)
        clean = np.where(alive, x, 0.0)
        rows = _rows(clean, regimes)
        table = self.coefficients.reshape(self._shape)
        tilt = table[0] + regimes @ table[1:]
        weights = np.where(alive, 1.0 / np.maximum(count, 1) + tilt[:, None], 0.0)
        weights = np.where(weights > 0.0, weights * trust[:, None], weights)
        variance = np.einsum("ij,ij->j", rows, self.covariance @ rows) * self.residual[0] / self.residual[1]
        some = count > 0
        mean = (weights * clean).sum(axis=0)
        return Stacked(np.where(some, mean, np.nan), np.where(some, np.sqrt(variance), np.nan), weights)

    def update(self, x: Floats, regimes: Floats, z: Floats, uniqueness: float) -> None:
        """Closed labels of one instant: x (K, N) and regimes as they were said, z (N,), what one label is worth."""
        alive = np.isfinite(x)
        known = np.isfinite(z) & alive.any(axis=0)
        if not known.any():
            return
        clean = np.where(alive, x, 0.0)[:, known]
        equal = clean.sum(axis=0) / alive[:, known].sum(axis=0)
        rows, target = _rows(clean, regimes), np.clip(z[known], -Z_MAX, Z_MAX) - equal
        keep = 0.5 ** (uniqueness / self._half_life)
        left = target - self.coefficients @ rows
        self.gram = keep * self.gram + uniqueness * (rows @ rows.T)
        self.moment = keep * self.moment + uniqueness * (rows @ target)
        self.residual = keep * self.residual + uniqueness * np.array([left @ left, len(left)])
        self.fresh = self.fresh + uniqueness * len(left)
        if self.fresh[0] >= FRESH_LABELS + FRESH_SHARE * self.labels:
            self._solve()

    @property
    def labels(self) -> float:
        """Whole labels learned from, older ones counting less."""
        return float(self.residual[1]) - 1.0

    def weights(self) -> Floats:
        """Signed weight of every agent in each regime when it is certain and all are alive, (G, K)."""
        table = self.coefficients.reshape(self._shape)
        return np.asarray(1.0 / self._shape[1] + table[0] + table[1:])

    def _solve(self) -> None:
        self.covariance = np.asarray(np.linalg.inv(self.gram + self._prior), dtype=np.float64)
        self.coefficients = self.covariance @ self.moment
        self.fresh = np.zeros(1)


def _rows(x: Floats, regimes: Floats) -> Floats:
    """Regressors ((1 + G) K, N)."""
    return np.concatenate([x, *(share * x for share in regimes)])
