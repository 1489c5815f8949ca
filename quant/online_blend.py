"""Bernstein online aggregation, level by level: which of a few quantile forecasts to believe, learned as labels close.

Second-order regrets with the learning rate of each expert (Wintenberger 2017), applied to each quantile level by
itself through the gradient of the pinball loss (Berrisch and Ziel 2023, "CRPS learning"). Experts must be calibrated
before they come here, and few: aggregation over raw agents is no better than equal weights.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from quant.quantiles import LEVELS
from quant.remembering import Remembering
from quant.rolling import Floats

FIXED_SHARE = 0.001
EQUAL_SHARE = 0.25


class OnlineBlend(Remembering):
    """Weights (levels, E) over E experts; `present` says which of them speak now.

    An expert that is absent has no weight and learns nothing; if all are, so has the blend none. Laws: weights are in
    [0, 1] and sum to one over the present; equal experts keep equal weights; a constant added to all forecasts and to
    the outcome changes nothing.
    """

    remembered: ClassVar[tuple[str, ...]] = ("regret", "energy", "range")

    def __init__(self, n_experts: int, *, equal_share: float = EQUAL_SHARE) -> None:
        if n_experts < 1:
            raise ValueError(f"a blend of {n_experts} experts, expected at least 1")
        shape = (len(LEVELS), n_experts)
        self._equal_share = equal_share
        self.regret, self.energy, self.range = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def weights(self, present: Floats) -> Floats:
        """Weights (levels, E) for experts of which `present` (E,) is 1 (or 0)."""
        count = float(present.sum())
        if not count:
            return np.zeros_like(self.regret)
        rate = self._rates()
        exponent = rate * self.regret + np.log(rate)
        raw = present * np.exp(exponent - np.where(present > 0, exponent, -np.inf).max(axis=1, keepdims=True))
        mixed = (1.0 - FIXED_SHARE) * raw / raw.sum(axis=1, keepdims=True) + FIXED_SHARE * present / count
        return np.asarray((1.0 - self._equal_share) * mixed + self._equal_share * present / count)

    def update(self, experts: Floats, weights: Floats, z: Floats) -> None:
        """Closed labels of one instant: forecasts (E, levels, N) and the weights (levels, E) they were blended by."""
        present = weights[0] > 0.0
        used = np.where(present[:, None, None], experts, 0.0)
        known = np.isfinite(z) & np.isfinite(used).all(axis=(0, 1))
        if not known.any() or not present.any():
            return
        q = used[:, :, known]
        blended = np.einsum("le,eln->ln", weights, q)
        gradient = (z[known] < blended) - LEVELS[:, None]
        gain = np.where(present, (gradient * (blended - q)).mean(axis=2).T, 0.0)
        self.range = np.maximum(self.range, np.abs(gain))
        self.energy = self.energy + gain * gain
        self.regret = self.regret + gain * (1.0 - self._rates() * gain)

    def _rates(self) -> Floats:
        experts = self.regret.shape[1]
        tiny = np.finfo(np.float64).tiny
        bound = 0.5 / np.maximum(self.range, tiny)
        rate = np.minimum(bound, np.sqrt(math.log(max(experts, 2)) / np.maximum(self.energy, tiny)))
        return np.where(self.range > 0.0, rate, 1.0)
