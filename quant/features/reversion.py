"""Group B: how far the price is from where it was, and whether it comes back, on closed bars.

All in log prices. Features are NaN where their window holds an absent value or nothing has moved, unless their kernel
says that absences are left out.
"""

from __future__ import annotations

import numpy as np

from quant.features.kernels import FLAT, SETTLED, dot, ratio, zscore
from quant.features.registry import Feature, Kernel, Reduce
from quant.features.trend import over_atr
from quant.rolling import Floats, ewma_offset

OU_PRESENT_MIN = 60
SLOPE_MIN = 1e-4
HALF_LIFE_MAX = 1e4
DRIFT_SHARE = 1e-6
"""Of what has moved; what is left beside the drift below that share is rounding."""


def percent_b(c: Floats) -> Floats:
    """0 at the lower, 1 at the upper band of two standard deviations."""
    return 0.5 + 0.25 * zscore(c)


def vwap_gap(c: Floats, pv: Floats, v: Floats, atr: Floats) -> Floats:
    """Log close minus the log of the volume-weighted typical price; absent bars count as without volume."""
    paid, volume = pv.sum(axis=-1), v.sum(axis=-1)
    gapped = np.isnan(paid)
    if gapped.any():
        absent = np.isnan(pv[gapped])
        paid[gapped] = np.where(absent, 0.0, pv[gapped]).sum(axis=-1)
        volume[gapped] = np.where(absent, 0.0, v[gapped]).sum(axis=-1)
    return ratio(c[..., -1] - np.log(ratio(paid, volume)), atr[..., -1])


def ou_gap(c: Floats) -> Floats:
    """Log close minus its exponential mean; absent closes are left out."""
    return -ewma_offset(c, 1.0 - 2.0 / (c.shape[-1] + 1), OU_PRESENT_MIN)


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
    total, square = x.sum(axis=-1), dot(x, x)
    first = x[..., 0]  # the last is 0: what the pairs leave out of the whole window lies at its beginning
    sums = (
        np.full(total.shape, x.shape[-1] - 1.0),
        total,
        total - first,
        square,
        dot(x[..., :-1], x[..., 1:]),
        square - first * first,
    )
    gapped = np.isnan(total)
    if gapped.any():
        for all_of_them, of_pairs in zip(sums, _pair_sums(x[gapped]), strict=True):
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
    moved = xx > FLAT * FLAT
    slope = np.where(enough & moved, xy / np.where(moved, xx, 1.0), np.nan)
    return slope, np.sqrt(np.maximum(yy - slope * xy, 0.0) / (count - 2))


def autocorrelation(r: Floats) -> Floats:
    """Of neighbouring returns, around their mean, in [-1, 1]."""
    x = r - r.mean(axis=-1, keepdims=True)
    own = dot(x, x)
    return np.asarray(dot(x[..., 1:], x[..., :-1]) / np.where(own > FLAT * FLAT, own, np.nan))


def variance_ratio(c: Floats, r: Floats, long: Floats, step: int) -> Floats:
    """Variance of overlapping returns of `step` bars over `step` times that of one bar, both around the drift.

    NaN where nothing but the drift has moved.
    """
    n, count = c.shape[-1] - 1, c.shape[-1] - step
    one, many = r[..., 1:], long[..., step:]
    drift = (c[..., -1] - c[..., 0]) / n
    mean = (c[..., count:] - c[..., :step]).sum(axis=-1) / count
    own = dot(one, one) / n
    moved = own - drift * drift
    moved = np.where((moved > FLAT * FLAT) & (moved > DRIFT_SHARE * own), moved, np.nan)
    return np.asarray((dot(many, many) / count - 2.0 * step * drift * mean + (step * drift) ** 2) / (step * moved))


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


def _bar(
    name: str,
    formula: str,
    kernel: Kernel,
    window: int,
    inputs: tuple[str, ...],
    warmup: int,
    deps: tuple[str, ...] = (),
    params: tuple[tuple[str, float], ...] = (),
    reduce: Reduce | None = None,
) -> Feature:
    return Feature(name, formula, kernel, window, warmup, "bar", inputs, "R1", deps=deps, params=params, reduce=reduce)


def _ratio(step: int, bars: int) -> Feature:
    formula, inputs = f"var(r{step}) / ({step} var r1) over {bars} bars", ("c", "r", f"r_{step}")
    return _bar(f"vr{step}_{bars}", formula, variance_ratio, bars + 1, inputs, bars + 1, params=(("step", step),))


_AR1 = OU_PRESENT_MIN + 1
_VWAP = ("c", "pv", "v", "atr")

REVERSION = (
    _bar("z_20", "(c - SMA20) / sd20", zscore, 20, ("c",), 20),
    _bar("z_120", "(c - SMA120) / sd120", zscore, 120, ("c",), 120),
    _bar("bb_pctb_20", "(c - lower) / (upper - lower), bands SMA20 -+ 2 sd20", percent_b, 20, ("c",), 20),
    _bar("vwap_gap_day", "(c - ln vwap since 00:00 UTC) / ATR14", over_atr, 1, ("day_gap", "atr"), SETTLED),
    _bar("vwap_gap_60", "(c - ln vwap of 60 bars) / ATR14", vwap_gap, 60, _VWAP, SETTLED),
    _bar("ou_gap_240", "c - EMA240", ou_gap, 240, ("c",), OU_PRESENT_MIN),
    _bar("ou_kappa_240", "-ln(slope of c_t on c_t-1), slope in [1e-4, 1]", ou_kappa, 240, ("c",), _AR1, reduce=ar1),
    _bar("ou_half_life", "ln 2 / ou_kappa_240, in [1, 1e4] bars", half_life, 1, (), _AR1, ("ou_kappa_240",)),
    _bar("ou_noise_240", "sd of the residual of c_t on c_t-1, per bar", ou_noise, 240, ("c",), _AR1, reduce=ar1),
    _bar("ac1_60", "autocorrelation of r at lag 1 over 60 bars", autocorrelation, 60, ("r",), 61),
    _bar(
        "vr5_240", "var(r5) / (5 var r1) over 240 bars", variance_ratio, 241, ("c", "r", "r_5"), 241, (), (("step", 5),)
    ),
    _bar(
        "vr20_480",
        "var(r20) / (20 var r1) over 480 bars",
        variance_ratio,
        481,
        ("c", "r", "r_20"),
        481,
        (),
        (("step", 20),),
    ),
    _bar("stoch_k_14", "100 (c - min low) / (max high - min low) over 14", stochastic, 14, ("hi", "lo", "c"), 14),
    _bar("cci_20", "(tp - SMA20) / (.015 mean |tp - SMA20|), tp = (hi + lo + c) / 3", channel_index, 20, ("tp",), 20),
)
