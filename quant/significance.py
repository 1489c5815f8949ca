"""Whether a difference of scores, a coverage or a track record is more than chance.

Labels of one date are one observation: their losses are averaged first, and the dates' correlation is allowed for up to
a stated lag (Newey and West 1987). Effective counts are labels over their overlap.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats


class Difference(NamedTuple):
    """Mean loss of the first less the second, its t, the two-sided p, and over how many dates."""

    mean: float
    t: float
    p: float
    dates: int


class Statistic(NamedTuple):
    """A test statistic and the probability of one at least as large by chance."""

    value: float
    p: float


def diebold_mariano(loss: Floats, reference: Floats, dates: NDArray[np.int64], lag: int) -> Difference:
    """Is `loss` (n,) smaller than `reference` (n,)? Negative t says yes (Diebold and Mariano 1995).

    Losses of equal `dates` are averaged, then the mean over dates is held against its HAC error with `lag` dates of
    correlation: at least the overlap of labels. NaN t where nothing differs or fewer than two dates are known.

    Raises:
        ValueError: a negative lag.
    """
    known = np.isfinite(loss) & np.isfinite(reference)
    each, index, counts = np.unique(dates[known], return_inverse=True, return_counts=True)
    if len(each) < 2:
        return Difference(math.nan, math.nan, math.nan, len(each))
    by_date = np.bincount(index, weights=(loss - reference)[known], minlength=len(each)) / counts
    mean = float(by_date.mean())
    error = math.sqrt(long_run_variance(by_date, lag) / len(each))
    t = mean / error if error > 0.0 else math.nan
    return Difference(mean, t, math.erfc(abs(t) / math.sqrt(2.0)), len(each))


def long_run_variance(series: Floats, lag: int) -> float:
    """Newey-West variance of the sum of a series (T,) per step, with Bartlett weights; never negative."""
    if lag < 0:
        raise ValueError(f"lag was {lag}, expected 0 or more")
    centred = series - series.mean()
    steps = len(centred)
    total = float(centred @ centred)
    for k in range(1, min(lag, steps - 1) + 1):
        total += 2.0 * (1.0 - k / (lag + 1.0)) * float(centred[k:] @ centred[:-k])
    return max(0.0, total / steps)


def binomial_band(level: float, labels: float, confidence: float = 0.99) -> tuple[float, float]:
    """Between which shares the hits of `labels` effective trials lie with that confidence, when `level` is true.

    (0, 1) for less than one label. Raises ValueError for a level or confidence outside 0 to 1.
    """
    if not (0.0 < level < 1.0 and 0.0 < confidence < 1.0):
        raise ValueError(f"level {level} and confidence {confidence}, expected both inside 0 to 1")
    trials = math.floor(labels)
    if trials < 1:
        return 0.0, 1.0
    outside = (1.0 - confidence) / 2.0
    return _binomial_quantile(outside, trials, level) / trials, _binomial_quantile(1 - outside, trials, level) / trials


def _binomial_quantile(p: float, trials: int, level: float) -> int:
    """The smallest number of hits whose distribution function reaches p."""
    from scipy.special import bdtr

    low, high = 0, trials
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if float(bdtr(middle, trials, level)) >= p else (middle + 1, high)
    return low


def kupiec(hits: NDArray[np.bool_], level: float) -> Statistic:
    """Likelihood ratio of "hits come at rate `level`" (Kupiec 1995), chi-squared with one degree of freedom."""
    n, x = len(hits), int(hits.sum())
    if n == 0 or not 0.0 < level < 1.0:
        raise ValueError(f"{n} trials at level {level}, expected at least one and a level inside 0 to 1")
    ratio = 2.0 * (_log_likelihood(x, n, x / n) - _log_likelihood(x, n, level))
    return Statistic(max(0.0, ratio), _chi2_tail(ratio, 1))


def christoffersen(hits: NDArray[np.bool_]) -> Statistic:
    """Likelihood ratio of "a hit says nothing of the next" (Christoffersen 1998), hits in the order of time.

    Statistic 0 and p 1 where there is nothing to tell: no hits, only hits, or fewer than two trials.
    """
    before, after = hits[:-1], hits[1:]
    calm, hit = int((~before).sum()), int(before.sum())
    calm_hit, hit_hit = int((~before & after).sum()), int((before & after).sum())
    if not calm or not hit:
        return Statistic(0.0, 1.0)
    together = _log_likelihood(calm_hit + hit_hit, calm + hit, (calm_hit + hit_hit) / (calm + hit))
    apart = _log_likelihood(calm_hit, calm, calm_hit / calm) + _log_likelihood(hit_hit, hit, hit_hit / hit)
    ratio = 2.0 * (apart - together)
    return Statistic(max(0.0, ratio), _chi2_tail(ratio, 1))


def _log_likelihood(x: int, n: int, p: float) -> float:
    hits = x * math.log(p) if x else 0.0
    return hits + ((n - x) * math.log(1.0 - p) if n - x else 0.0)


def uniform_chi2(shares: Floats, labels: float) -> Statistic:
    """Is a histogram (bins,) of shares over `labels` effective labels flat? Chi-squared with bins - 1 degrees."""
    bins = len(shares)
    statistic = labels * bins * float(((shares - 1.0 / bins) ** 2).sum())
    return Statistic(statistic, _chi2_tail(statistic, bins - 1))


def uniform_ks(values: Floats, labels: float | None = None) -> Statistic:
    """Are values uniform on [0, 1]? Kolmogorov-Smirnov distance, p by Stephens' (1970) finite-sample form.

    `labels` is how many independent values they are worth (None: all of them). NaN for no values.
    """
    from scipy.special import kolmogorov

    ordered = np.sort(values[np.isfinite(values)])
    n = len(ordered)
    if n == 0:
        return Statistic(math.nan, math.nan)
    steps = np.arange(1, n + 1) / n
    distance = float(max((steps - ordered).max(), (ordered - steps + 1.0 / n).max()))
    root = math.sqrt(n if labels is None else labels)
    return Statistic(distance, float(kolmogorov(distance * (root + 0.12 + 0.11 / root))))


def _chi2_tail(statistic: float, degrees: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(degrees, max(0.0, statistic)))


def deflated_sharpe(returns: Floats, trials: int, trials_sharpe_sd: float) -> float:
    """Probability that the Sharpe ratio of returns (n,) is above what the best of `trials` shows by luck.

    Bailey and Lopez de Prado (2014): `trials_sharpe_sd` is the deviation of the trials' Sharpe ratios (per period).

    Raises:
        ValueError: fewer than three returns, no trial, or returns that do not vary.
    """
    from scipy.special import ndtri

    n, deviation = len(returns), float(returns.std())
    if n < 3 or trials < 1 or not deviation > 0.0:
        raise ValueError(
            f"{n} returns of deviation {deviation} in {trials} trials, expected 3 or more that vary, and 1"
        )
    z = (returns - returns.mean()) / deviation
    sharpe = float(returns.mean()) / float(returns.std(ddof=1))
    best = 0.0
    if trials > 1:
        euler = 0.5772156649015329
        best = trials_sharpe_sd * float(
            (1.0 - euler) * ndtri(1.0 - 1.0 / trials) + euler * ndtri(1.0 - 1.0 / (trials * math.e))
        )
    skew, kurtosis = float((z**3).mean()), float((z**4).mean())
    error = math.sqrt(1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2)
    return 0.5 * math.erfc(-(sharpe - best) * math.sqrt(n - 1.0) / error / math.sqrt(2.0))


def overfitting_probability(scores: Floats, blocks: int = 10) -> float:
    """How often the best of N strategies in one half of time is below the median in the other half.

    Combinatorially symmetric cross-validation (Bailey, Borwein, Lopez de Prado and Zhu 2017) of period scores
    (periods, N), judged by their mean; `blocks` is even. .5 is pure luck.

    Raises:
        ValueError: an odd number of blocks, fewer periods than blocks, or fewer than two strategies.
    """
    periods, strategies = scores.shape
    if blocks % 2 or not 2 <= blocks <= periods or strategies < 2:
        raise ValueError(
            f"{periods} periods of {strategies} strategies in {blocks} blocks, expected even, fewer, and 2"
        )
    sums = np.stack([block.sum(axis=0) for block in np.array_split(scores, blocks)])
    counts = np.array([len(block) for block in np.array_split(scores, blocks)])
    worse = 0.0
    halves = list(combinations(range(blocks), blocks // 2))
    for half in halves:
        inside = np.zeros(blocks, dtype=np.bool_)
        inside[list(half)] = True
        best = int(np.argmax(sums[inside].sum(axis=0) / counts[inside].sum()))
        outside = sums[~inside].sum(axis=0)
        rank = float((outside < outside[best]).sum() + 0.5 * ((outside == outside[best]).sum() - 1) + 1.0)
        worse += rank / (strategies + 1.0) <= 0.5
    return worse / len(halves)
