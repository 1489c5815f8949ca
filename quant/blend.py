"""The pool: what K agents believe of N instruments, blended into one belief that knows how uncertain it is.

Weights by inverse variance, confidence and freshness, half shrunk to equal. Agents err together (their errors share
the noise of the market), so the pool's variance is *not* 1/sum(1/sigma_k^2): that formula assumes independence and
covers two fifths of outcomes at a nominal nine tenths. It is the harmonic mean of the variances when errors are
perfectly correlated, times the share of it that the measured error correlation leaves (see `pool`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats

EQUAL_SHARE = 0.5


class Pool(NamedTuple):
    """Blended belief over the horizon asked for; columns are instruments, NaN where no agent is alive.

    `sigma` holds everything: error variance and the agents' disagreement (a variance, also given apart). `weights`
    is (agents, instruments), 0 for agents that are off, and sums to 1 where `n_alive` is not 0. `confidence` is the
    weighted confidence of the agents, 0 where none is alive.
    """

    mu: Floats
    sigma: Floats
    weights: Floats
    disagreement: Floats
    confidence: Floats
    n_alive: NDArray[np.int64]


def harmonise(mu: Floats, sigma: Floats, said_s: Floats, wanted_s: float, age_s: Floats) -> tuple[Floats, Floats]:
    """Beliefs (K, N) over `said_s` (K,), now `age_s` old, as beliefs over `wanted_s`.

    The mean grows with time up to the agent's own horizon and is flat after; the deviation grows with its square
    root, and by the time that has passed since it was said. An agent older than its own horizon is off: NaN.
    """
    off = (age_s > said_s)[:, None]
    mean = mu * np.minimum(1.0, wanted_s / said_s)[:, None]
    deviation = sigma * np.sqrt((1.0 + age_s / said_s) * (wanted_s / said_s))[:, None]
    return np.where(off, np.nan, mean), np.where(off, np.nan, deviation)


def pool(
    mu: Floats,
    sigma: Floats,
    confidence: Floats,
    said_s: Floats,
    age_s: Floats,
    wanted_s: float,
    error_correlation: Floats,
) -> Pool:
    """Blend beliefs (K, N); `said_s`, `age_s` are (K,), `error_correlation` is (K, K) in [0, 1].

    An agent is alive on an instrument when mu is finite, sigma finite and positive, and it is not over age.
    w_k ~ confidence_k exp(-2 age_k/h_k) / sigma_k^2, then half of it equal. With s the harmonised deviations and
    S_ij = rho_ij s_i s_j:  sigma_pool^2 = [1/mean(1/s^2)] * (w'Sw) / (w's)^2, so that rho = 1 gives the harmonic mean
    of the variances exactly, and equal independent agents give s^2/K.  sigma^2 = sigma_pool^2 + sum w (mu_k - mu)^2.

    Laws: an agent that is off changes nothing; order of agents changes nothing; min mu <= mu <= max mu; the variance
    rises with every error correlation; with rho = 1, min sigma_k <= sigma_pool <= max sigma_k; scaling mu and sigma
    scales the answer.
    """
    mean, deviation = harmonise(mu, sigma, said_s, wanted_s, age_s)
    alive = np.isfinite(mean) & np.isfinite(deviation) & (deviation > 0.0)
    n_alive = alive.sum(axis=0)
    some = n_alive > 0
    share = np.where(alive, 1.0, 0.0) / np.maximum(n_alive, 1)
    m, s = np.where(alive, mean, 0.0), np.where(alive, deviation, 1.0)
    trust = np.where(alive, np.nan_to_num(confidence, nan=0.0), 0.0)
    weights = _weights(trust * np.exp(-2.0 * age_s / said_s)[:, None] / (s * s), share)
    blended = (weights * m).sum(axis=0)
    disagreement = (weights * (m - blended) ** 2).sum(axis=0)
    variance = _error_variance(weights, s, share, error_correlation)
    return Pool(
        np.where(some, blended, np.nan),
        np.where(some, np.sqrt(variance + disagreement), np.nan),
        weights,
        np.where(some, disagreement, np.nan),
        (weights * trust).sum(axis=0),
        n_alive,
    )


def _weights(raw: Floats, share: Floats) -> Floats:
    """Raw weights normalised and mixed with equal shares; equal where nobody has any raw weight."""
    total = raw.sum(axis=0)
    known = total > 0.0
    normal = np.where(known, raw / np.where(known, total, 1.0), share)
    return np.asarray((1.0 - EQUAL_SHARE) * normal + EQUAL_SHARE * share)


def _error_variance(weights: Floats, s: Floats, share: Floats, rho: Floats) -> Floats:
    lean = weights * s
    harmonic = 1.0 / np.maximum((share / (s * s)).sum(axis=0), np.finfo(np.float64).tiny)
    together = lean.sum(axis=0) ** 2
    correlated = (lean * (rho @ lean)).sum(axis=0)
    return np.asarray(harmonic * correlated / np.where(together > 0.0, together, 1.0))


class ErrorCorrelationState(NamedTuple):
    """Exponentially weighted sums over closed labels, each (K, K), and how much weight they carry."""

    products: Floats
    energy: Floats
    instants: Floats


class ErrorCorrelation:
    """How alike K agents err, from standardised errors (y - mu_k)/sigma_k of closed labels.

    All instruments of one instant are one observation (they are not independent). The estimate is shrunk towards 1
    with the weight of `prior_instants` instants, is never below what was measured, and never negative: before
    anything is known agents are taken to err as one, which is the cautious side.
    """

    def __init__(self, n_agents: int, half_life: float = 500.0, prior_instants: float = 200.0) -> None:
        self._decay = 0.5 ** (1.0 / half_life)
        self._prior_instants = prior_instants
        zeros = np.zeros((n_agents, n_agents))
        self._state = ErrorCorrelationState(zeros, zeros, zeros)

    def update(self, errors: Floats) -> None:
        """One instant of standardised errors (K, N); NaN where the agent said nothing or no label closed."""
        present = ~np.isnan(errors)
        e, p = np.where(present, errors, 0.0), present.astype(np.float64)
        pairs = p @ p.T
        seen = np.maximum(pairs, 1.0)
        old, decay = self._state, np.where(pairs > 0.0, self._decay, 1.0)
        self._state = ErrorCorrelationState(
            decay * old.products + (e @ e.T) / seen,
            decay * old.energy + ((e * e) @ p.T) / seen,
            decay * old.instants + (pairs > 0.0),
        )

    def matrix(self) -> Floats:
        """Correlation (K, K) to pool with: in [0, 1], ones on the diagonal."""
        products, energy, instants = self._state
        scale = np.sqrt(energy * energy.T)
        known = scale > 0.0
        measured = np.where(known, products / np.where(known, scale, 1.0), 1.0)
        bounded = np.clip(measured, 0.0, 1.0)
        shrunk = (instants * bounded + self._prior_instants) / (instants + self._prior_instants)
        np.fill_diagonal(shrunk, 1.0)
        return np.asarray(shrunk)

    def state(self) -> ErrorCorrelationState:
        """Everything remembered, as copies."""
        return ErrorCorrelationState(*(array.copy() for array in self._state))

    def load(self, state: ErrorCorrelationState) -> None:
        """Become what said `state`."""
        if state.products.shape != self._state.products.shape:
            raise ValueError(f"state of {len(state.products)} agents, expected {len(self._state.products)}")
        self._state = ErrorCorrelationState(*(array.copy() for array in state))
