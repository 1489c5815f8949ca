"""What another policy would have earned, from a log that says with which probability each action was taken.

Inverse propensities, their self-normalised form (Swaminathan and Joachims 2015), and the doubly robust estimate, which
is right when either the propensities or the model of the reward are (Dudik, Langford and Li 2011). Rewards,
propensities of the logging policy and of the judged one are (n,), one row per action logged.

None of them says anything of an action that the logging policy could not have taken: the judged policy must be 0 there.
Rows of a market overlap, so intervals come from a bootstrap of circular blocks (Politis and Romano 1992).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats

Int64s = NDArray[np.int64]
ROUNDING = 1e-9


class Estimate(NamedTuple):
    """A mean reward per row, its standard error, and how many rows the weights are worth."""

    value: float
    error: float
    worth: float


class Log(NamedTuple):
    """One row per logged action, all (n,): its reward, its propensity under the logging and under the judged policy,
    a model's reward of it, and the model's expected reward of what the judged policy would do.
    """

    reward: Floats
    logged: Floats
    judged: Floats
    modelled: Floats
    expected: Floats


class Judgement(NamedTuple):
    """A mean reward per row with the bounds of its interval, and how many rows its weights are worth."""

    value: float
    low: float
    high: float
    worth: float


DRAWS = 2_000
LEVEL = 0.95
BLOCKS_MIN = 5
"""Of fewer blocks no interval is told: it would be as narrow as they are alike."""


def judge(log: Log, chance: np.random.Generator, *, block: int = 1) -> dict[str, Judgement]:
    """Every estimate by its name, with 95 % intervals over the same resamples of blocks of so many rows.

    `logged` is the plain mean of what was earned, `direct` what the model alone says of the judged policy. Laws:
    `snips` moves with a shift of all rewards, `ips` only if its weights average one; where both policies could only do
    one and the same thing, all but `direct` are the plain mean; with a model that is right, `dr` is `direct`. Bounds
    are NaN for fewer than BLOCKS_MIN blocks.

    Raises:
        ValueError: no row, a logged propensity outside (0, 1], a judged one outside [0, 1], or a block below 1.
    """
    weight = _weights(log.logged, log.judged)
    if block < 1 or not bool(((log.judged >= 0.0) & (log.judged <= 1.0 + ROUNDING)).all()):
        raise ValueError(f"blocks of {block} rows and judged propensities, expected at least 1, and 0 to 1")
    one = np.ones(len(weight))
    terms = {
        "logged": (log.reward, one),
        "ips": (weight * log.reward, one),
        "snips": (weight * log.reward, weight),
        "direct": (log.expected, one),
        "dr": (log.expected + weight * (log.reward - log.modelled), one),
    }
    starts = chance.integers(0, len(weight), (DRAWS, -(-len(weight) // block)))
    return {
        name: _judgement(above, below, starts, block, len(weight) if name in ("logged", "direct") else _worth(weight))
        for name, (above, below) in terms.items()
    }


def interval(rows: Floats, chance: np.random.Generator, *, block: int = 1) -> Judgement:
    """The mean of rows (n,) with its 95 % interval; `worth` is their number."""
    starts = chance.integers(0, len(rows), (DRAWS, -(-len(rows) // block)))
    return _judgement(rows, np.ones(len(rows)), starts, block, len(rows))


def inverse_propensity(reward: Floats, logged: Floats, judged: Floats) -> Estimate:
    """Mean of reward * judged / logged: without bias where everything the judged policy does could be logged.

    Raises:
        ValueError: a logged propensity that is not in (0, 1], or none at all.
    """
    weight = _weights(logged, judged)
    return _estimate(weight * reward, weight)


def self_normalised(reward: Floats, logged: Floats, judged: Floats) -> Estimate:
    """The same over the sum of the weights: a little bias for less noise."""
    weight = _weights(logged, judged)
    total = float(weight.sum())
    if not total > 0.0:
        return Estimate(math.nan, math.nan, 0.0)
    value = float(weight @ reward) / total
    error = math.sqrt(float((weight * (reward - value)) @ (weight * (reward - value)))) / total
    return Estimate(value, error, _worth(weight))


def doubly_robust(reward: Floats, logged: Floats, judged: Floats, modelled: Floats, expected: Floats) -> Estimate:
    """`modelled` (n,) is a model's reward of the action logged, `expected` (n,) of what the judged policy would do."""
    weight = _weights(logged, judged)
    return _estimate(expected + weight * (reward - modelled), weight)


def _weights(logged: Floats, judged: Floats) -> Floats:
    if not len(logged) or not bool(((logged > 0.0) & (logged <= 1.0)).all()):
        raise ValueError(f"{len(logged)} logged propensities, expected some, all above 0 and at most 1")
    return np.asarray(judged / logged)


def _judgement(above: Floats, below: Floats, starts: Int64s, block: int, worth: float) -> Judgement:
    """A ratio of sums and its percentile interval; resamples whose lower sum is 0 tell nothing."""
    total = float(below.sum())
    if not total > 0.0:
        return Judgement(math.nan, math.nan, math.nan, 0.0)
    value = float(above.sum()) / total
    if len(above) < BLOCKS_MIN * block:
        return Judgement(value, math.nan, math.nan, float(worth))
    upper, lower = _block_sums(above, starts, block), _block_sums(below, starts, block)
    told = upper[lower > 0.0] / lower[lower > 0.0]
    low, high = (
        np.quantile(told, (0.5 - 0.5 * LEVEL, 0.5 + 0.5 * LEVEL)).tolist() if len(told) else (math.nan, math.nan)
    )
    return Judgement(value, low, high, float(worth))


def _block_sums(rows: Floats, starts: Int64s, block: int) -> Floats:
    """Sums over resampled circular blocks, (draws,)."""
    around = np.concatenate((rows, rows[: block - 1]))
    total = np.concatenate(([0.0], np.cumsum(around)))
    return np.asarray((total[starts + block] - total[starts]).sum(axis=1))


def _estimate(rows: Floats, weight: Floats) -> Estimate:
    error = float(rows.std(ddof=1)) / math.sqrt(len(rows)) if len(rows) > 1 else math.inf
    return Estimate(float(rows.mean()), error, _worth(weight))


def _worth(weight: Floats) -> float:
    energy = float(weight @ weight)
    return float(weight.sum()) ** 2 / energy if energy > 0.0 else 0.0
