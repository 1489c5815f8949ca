"""Group B: how far the price is from where it was, and whether it comes back, on closed bars.

All in log prices. Features are NaN where their window holds an absent value or nothing has moved, unless their kernel
says that absences are left out.
"""

from __future__ import annotations

import numpy as np

from quant.features.kernels import FLAT, SETTLED, dot, mean, mean_square, ratio, spread, zscore
from quant.features.registry import Feature, Reduce, of_bars
from quant.features.trend import over_atr
from quant.rolling import Floats, ewma_offset

OU_PRESENT_MIN = 60
OU_KEPT = 1.0 - 2.0 / 241.0
SLOPE_MIN = 1e-4
HALF_LIFE_MAX = 1e4
DRIFT_SHARE = 1e-6
"""Of what has moved; what is left beside the drift below that share is rounding."""
STEEP_SHARE = 0.01
"""Of what has moved; below that share what is left beside the drift is looked at by itself."""


def percent_b(mean: Floats, variance: Floats, last: Floats) -> Floats:
    """0 at the lower, 1 at the upper band of two standard deviations."""
    return 0.5 + 0.25 * zscore(mean, variance, last)


def paid(c: Floats, pv: Floats, v: Floats, atr: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Money and volume; absent bars count as without volume. Besides, the last log close and the last range."""
    return paid_or_present(c, pv, v, atr, pv.sum(axis=-1), v.sum(axis=-1))


def paid_or_present(
    c: Floats, pv: Floats, v: Floats, atr: Floats, money: Floats, volume: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """The same where the sums over the whole window are known already, NaN where a bar is absent."""
    gapped = np.isnan(money)
    if gapped.any():
        money, volume = money.copy(), volume.copy()
        absent = np.isnan(pv[gapped])
        money[gapped] = np.where(absent, 0.0, pv[gapped]).sum(axis=-1)
        volume[gapped] = np.where(absent, 0.0, v[gapped]).sum(axis=-1)
    return money, volume, c[..., -1], atr[..., -1]


def vwap_gap(money: Floats, volume: Floats, c: Floats, atr: Floats) -> Floats:
    """Log close minus the log of the volume-weighted typical price."""
    return ratio(c - np.log(ratio(money, volume)), atr)


def ou_mean(c: Floats) -> tuple[Floats]:
    """The exponential mean of log closes, less the last one; absent closes are left out."""
    return (ewma_offset(c, OU_KEPT, OU_PRESENT_MIN),)


def ou_gap(mean: Floats) -> Floats:
    """Log close minus its exponential mean."""
    return -mean


def ou_kappa(slope: Floats, noise: Floats) -> Floats:
    """Speed of reversion per bar; 0 where the price does not revert."""
    return np.asarray(-np.log(np.clip(slope, SLOPE_MIN, 1.0)))


def half_life(kappa: Floats) -> Floats:
    return np.asarray(np.clip(np.log(2.0) / kappa, 1.0, HALF_LIFE_MAX))


def ou_noise(slope: Floats, noise: Floats) -> Floats:
    """Standard deviation of the AR(1) residual."""
    return noise


def ar1(c: Floats) -> tuple[Floats, Floats]:
    """Least squares of c_t on (1, c_{t-1}): slope and residual sd (n - 2 degrees of freedom) over the pairs present."""
    x = c - c[..., -1:]
    return ar1_of(c, np.asarray(x.sum(axis=-1)), dot(x, x), dot(x[..., :-1], x[..., 1:]))


def ar1_of(c: Floats, total: Floats, square: Floats, product: Floats) -> tuple[Floats, Floats]:
    """The same where sum, squares and products of neighbours of all offsets from the last close are known already, NaN
    where one is absent.
    """
    first = c[..., 0] - c[..., -1]  # the last is 0: what the pairs leave out of the whole window lies at its beginning
    pairs = np.full(total.shape, c.shape[-1] - 1.0)
    sums = (pairs, total.copy(), total - first, square.copy(), product, square - first * first)
    gapped = np.isnan(total)
    if gapped.any():
        some = c[gapped]
        for all_of_them, of_pairs in zip(sums, _pair_sums(some - some[..., -1:]), strict=True):
            all_of_them[gapped] = of_pairs
    return _fitted(*sums)


def _pair_sums(offset: Floats) -> tuple[Floats, ...]:
    """Count, sums, squares and products of (c_{t-1}, c_t) over the pairs of which both are present."""
    known = ~np.isnan(offset)
    level = np.where(known, offset, 0.0)
    both = known[..., :-1] & known[..., 1:]
    x, y = level[..., :-1] * both, level[..., 1:] * both
    count = both.sum(axis=-1, dtype=np.float64)
    return count, x.sum(axis=-1), y.sum(axis=-1), dot(x, x), dot(x, y), dot(y, y)


def _fitted(
    n: Floats, sum_x: Floats, sum_y: Floats, square_x: Floats, product: Floats, square_y: Floats
) -> tuple[Floats, Floats]:
    enough = n >= OU_PRESENT_MIN
    count = np.where(enough, n, OU_PRESENT_MIN)
    xx, xy = square_x - sum_x * sum_x / count, product - sum_x * sum_y / count
    yy = square_y - sum_y * sum_y / count
    moved = xx > FLAT * np.maximum(square_x, FLAT)  # else it stood still, and what is there is rounding
    slope = np.where(enough & moved, xy / np.where(moved, xx, 1.0), np.nan)
    return slope, np.sqrt(np.maximum(yy - slope * xy, 0.0) / (count - 2))


def neighbours(r: Floats) -> tuple[Floats, Floats]:
    """Sums of squares, and of products of neighbours, of returns around their mean."""
    x = r - r.mean(axis=-1, keepdims=True)
    return dot(x, x), dot(x[..., 1:], x[..., :-1])


def neighbours_of(r: Floats, total: Floats, square: Floats, product: Floats) -> tuple[Floats, Floats]:
    """The same from the sums of r, of r^2 and of products of neighbours around 0."""
    mean = total / r.shape[-1]
    own = square - total * mean
    both = product - mean * (total - r[..., 0] - r[..., -1] + mean)
    steep = ~(own > STEEP_SHARE * square)  # what is left beside such a drift is mostly rounding
    if steep.any():
        own[steep], both[steep] = neighbours(r[steep])
    return own, both


def autocorrelation(own: Floats, both: Floats) -> Floats:
    """Of neighbouring returns, around their mean, in [-1, 1]."""
    return np.asarray(both / np.where(own > FLAT * FLAT, own, np.nan))


def of_five(c: Floats, r: Floats, long: Floats) -> tuple[Floats, ...]:
    return _overlapping(c, r, long, 5)


def of_twenty(c: Floats, r: Floats, long: Floats) -> tuple[Floats, ...]:
    return _overlapping(c, r, long, 20)


def _overlapping(c: Floats, r: Floats, long: Floats, step: int) -> tuple[Floats, ...]:
    """Mean return, mean square of it, and the same of overlapping returns of `step` bars."""
    one, many = r[..., 1:], long[..., step:]
    return drift(c), mean_square(one)[0], mean(many)[0], mean_square(many)[0]


def drift(c: Floats) -> Floats:
    """Mean return of the window."""
    return np.asarray((c[..., -1] - c[..., 0]) / (c.shape[-1] - 1))


def variance_ratio(drift_: Floats, own: Floats, mean_long: Floats, own_long: Floats, step: int) -> Floats:
    """Variance of overlapping returns of `step` bars over `step` times that of one bar, both around the drift.

    NaN where nothing but the drift has moved.
    """
    moved = own - drift_ * drift_
    moved = np.where((moved > FLAT * FLAT) & (moved > DRIFT_SHARE * own), moved, np.nan)
    return np.asarray((own_long - 2.0 * step * drift_ * mean_long + (step * drift_) ** 2) / (step * moved))


def stochastic(hi: Floats, lo: Floats, c: Floats) -> Floats:
    """100 (c - lowest low) / (highest high - lowest low)."""
    high, low = hi.max(axis=-1), lo.min(axis=-1)
    wide = high - low
    return np.asarray(100.0 * (c[..., -1] - low) / np.where(wide > FLAT, wide, np.nan))


def channel_index(tp: Floats) -> Floats:
    """(tp - mean) / (.015 mean absolute deviation)."""
    offset = tp - tp[..., -1:]
    mean = offset.mean(axis=-1, keepdims=True)
    spread = np.abs(offset - mean).mean(axis=-1)
    return np.asarray(-mean[..., 0] / (0.015 * np.where(spread > FLAT, spread, np.nan)))


def _ratio(step: int, bars: int, reduce: Reduce) -> Feature:
    formula, inputs = f"var(r{step}) / ({step} var r1) over {bars} bars", ("c", "r", f"r_{step}")
    params = (("step", step),)
    return of_bars(
        f"vr{step}_{bars}", formula, variance_ratio, bars + 1, inputs, bars + 1, params=params, reduce=reduce
    )


_AR1 = OU_PRESENT_MIN + 1
_VWAP = ("c", "pv", "v", "atr")

REVERSION = (
    of_bars("z_20", "(c - SMA20) / sd20", zscore, 20, ("c",), 20, reduce=spread),
    of_bars("z_120", "(c - SMA120) / sd120", zscore, 120, ("c",), 120, reduce=spread),
    of_bars(
        "bb_pctb_20", "(c - lower) / (upper - lower), bands SMA20 -+ 2 sd20", percent_b, 20, ("c",), 20, reduce=spread
    ),
    of_bars("vwap_gap_day", "(c - ln vwap since 00:00 UTC) / ATR14", over_atr, 1, ("day_gap", "atr"), SETTLED),
    of_bars("vwap_gap_60", "(c - ln vwap of 60 bars) / ATR14", vwap_gap, 60, _VWAP, SETTLED, reduce=paid),
    of_bars("ou_gap_240", "c - EMA240", ou_gap, 240, ("c",), OU_PRESENT_MIN, reduce=ou_mean),
    of_bars("ou_kappa_240", "-ln(slope of c_t on c_t-1), slope in [1e-4, 1]", ou_kappa, 240, ("c",), _AR1, reduce=ar1),
    of_bars("ou_half_life", "ln 2 / ou_kappa_240, in [1, 1e4] bars", half_life, 1, (), _AR1, ("ou_kappa_240",)),
    of_bars("ou_noise_240", "sd of the residual of c_t on c_t-1, per bar", ou_noise, 240, ("c",), _AR1, reduce=ar1),
    of_bars("ac1_60", "autocorrelation of r at lag 1 over 60 bars", autocorrelation, 60, ("r",), 61, reduce=neighbours),
    _ratio(5, 240, of_five),
    _ratio(20, 480, of_twenty),
    of_bars("stoch_k_14", "100 (c - min low) / (max high - min low) over 14", stochastic, 14, ("hi", "lo", "c"), 14),
    of_bars(
        "cci_20", "(tp - SMA20) / (.015 mean |tp - SMA20|), tp = (hi + lo + c) / 3", channel_index, 20, ("tp",), 20
    ),
)
