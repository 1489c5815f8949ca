"""The pool: what K agents believe of N instruments, blended into one belief that knows how uncertain it is.

Weights by inverse variance, confidence and freshness, half shrunk to equal. Agents err together (their errors share
the noise of the market), so the pool's variance is *not* 1/sum(1/sigma_k^2): that formula assumes independence and
covers two fifths of outcomes at a nominal nine tenths. It is the harmonic mean of the variances, which is what
perfectly correlated errors give; measuring the correlation instead changes only the level, and recalibration knows
that better.
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


def pool(mu: Floats, sigma: Floats, confidence: Floats, said_s: Floats, age_s: Floats, wanted_s: float) -> Pool:
    """Blend beliefs (K, N) over `said_s` (K,), now `age_s` (K,) old, over `wanted_s`.

    An agent is alive on an instrument when mu is finite, sigma finite and positive, and it is not over age.
    w_k ~ confidence_k exp(-2 age_k/h_k) / sigma_k^2, then half of it equal. With s the harmonised deviations
    sigma^2 = 1/mean(1/s^2) + sum w (mu_k - mu)^2: the law of total variance.

    Laws: an agent that is off changes nothing; order of agents changes nothing; min mu <= mu <= max mu; without
    disagreement min sigma_k <= sigma <= max sigma_k; scaling mu and sigma scales the answer.
    """
    mean, deviation = harmonise(mu, sigma, said_s, wanted_s, age_s)
    freshness = np.exp(-2.0 * age_s / said_s)
    return pool_harmonised(mean, deviation, confidence, freshness)


def pool_harmonised(
    mean: Floats,
    deviation: Floats,
    confidence: Floats,
    freshness: Floats,
    trust: Floats | None = None,
) -> Pool:
    """`pool` of beliefs that are over one horizon already; `freshness` and `trust` are (K,) in [0, 1].

    Trust multiplies raw weight and equal share alike: an agent with none is heard only where nobody else speaks.
    """
    alive = np.isfinite(mean) & np.isfinite(deviation) & (deviation > 0.0)
    n_alive = alive.sum(axis=0)
    some = n_alive > 0
    believed = np.where(alive, 1.0 if trust is None else trust[:, None], 0.0)
    believed = np.where(believed.sum(axis=0) > 0.0, believed, alive)
    share = believed / np.where(some, believed.sum(axis=0), 1.0)
    m, s = np.where(alive, mean, 0.0), np.where(alive, deviation, 1.0)
    sure = np.where(alive, np.nan_to_num(confidence, nan=0.0), 0.0)
    weights = _weights(believed * sure * freshness[:, None] / (s * s), share)
    blended = (weights * m).sum(axis=0)
    disagreement = (weights * (m - blended) ** 2).sum(axis=0)
    precision = (share / (s * s)).sum(axis=0)
    variance = 1.0 / np.where(some, precision, 1.0)
    return Pool(
        np.where(some, blended, np.nan),
        np.where(some, np.sqrt(variance + disagreement), np.nan),
        weights,
        np.where(some, disagreement, np.nan),
        (weights * sure).sum(axis=0),
        n_alive,
    )


def _weights(raw: Floats, share: Floats) -> Floats:
    """Raw weights normalised and mixed with equal shares; equal where nobody has any raw weight."""
    total = raw.sum(axis=0)
    known = total > 0.0
    normal = np.where(known, raw / np.where(known, total, 1.0), share)
    return np.asarray((1.0 - EQUAL_SHARE) * normal + EQUAL_SHARE * share)
