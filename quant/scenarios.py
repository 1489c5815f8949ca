"""Scenarios of all instruments at once: a t copula over the margins that are believed, calm and in a rout.

Rows weigh the same and come in antithetic pairs (rows 2i and 2i + 1). The variates are those of a multivariate Student
t with NU degrees of freedom (Demarta and McNeil 2005); the margin of an instrument is its own believed quantile curve,
linear in the normal score, or the same t where nothing is believed.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from quant.rolling import Floats
from quant.similarity import repair_psd

NU = 6.0
UNIT_T = math.sqrt((NU - 2.0) / NU)
"""What makes the deviation of a t variate 1."""
STRESS_SHARE = 0.2
STRESS_CORRELATION = 0.8
VARIATE_MAX = 60.0
"""Beyond it a t variate counts as this one: one in a hundred million."""
DEVIATION_MIN = 0.05
"""A curve with less than this of the deviation it claims is no curve."""

_CELLS = 4096
_SCORE_MAX = 8.0


class Shapes(NamedTuple):
    """Quantile curves of unit deviation and mean 0: `values` (levels, N) at the normal scores `at` (levels,).

    A column of NaN has no curve. Beyond the outer levels a curve goes on with `tail_slope` times its outer slope.
    """

    at: Floats
    values: Floats
    tail_slope: float


def shapes_of(levels: Floats, quantiles: Floats, mu: Floats, sigma: Floats, tail_slope: float) -> Shapes:
    """The shapes of believed quantiles (levels, N) about their mean, in units of their deviation.

    A curve is never narrower than the sigma that was said with it. No curve (NaN): where a number is missing, sigma is
    not positive, quantiles fall, or they hardly differ. Raises ValueError for levels that do not rise within (0, 1) and
    for a tail slope below 1.
    """
    if tail_slope < 1.0:
        raise ValueError(f"tail slope is {tail_slope}, expected at least 1")
    if len(levels) < 2 or not (np.diff(levels) > 0.0).all() or not 0.0 < levels[0] < levels[-1] < 1.0:
        raise ValueError(f"levels are {levels.tolist()}, expected at least two that rise between 0 and 1")
    at = np.array([NormalDist().inv_cdf(level) for level in levels])
    positive = np.where(sigma > 0.0, sigma, np.nan)
    values = (quantiles - mu) / positive
    broken = ~np.isfinite(values).all(axis=0) | (np.diff(values, axis=0) < 0.0).any(axis=0)
    bare = Shapes(at, np.where(broken, 0.0, values), tail_slope)
    mean, deviation = _moments(bare)
    broken |= deviation < DEVIATION_MIN
    scaled = (bare.values - mean) / np.where(broken, 1.0, np.minimum(deviation, 1.0))
    return Shapes(at, np.where(broken, np.nan, scaled), tail_slope)


@cache
def unshaped(width: int) -> Shapes:
    """No curve for anything: every margin is the copula's own t. Read-only."""
    at, values = np.array([-1.0, 1.0]), np.full((2, width), np.nan)
    at.flags.writeable = values.flags.writeable = False
    return Shapes(at, values, 1.0)


def curve(shapes: Shapes, scores: Floats) -> Floats:
    """The curves (rows, N) at normal scores (rows, N); NaN in a column without one. Never falls with the score."""
    at, values = shapes.at, shapes.values
    slopes = np.diff(values, axis=0) / np.diff(at)[:, None]
    slopes = np.vstack((shapes.tail_slope * slopes[:1], slopes, shapes.tail_slope * slopes[-1:]))
    places = np.searchsorted(at, scores)
    nodes = np.maximum(places - 1, 0)
    columns = np.arange(values.shape[1])
    return np.asarray(values[nodes, columns] + slopes[places, columns] * (scores - at[nodes]))


def uncorrelated(rng: np.random.Generator, width: int, count: int) -> Floats:
    """Student-t variates (count / 2, N) under no correlation: a row shares how wild its day is, and nothing else.

    What `correlated` makes scenarios of. Law: the first columns are the same however many are drawn. Raises ValueError
    for an odd count, because rows come in pairs.
    """
    if count < 2 or count % 2:
        raise ValueError(f"count is {count}, expected an even number of at least 2 (rows come in pairs)")
    pairs = count // 2
    heavy = np.sqrt(NU / rng.chisquare(NU, pairs))
    return np.asarray((rng.standard_normal((width, pairs)) * heavy).T)


def correlated(corr: Floats, drawn: Floats, out: Floats | None = None) -> Floats:
    """Student-t variates (count, N) under a correlation, in antithetic pairs, of `uncorrelated` ones (count / 2, N).

    Laid out instrument by instrument, as all that is made of them is. The last STRESS_SHARE of the rows are under
    correlations of at least STRESS_CORRELATION. They are written to `out` (count, N) where it is given.
    """
    moves = drawn
    if len(corr) > 1:
        calm = len(drawn) - round(STRESS_SHARE * len(drawn))
        moves = np.empty(drawn.shape, order="F")
        np.matmul(_factor(corr), drawn[:calm].T, out=moves[:calm].T)
        np.matmul(_factor(stressed(corr)), drawn[calm:].T, out=moves[calm:].T)
    rows = np.empty((2 * len(drawn), len(corr)), order="F") if out is None else out
    rows[0::2] = moves
    np.negative(moves, out=rows[1::2])
    return rows


def variates(corr: Floats, rng: np.random.Generator, count: int) -> Floats:
    """`correlated` variates (count, N), newly drawn."""
    return correlated(corr, uncorrelated(rng, len(corr), count))


def log_returns(drawn: Floats, sigma: Floats, shapes: Shapes, out: Floats | None = None) -> Floats:
    """Log returns (rows, N) without drift, of deviation sigma (N,): t variates through the margins of the instruments.

    An expected gain buys no tail: the drift of a belief is left out. They are written to `out` where it is given, which
    may be `drawn` itself. Raises ValueError for a sigma that is not finite.
    """
    known = np.isfinite(sigma)
    if np.count_nonzero(known) < len(sigma):
        at = int(np.argmin(known))
        raise ValueError(f"sigma of instrument {at} is {sigma[at]}, expected a finite number")
    curved = None
    if shapes is not unshaped(len(sigma)) and (shaped := np.isfinite(shapes.values).all(axis=0)).any():
        kept = Shapes(shapes.at, shapes.values[:, shaped], shapes.tail_slope)
        curved = curve(kept, normal_scores(drawn[:, shaped])) * sigma[shaped]
    moves = np.multiply(drawn, UNIT_T * sigma, out=out)
    if curved is not None:
        moves[:, shaped] = curved
    return moves


def normal_scores(variate: Floats) -> Floats:
    """Phi^-1(T_6(x)), any shape: the normal score with the same probability as a t variate with NU degrees of freedom.

    Linear between 4,096 cells of arcsinh(x): within 1e-6 of the exact score. Odd and rising; bounded at VARIATE_MAX.
    """
    table = _score_table()
    place = np.arcsinh(np.minimum(np.abs(variate), VARIATE_MAX)) * (_CELLS / math.asinh(VARIATE_MAX))
    cell = np.minimum(place.astype(np.int64), _CELLS - 1)
    score = table[cell] + (place - cell) * (table[cell + 1] - table[cell])
    return np.asarray(np.copysign(score, variate))


@cache
def _score_table() -> Floats:
    ends = np.sinh(np.linspace(0.0, math.asinh(VARIATE_MAX), _CELLS + 1))
    return np.array([0.0, *(-NormalDist().inv_cdf(_t6_below(-end)) for end in ends[1:])])


def _t6_below(x: float) -> float:
    """T_6(x) in closed form, for x <= 0 without cancellation that matters (Abramowitz and Stegun 26.7.4)."""
    share = NU / (NU + x * x)
    return 0.5 + 0.5 * x / math.sqrt(NU + x * x) * (1.0 + 0.5 * share + 0.375 * share * share)


def stressed(corr: Floats) -> Floats:
    """Correlations as in a rout: every pair at least STRESS_CORRELATION; not always a correlation matrix any more."""
    raised = np.maximum(corr, STRESS_CORRELATION)
    np.fill_diagonal(raised, 1.0)
    return raised


def _factor(corr: Floats) -> Floats:
    """The lower factor; a matrix that has none is repaired first."""
    try:
        return np.asarray(np.linalg.cholesky(corr))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.cholesky(repair_psd(corr)))


@cache
def _normal_grid() -> tuple[Floats, Floats]:
    """Normal scores and their weights, for the moments of a curve."""
    scores = np.linspace(-_SCORE_MAX, _SCORE_MAX, 321)
    weights = np.exp(-0.5 * scores * scores)
    return scores, weights / weights.sum()


def _moments(shapes: Shapes) -> tuple[Floats, Floats]:
    scores, weights = _normal_grid()
    values = curve(shapes, np.broadcast_to(scores[:, None], (len(scores), shapes.values.shape[1])))
    mean = weights @ values
    return mean, np.sqrt(weights @ (values - mean) ** 2)
