"""What candidates are worth, learned from all of them: those that were not picked came true as well.

Forward returns do not depend on what we trade, so every candidate's net return is a label, and a Bayesian ridge on all
of them learns with a fraction of the regret of a bandit that hears only its own picks. What only a trade can tell is
how it fills: there beliefs are drawn from (Thompson 1933), a Beta for the chance of a fill, a Normal-Gamma for what it
cost beyond the spread.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from quant.quantiles import LEVELS
from quant.rolling import Floats

CLIP: Final = 4.0
"""Outcomes beyond so many deviations count as so many."""
INPUTS: Final = ("net edge", "constant", "cost", "skew")
PRIOR_MEAN: Final = (1.0, 0.0, 0.0, 0.0)
"""Before any label a candidate is worth its net edge."""
PRIOR_SD: Final = (0.5, 0.02, 0.1, 0.05)
DRAWS: Final = 256


def evidence(mu: Floats, sigma: Floats, cost: Floats, quantiles: Floats) -> Floats:
    """What a candidate's worth is read from, (N, inputs), all in deviations and in the direction of mu.

    Net edge (negative when the cost eats it), a constant, cost, skew of the 5 and 95 % quantiles; NaN where absent.
    """
    side = np.where(mu < 0.0, -1.0, 1.0)
    scale = np.where(sigma > 0.0, sigma, np.nan)
    low, middle, high = np.searchsorted(LEVELS, (0.05, 0.5, 0.95))
    skew = side * (quantiles[high] + quantiles[low] - 2.0 * quantiles[middle])
    return np.stack([(np.abs(mu) - cost) / scale, np.ones(len(mu)), cost / scale, skew / scale], axis=1)


class RidgeState(NamedTuple):
    """The precision and precision-weighted sums of what was seen, without the prior."""

    information: Floats
    weighted: Floats


class BayesianRidge:
    """theta ~ N(prior mean, prior sd^2) and y = x'theta + noise of deviation 1; what was seen fades with time.

    Laws: without labels the mean is the prior's; it does not depend on the order of labels of one instant; labels of
    which anything is absent change nothing.
    """

    def __init__(self, mean: Floats, sd: Floats, half_life_s: float) -> None:
        if not (half_life_s > 0.0 and bool((sd > 0.0).all())):
            raise ValueError(f"half-life {half_life_s} s and deviations {sd.tolist()}, expected all above 0")
        self._prior, self._precision = np.asarray(mean, dtype=np.float64), np.diag(1.0 / np.square(sd))
        self._half_life_s = half_life_s
        size = len(self._prior)
        self._state = RidgeState(np.zeros((size, size)), np.zeros(size))

    def update(self, x: Floats, y: Floats, weight: float = 1.0, elapsed_s: float = 0.0) -> None:
        """Labels (n, inputs), (n,) of one instant, `elapsed_s` after the last ones."""
        known = np.isfinite(x).all(axis=1) & np.isfinite(y)
        seen, came = x[known], np.clip(y[known], -CLIP, CLIP)
        keep = 0.5 ** (max(0.0, elapsed_s) / self._half_life_s)
        old = self._state
        self._state = RidgeState(
            keep * old.information + weight * (seen.T @ seen),
            keep * old.weighted + weight * (seen.T @ (came - seen @ self._prior)),
        )

    def mean(self) -> Floats:
        """Posterior mean of theta, (inputs,)."""
        off = np.linalg.solve(self._state.information + self._precision, self._state.weighted)
        return np.asarray(self._prior + off)

    def draw(self, chance: np.random.Generator) -> Floats:
        """One draw of theta from the posterior: for comparison, not for orders."""
        factor = np.linalg.cholesky(self._state.information + self._precision)
        return np.asarray(self.mean() + np.linalg.solve(factor.T, chance.standard_normal(len(self._prior))))

    def state(self) -> RidgeState:
        """Everything remembered."""
        return self._state

    def load(self, state: RidgeState) -> None:
        """Become what said `state`."""
        if np.shape(state[0]) != self._precision.shape or np.shape(state[1]) != self._prior.shape:
            raise ValueError(
                f"state of shapes {np.shape(state[0])}, {np.shape(state[1])} for {len(self._prior)} inputs"
            )
        self._state = RidgeState(*(np.array(each) for each in state))


class Odds(NamedTuple):
    """What is believed of executions of one kind: a Beta of fills, a Normal-Gamma of slippage in basis points."""

    filled: float = 20.0
    missed: float = 1.0
    mean_bps: float = 0.0
    weight: float = 10.0
    shape: float = 2.0
    rate: float = 4.0

    @property
    def fill(self) -> float:
        """Expected share that fills."""
        return self.filled / (self.filled + self.missed)

    def after_order(self, share: float) -> Odds:
        """An order of which that share was filled when it closed."""
        return self._replace(filled=self.filled + share, missed=self.missed + 1.0 - share)

    def after_fill(self, slippage_bps: float) -> Odds:
        """A fill that cost so much more than the touch (negative: less)."""
        off = slippage_bps - self.mean_bps
        return self._replace(
            mean_bps=self.mean_bps + off / (self.weight + 1.0),
            weight=self.weight + 1.0,
            shape=self.shape + 0.5,
            rate=self.rate + 0.5 * self.weight / (self.weight + 1.0) * off * off,
        )


def preferred(gains: Floats, shortfall_bps: Floats, odds: list[Odds], chance: np.random.Generator) -> Floats:
    """How often each of n candidates is the best when fills and slippage are drawn from what is believed, (n,).

    `gains` are at the expected fill and slippage; `shortfall_bps` turns slippage into quality. Sums to 1: drawing a
    candidate with these probabilities is Thompson sampling whose propensities are known.
    """
    alpha, beta, mean, weight, shape, rate = (np.array(each) for each in zip(*odds, strict=True))
    fills = chance.beta(alpha, beta, size=(DRAWS, len(gains)))
    precision = chance.gamma(shape, 1.0 / rate, size=(DRAWS, len(gains)))
    slip = mean + chance.standard_normal((DRAWS, len(gains))) / np.sqrt(weight * precision)
    worth = gains * fills * (alpha + beta) / alpha - (slip - mean) / shortfall_bps
    best = np.bincount(worth.argmax(axis=1), minlength=len(gains))
    return np.asarray(best / DRAWS)


def spread_bucket(spread_bps: float) -> int:
    """Which kind of spread: 0 below 1 bp, then doubling; -1 when it is not known."""
    if not (math.isfinite(spread_bps) and spread_bps >= 0.0):
        return -1
    return 0 if spread_bps < 1.0 else min(8, 1 + int(math.log2(spread_bps)))
