"""What another policy would have earned, from a log that says with which probability each action was taken.

Inverse propensities, their self-normalised form, and the doubly robust estimate, which is right when either the
propensities or the model of the reward are (Dudik, Langford and Li 2011). Rewards, propensities of the logging policy
and of the judged one are (n,), one row per action logged.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quant.rolling import Floats


class Estimate(NamedTuple):
    """A mean reward per row, its standard error, and how many rows the weights are worth."""

    value: float
    error: float
    worth: float


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


def _estimate(rows: Floats, weight: Floats) -> Estimate:
    error = float(rows.std(ddof=1)) / math.sqrt(len(rows)) if len(rows) > 1 else math.inf
    return Estimate(float(rows.mean()), error, _worth(weight))


def _worth(weight: Floats) -> float:
    energy = float(weight @ weight)
    return float(weight.sum()) ** 2 / energy if energy > 0.0 else 0.0
