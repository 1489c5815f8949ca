"""Scores of forecasts saved from a history, computed apart from the scores the product keeps of itself.

Quantiles are (rows, levels, instruments) in units of return, labels and scales (rows, instruments). All labels of one
row are one observation: differences of loss are averaged over the instruments first, then tested with a HAC error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from quant import scores
from quant.quantiles import LEVELS
from quant.rolling import Floats
from quant.significance import Difference, binomial_band, diebold_mariano

PIT_BINS: Final = 20
CONFIDENCE_95: Final = 1.959963984540054


@dataclass(frozen=True)
class Ground:
    """What forecasts are held against: labels `y`, the scale that makes them comparable, which rows count.

    `lag` is how many rows of correlation the tests allow for, `horizon_bars` how many labels overlap.
    """

    y: Floats
    scale: Floats
    counted: np.ndarray
    lag: int
    horizon_bars: int

    @property
    def z(self) -> Floats:
        """Labels in units of the scale, NaN in rows that do not count."""
        return np.where(self.counted[:, None], self.y / self.scale, np.nan)


@dataclass(frozen=True)
class Losses:
    """Pinball loss of every label, mean over the levels, (rows, instruments): in units of the scale, and of return."""

    z: Floats
    returns: Floats


@dataclass(frozen=True)
class Versus:
    """Share of a reference's loss saved, where both have said something: with its 95 % half-width, and the test."""

    skill: float
    half_width: float
    skill_returns: float
    dm_t: float
    dm_p: float


@dataclass(frozen=True)
class Score:
    """How good one author's forecasts were; `labels` of them, `answered` the share of the labels there were.

    `calibration` (levels,) is the share of outcomes at or below each quantile less its level; `pit` (bins,) the shares
    of the probability integral transform; `ic` the correlation of median and outcome in units of the scale; `crossings`
    how many forecasts had a quantile below the one before.
    """

    author: str
    labels: int
    answered: float
    pinball: float
    pinball_z: float
    coverage: tuple[float, float, float]
    coverage_90_band: tuple[float, float]
    calibration: tuple[float, ...]
    pit: tuple[float, ...]
    ic: float
    crossings: int

    @property
    def calibration_error_max(self) -> float:
        """The largest calibration error of any level, without its sign."""
        return max((abs(error) for error in self.calibration), default=math.nan)


def losses(quantiles: Floats, ground: Ground) -> Losses:
    """Loss of every label that counts; NaN where nothing was said or nothing is known."""
    y = np.where(ground.counted[:, None], ground.y, np.nan)[:, None, :]
    error = y - quantiles
    tau = LEVELS[:, None]
    each = np.maximum(tau * error, (tau - 1.0) * error).mean(axis=1)
    return Losses(each / ground.scale, np.where(np.isfinite(ground.scale), each, np.nan))


def score(author: str, quantiles: Floats, ground: Ground) -> Score:
    """The scores of one author alone."""
    lost = losses(quantiles, ground)
    known = np.isfinite(lost.z)
    there = np.isfinite(ground.z)
    flat = np.moveaxis(quantiles, 1, 0)[:, known]
    y, labels = ground.y[known], int(known.sum())
    if not labels:
        nothing = tuple(math.nan for _ in LEVELS)
        empty = (math.nan, math.nan, math.nan)
        return Score(author, 0, 0.0, math.nan, math.nan, empty, (0.0, 1.0), nothing, (), math.nan, 0)
    inside = scores.coverage(flat, y)
    middle = flat[len(LEVELS) // 2]
    return Score(
        author=author,
        labels=labels,
        answered=labels / int(there.sum()),
        pinball=float(lost.returns[known].mean()),
        pinball_z=float(lost.z[known].mean()),
        coverage=(float(inside[0]), float(inside[1]), float(inside[2])),
        coverage_90_band=binomial_band(0.9, labels / ground.horizon_bars / _clones(ground)),
        calibration=tuple(scores.calibration_error(flat, y).tolist()),
        pit=_histogram(scores.pit(flat, y)),
        ic=scores.information_coefficient(middle / ground.scale[known], y / ground.scale[known]),
        crossings=int((np.diff(flat, axis=0) < 0.0).any(axis=0).sum()),
    )


def versus(said: Losses, reference: Losses, ground: Ground) -> Versus:
    """One author against another on the labels both have answered."""
    dates = np.repeat(np.arange(len(ground.y)), ground.y.shape[1])
    test: Difference = diebold_mariano(said.z.ravel(), reference.z.ravel(), dates, ground.lag)
    both = np.isfinite(said.z) & np.isfinite(reference.z)
    base = float(reference.z[both].mean()) if both.any() else math.nan
    half = CONFIDENCE_95 * abs(test.mean / test.t) / base if test.t else math.nan
    return Versus(
        skill=scores.skill(said.z, reference.z),
        half_width=half,
        skill_returns=scores.skill(said.returns, reference.returns),
        dm_t=test.t,
        dm_p=test.p,
    )


def skill_over_time(said: Losses, reference: Losses, points: int = 120) -> tuple[Floats, Floats]:
    """Share of the reference's loss saved up to each of some rows: rows (points,) and skills (points,)."""
    both = np.isfinite(said.z) & np.isfinite(reference.z)
    saved = np.cumsum(np.where(both, reference.z - said.z, 0.0).sum(axis=1))
    base = np.cumsum(np.where(both, reference.z, 0.0).sum(axis=1))
    rows = np.flatnonzero(base > 0.0)
    if not rows.size:
        return np.array([]), np.array([])
    picked = rows[np.unique(np.linspace(0, len(rows) - 1, min(points, len(rows))).astype(np.int64))]
    return picked.astype(np.float64), saved[picked] / base[picked]


def _histogram(pits: Floats) -> tuple[float, ...]:
    counts, _ = np.histogram(pits, bins=PIT_BINS, range=(0.0, 1.0))
    return tuple((counts / max(1, counts.sum())).tolist())


def _clones(ground: Ground) -> float:
    """How many instruments say the same: n / (1 + (n - 1) rho) independent ones, by the mean correlation of labels."""
    z = ground.z[np.isfinite(ground.z).all(axis=1)]
    width = ground.y.shape[1]
    if width == 1 or len(z) < 3:
        return 1.0
    correlation = np.corrcoef(z, rowvar=False)
    rho = max(0.0, float((correlation.sum() - width) / (width * (width - 1))))
    return float(1.0 + (width - 1) * rho)
