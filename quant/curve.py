"""From nine quantiles to mean, variance, expected shortfall and the chance of a rise, in closed form.

Between the levels the quantile function is linear in the normal score: q(tau) = a + b Phi^-1(tau). Beyond them it goes
on from the outermost quantile with `tail_slope` times the slope of the outermost segment. All moments are then
integrals of a + b z against the normal density; for the quantiles of a normal belief and slope 1 they are exact.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quant.quantiles import LEVELS
from quant.rolling import Floats
from quant.scores import normal_cdf

TAIL = 0.025
SLOPE_CALIBRATED = 1.25
SLOPE_CONSERVATIVE = 1.5
_NODES: Final = np.array([NormalDist().inv_cdf(level) for level in LEVELS.tolist()])
_LOW: Final = np.concatenate([[-np.inf], _NODES])
_HIGH: Final = np.concatenate([_NODES, [np.inf]])


class QuantileCurve:
    """The closed forms for one slope of the tails.

    Laws: shifting all quantiles shifts the mean, scaling scales it; turning the sign of a belief around exchanges the
    two shortfalls; the shortfall is at least the loss at its own level. NaN in a quantile gives NaN.
    """

    def __init__(self, tail_slope: float = SLOPE_CALIBRATED) -> None:
        if not (math.isfinite(tail_slope) and tail_slope > 0.0):
            raise ValueError(f"tail slope was {tail_slope}, expected a finite number above 0")
        self._offset, self._slope = _segments(tail_slope)
        self._whole = flat, lean, _ = _integrals(_LOW, _HIGH)
        self._mean = flat @ self._offset + lean @ self._slope
        edge = NormalDist().inv_cdf(TAIL)
        self._low = self._expected(_LOW, np.minimum(_HIGH, edge)) / TAIL
        self._high = self._expected(np.maximum(_LOW, -edge), _HIGH) / TAIL

    def _expected(self, low: Floats, high: Floats) -> Floats:
        inside = high > low
        flat, lean, _ = _integrals(np.where(inside, low, 0.0), np.where(inside, high, 0.0))
        return np.asarray((flat * inside) @ self._offset + (lean * inside) @ self._slope)

    def mean(self, quantiles: Floats) -> Floats:
        """Mean (N,) of quantiles (levels, N)."""
        return np.asarray(self._mean @ quantiles)

    def variance(self, quantiles: Floats) -> Floats:
        """Variance (N,), never negative."""
        centred = quantiles - self.mean(quantiles)
        a, b = self._offset @ centred, self._slope @ centred
        flat, lean, square = self._whole
        second = flat @ (a * a) + 2.0 * lean @ (a * b) + square @ (b * b)
        return np.maximum(second, 0.0)

    def shortfall_long(self, quantiles: Floats) -> Floats:
        """Mean loss (positive) of a long position in its worst 2.5 %, (N,)."""
        return np.asarray(-(self._low @ quantiles))

    def shortfall_short(self, quantiles: Floats) -> Floats:
        """The same of a short position, (N,)."""
        return np.asarray(self._high @ quantiles)

    def p_above(self, quantiles: Floats, threshold: float = 0.0) -> Floats:
        """Probability (N,) of an outcome above `threshold`; mass exactly there counts half."""
        segment = (quantiles <= threshold).sum(axis=0)
        other = (quantiles < threshold).sum(axis=0)
        above = 0.5 * (self._above(quantiles, threshold, segment) + self._above(quantiles, threshold, other))
        return np.where(np.isfinite(quantiles).all(axis=0), above, np.nan)

    def _above(self, quantiles: Floats, threshold: float, segment: NDArray[np.int64]) -> Floats:
        column = np.arange(quantiles.shape[1])
        a, b = (self._offset @ quantiles)[segment, column], (self._slope @ quantiles)[segment, column]
        steep = b > 0.0
        score = np.where(steep, (threshold - a) / np.where(steep, b, 1.0), np.where(segment == 0, -np.inf, np.inf))
        return np.asarray(1.0 - normal_cdf(np.clip(score, _LOW[segment], _HIGH[segment])))


def _segments(tail_slope: float) -> tuple[Floats, Floats]:
    """Matrices (segments, levels) that give offset a and slope b of each segment from the quantiles."""
    count = len(LEVELS)
    slope = np.zeros((count + 1, count))
    for j in range(count - 1):
        slope[j + 1, j], slope[j + 1, j + 1] = -1.0, 1.0
        slope[j + 1] /= _NODES[j + 1] - _NODES[j]
    slope[0], slope[-1] = tail_slope * slope[1], tail_slope * slope[-2]
    anchor = np.array([0, *range(count)])
    offset = np.eye(count)[anchor] - _NODES[anchor][:, None] * slope
    return offset, slope


def _integrals(low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    """Integrals of 1, z and z^2 against the normal density between `low` and `high`."""
    mass = normal_cdf(high) - normal_cdf(low)
    at_low, at_high = _density(low), _density(high)
    moment = np.where(np.isfinite(low), low, 0.0) * at_low - np.where(np.isfinite(high), high, 0.0) * at_high
    return mass, at_low - at_high, mass + moment


def _density(z: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))
