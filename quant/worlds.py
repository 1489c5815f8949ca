"""Seeded worlds whose best belief is known: agents with skill by regime, a bad apple among them, or no skill at all.

Everything is in units of the reference deviation: at every instant K agents say means x of N instruments, the outcome
is z = sum_k beta[g, k] x_k + noise in the regime g of that instant, and the oracle knows beta and g. Used to see how
much of what could be learned is learned, and that nothing is where there is nothing.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.quantiles import LEVELS
from quant.rolling import Floats

Kind = Literal["skill", "broken", "dies", "overconfident", "noise"]
KINDS: Final[tuple[Kind, ...]] = ("skill", "broken", "dies", "overconfident", "noise")
NORMAL_SCORES: Final[Floats] = np.array([NormalDist().inv_cdf(level) for level in LEVELS.tolist()])
BAD_APPLE: Final = 0
"""The agent that is broken, dies or is overconfident."""
REGIMES: Final = 3
STAY: Final = 0.99
OVERCONFIDENT: Final = 3.0
BROKEN_SIZE: Final = 3.0
"""A broken agent shouts: its mean is this many times as large as that of an honest one, and of the wrong sign."""


class World(NamedTuple):
    """T instants: means, deviations and confidence (T, K, N), outcomes z (T, N), regime (T,) and its filtered (T, 3).

    `oracle` (T, N) is the mean of z given everything; the deviation around it is `noise`. NaN where an agent is dead.
    """

    mu: Floats
    sigma: Floats
    confidence: Floats
    z: Floats
    regime: NDArray[np.int64]
    filtered: Floats
    oracle: Floats
    noise: float

    def oracle_quantiles(self, instant: int) -> Floats:
        """Quantiles (levels, N) of z by who knows everything."""
        return np.asarray(self.oracle[instant] + self.noise * NORMAL_SCORES[:, None])


def make_world(
    kind: Kind,
    chance: np.random.Generator,
    *,
    instants: int,
    agents: int = 12,
    instruments: int = 20,
    r2: float = 0.02,
) -> World:
    """A world of that kind; `r2` is the share of the variance of z that the oracle explains, 0 of it in "noise".

    Agents' means are correlated by a common part. In each regime a third of the agents, others each time, has real
    skill, the rest has none.

    Raises:
        ValueError: an unknown kind; no agent, instrument or instant; r2 outside [0, 1).
    """
    if kind not in KINDS:
        raise ValueError(f"world {kind!r}, expected one of {', '.join(KINDS)}")
    if min(instants, agents, instruments) < 1 or not 0.0 <= r2 < 1.0:
        raise ValueError(f"world of {instants} x {agents} x {instruments}, r2 {r2}, expected 1 or more, r2 in [0, 1)")
    explained = 0.0 if kind == "noise" else r2
    regime = _regimes(chance, instants)
    beta = _skill(agents)
    x = _means(chance, instants, agents, instruments)
    signal = np.einsum("tk,tkn->tn", beta[regime], x)
    size = float(np.sqrt(explained) / signal.std()) if explained else 0.0
    oracle, noise = size * signal, float(np.sqrt(1.0 - explained))
    z = oracle + noise * chance.standard_normal(oracle.shape)
    mu = (size or 0.02) * x
    sigma = np.full(mu.shape, 1.0) * np.exp(0.1 * chance.standard_normal((1, agents, 1)))
    if kind == "broken":
        mu[:, BAD_APPLE] = -BROKEN_SIZE * oracle
    elif kind == "dies":
        mu[instants // 2 :, BAD_APPLE] = np.nan
    elif kind == "overconfident":
        sigma[:, BAD_APPLE] = 1.0 / OVERCONFIDENT
    confidence = np.where(np.isnan(mu), np.nan, 0.5)
    return World(mu, sigma, confidence, z, regime, _filtered(chance, regime), oracle, noise)


def _regimes(chance: np.random.Generator, instants: int) -> NDArray[np.int64]:
    moves = chance.random(instants) > STAY
    steps = np.where(moves, chance.integers(1, REGIMES, size=instants), 0)
    return np.asarray(np.cumsum(steps) % REGIMES, dtype=np.int64)


def _skill(agents: int) -> Floats:
    """Whose mean counts in which regime, (G, K)."""
    owner = np.arange(agents) % REGIMES
    return np.asarray((owner[None, :] == np.arange(REGIMES)[:, None]) | (agents < REGIMES), dtype=np.float64)


def _means(chance: np.random.Generator, instants: int, agents: int, instruments: int) -> Floats:
    common = chance.standard_normal((instants, 1, instruments))
    own = chance.standard_normal((instants, agents, instruments))
    return np.asarray(np.sqrt(0.2) * common + np.sqrt(0.8) * own)


def _filtered(chance: np.random.Generator, regime: NDArray[np.int64]) -> Floats:
    """What a filter would know of the regime: mostly right, never sure."""
    noisy = np.eye(REGIMES)[regime] * 4.0 + chance.standard_normal((len(regime), REGIMES))
    weight = np.exp(noisy - noisy.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))
