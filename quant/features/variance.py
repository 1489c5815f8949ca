"""Group C: how much the price moves, on closed bars; everything per bar, in log returns.

Long windows leave absent returns out (three quarters must be there); short ones are NaN where one is absent.
"""

from __future__ import annotations

import numpy as np

from quant.features.kernels import (
    FLAT,
    PRESENT_SHARE_MIN,
    SETTLED,
    dot,
    latest,
    log_ratio,
    mean,
    mean_present,
    mean_square,
    realised,
)
from quant.features.registry import Feature, of_bars
from quant.features.sliding import extremes, squares, worst_mean
from quant.rolling import Floats, ewma
from quant.volatility import RETURNS_MIN, deviation

SHORT_DECAY = 0.94
VOLVOL_MIN = 60
DRIFT_SHARE = 0.01


def realised_present(square: Floats, count: Floats, rows: int) -> Floats:
    """Root mean square of the returns present."""
    return np.asarray(np.sqrt(square / np.where(count >= PRESENT_SHARE_MIN * rows, count, np.nan)))


def root_mean(r2: Floats) -> Floats:
    return np.asarray(np.sqrt(mean_present(r2)))


def variance_94(r2: Floats) -> tuple[Floats]:
    """EWMA variance of one bar; absent returns are left out."""
    return (ewma(r2, SHORT_DECAY, RETURNS_MIN),)


def ewma94(variance: Floats) -> Floats:
    return deviation(variance)


def parkinson(mean: Floats) -> Floats:
    return np.asarray(np.sqrt(mean / (4.0 * np.log(2.0))))


def garman_klass(mean: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(mean, 0.0)))


def jumps(r: Floats) -> tuple[Floats, Floats]:
    """Mean square, and the mean product of the sizes of neighbours: a single jump is in the first alone."""
    size, n = np.abs(r), r.shape[-1]
    return np.asarray(dot(r, r) / n), np.asarray(dot(size[..., 1:], size[..., :-1]) / (n - 1))


def bipower(square: Floats, neighbours: Floats) -> Floats:
    return np.asarray(np.sqrt(0.5 * np.pi * neighbours))


def jump_share(square: Floats, neighbours: Floats) -> Floats:
    total = np.where(square > FLAT * FLAT, square, np.nan)
    return np.maximum(0.0, 1.0 - 0.5 * np.pi * neighbours / total)


def falls(r: Floats) -> tuple[Floats, Floats]:
    """Sum of the squares of the falls, and of all returns."""
    fall = np.minimum(r, 0.0)
    return dot(fall, fall), dot(r, r)


def down_share(fallen: Floats, total: Floats) -> Floats:
    return np.asarray(fallen / np.where(total > FLAT * FLAT, total, np.nan))


def variance_present(x: Floats) -> tuple[Floats]:
    """Of those present, VOLVOL_MIN at least."""
    return variance_or_present(x, np.asarray(x.sum(axis=-1)), dot(x, x))


def variance_or_present(x: Floats, total: Floats, square: Floats) -> tuple[Floats]:
    """The same where the sums over the whole window are known already, NaN where one is absent."""
    mean = total / x.shape[-1]
    variance = square / x.shape[-1] - mean * mean
    variance = np.where(variance <= FLAT * mean * mean, 0.0, variance)  # NaN stays NaN
    gapped = np.isnan(variance)
    if gapped.any():
        variance[gapped] = _variance_of_present(x[gapped])
    return (variance,)


def _variance_of_present(x: Floats) -> Floats:
    known = ~np.isnan(x)
    count = np.where(known.sum(axis=-1) >= VOLVOL_MIN, known.sum(axis=-1), np.nan)
    mean = np.where(known, x, 0.0).sum(axis=-1) / count
    offset = np.where(known, x - mean[..., None], 0.0)
    return np.asarray(dot(offset, offset) / count)


def central(r: Floats) -> tuple[Floats, Floats, Floats]:
    """Second, third and fourth moments around the mean."""
    square = r * r
    return central_of(r, r.sum(axis=-1), dot(r, r), dot(square, r), dot(square, square))


def central_of(r: Floats, *powers: Floats) -> tuple[Floats, Floats, Floats]:
    """The same from the sums of r, r^2, r^3 and r^4."""
    n = r.shape[-1]
    mean, two, three, four = (power / n for power in powers)
    of_mean = mean * mean
    second = two - of_mean
    third = three - mean * (3.0 * two - 2.0 * of_mean)
    fourth = four - mean * (4.0 * three - mean * (6.0 * two - 3.0 * of_mean))
    steep = ~(second > DRIFT_SHARE * two)  # what is left beside such a drift is mostly rounding
    if steep.any():
        x = r[steep] - mean[steep][..., None]
        square = x * x
        second[steep], third[steep], fourth[steep] = dot(x, x) / n, dot(square, x) / n, dot(square, square) / n
    return second, third, fourth


def skewness(second: Floats, third: Floats, fourth: Floats) -> Floats:
    return np.asarray(third / np.where(second > FLAT * FLAT, second, np.nan) ** 1.5)


def excess_kurtosis(second: Floats, third: Floats, fourth: Floats) -> Floats:
    return np.asarray(fourth / np.where(second > FLAT * FLAT, second, np.nan) ** 2 - 3.0)


def drawdown(last: Floats, high: Floats, low: Floats, fall: Floats) -> Floats:
    """Largest fall from a high of the window, in log price; NaN where the last close is absent."""
    return np.where(np.isnan(last), np.nan, fall)


def tail_ratio(worst: Floats, sd: Floats) -> Floats:
    """Mean of the worst twentieth over the standard deviation around zero, positive."""
    return np.asarray(-worst / np.where(sd > FLAT, sd, np.nan))


def _rv(bars: int) -> Feature:
    return of_bars(
        f"rv_{bars}", f"sqrt(sum r^2 / {bars}), per bar", realised, bars, ("r",), bars + 1, reduce=mean_square
    )


VARIANCE = (
    *(_rv(bars) for bars in (15, 60, 240)),
    of_bars(
        "rv_1440",
        "sqrt(mean r^2) of 1440 bars, per bar",
        realised_present,
        1440,
        ("r",),
        1081,
        reduce=squares,
        params=(("rows", 1440),),
    ),
    Feature(
        "rv_7d",
        "sqrt(mean r^2) of 7 days, per bar, from hourly means",
        root_mean,
        168,
        126,
        "hour",
        ("r2",),
        "R1",
        rows_min=7,
    ),
    of_bars(
        "ewma94", "sqrt(sum .94^j r^2 / sum .94^j) over 120 bars, per bar", ewma94, 120, ("r2",), 21, reduce=variance_94
    ),
    of_bars(
        "har_pred_h", "sqrt of the forecast variance of the next horizon, per bar", latest, 1, ("har",), 21, rule="R9"
    ),
    of_bars("park_60", "sqrt(mean ln(high/low)^2 / (4 ln 2)), per bar", parkinson, 60, ("hl2",), 60, reduce=mean),
    of_bars(
        "gk_60",
        "sqrt(mean(.5 ln(H/L)^2 - (2 ln 2 - 1) ln(C/O)^2)), per bar",
        garman_klass,
        60,
        ("gk",),
        60,
        reduce=mean,
    ),
    of_bars("bv_60", "sqrt(pi/2 mean |r_i| |r_i-1|), per bar", bipower, 60, ("r",), 61, reduce=jumps),
    of_bars("jump_60", "max(0, RV - BV) / RV over 60 bars", jump_share, 60, ("r",), 61, reduce=jumps),
    of_bars("semivar_60", "sum r^2 1{r < 0} / sum r^2 over 60 bars", down_share, 60, ("r",), 61, reduce=falls),
    of_bars(
        "volvol_240", "sd of ln rv_15 over 240 bars", realised, 240, ("lrv",), 15 + VOLVOL_MIN, reduce=variance_present
    ),
    of_bars("term", "ln(rv_60 / rv_1440)", log_ratio, 1, (), 1081, ("rv_60", "rv_1440")),
    of_bars("seas_hw", "sqrt of the hour-of-week variance factor, mean of the next horizon", latest, 1, ("seas",), 1),
    of_bars("atr_14", "Wilder 14 of the true range of log prices", latest, 1, ("atr",), SETTLED),
    of_bars("skew_240", "third standardised moment of r", skewness, 240, ("r",), 241, reduce=central),
    of_bars("kurt_240", "fourth standardised moment of r, minus 3", excess_kurtosis, 240, ("r",), 241, reduce=central),
    of_bars(
        "maxdd_1440", "largest fall from a high, log price, of 1440 bars", drawdown, 1440, ("c",), 1, reduce=extremes
    ),
    of_bars(
        "es_ratio_1440",
        "-(mean of the worst 5 % of r) / rv over 1440 bars",
        tail_ratio,
        1440,
        ("r",),
        1081,
        ("rv_1440",),
        reduce=worst_mean,
    ),
    of_bars("s_ref", "reference deviation of the next horizon, per bar", latest, 1, ("s_ref",), 21, rule="R1 R8 R9"),
)
