"""Scenarios for judging: the draws of the risk gate without its rout, and independent ones that must fail."""

from __future__ import annotations

import math

import numpy as np

from quant.rolling import Floats
from quant.scenarios import STRESS_SHARE, variates


def calm_variates(corr: Floats, rng: np.random.Generator, count: int) -> Floats:
    """Student-t variates (count, N) under a correlation, in antithetic pairs, none of them from the rout."""
    pairs = math.ceil(count / 2 / (1.0 - STRESS_SHARE)) + 1
    return variates(corr, rng, 2 * pairs)[:count]


def independent_variates(width: int, rng: np.random.Generator, count: int) -> Floats:
    """As many variates that know nothing of each other: not even how wild the day is."""
    return calm_variates(np.eye(1), rng, count * width).reshape(width, count).T
