"""Price features on closed bars.

Columns, one row per closed bar: `c` log close, `r` one-bar log return, `hl2` squared log range ln(high/low)**2, `v`
volume. Every feature is NaN where its window holds an absent value or nothing has moved, unless its kernel says that
absent values are left out. All are unchanged when prices or volumes are multiplied by a constant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.features.registry import Feature, Kernel
from quant.rolling import Floats, ewma
from quant.volatility import ewma_sd

COLUMNS = ("c", "r", "hl2", "v")
CARRY_BARS_MAX = 2
"""Rule R4: a price is at most this many bars stale; then the instrument is absent."""
FLAT = 1e-12
"""A spread of values below this share of their size is rounding, not movement."""
EMA_PRESENT_MIN = 26
OU_PRESENT_MIN = 60
SLOPE_MIN = 1e-4


def columns(high: Floats, low: Floats, close: Floats, volume: Floats, close_before: Floats) -> tuple[Floats, ...]:
    """The rows of COLUMNS from those of a bar; elementwise, so it serves one bar and a whole history alike."""
    c = np.log(close)
    spread = np.log(high / low)
    return c, c - np.log(close_before), spread * spread, volume


class Carried(NamedTuple):
    """One bar after rule R4, and for how many bars each close has not been quoted."""

    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    stale_bars: NDArray[np.int64]
    carried: NDArray[np.bool_]


def carry(
    high: Floats, low: Floats, close: Floats, volume: Floats, close_before: Floats, stale_bars: NDArray[np.int64]
) -> Carried:
    """A bar without a close takes the last one (no range, no volume), at most CARRY_BARS_MAX times in a row."""
    absent = np.isnan(close)
    stale = np.where(absent, stale_bars + 1, 0)
    carried = absent & (stale <= CARRY_BARS_MAX) & ~np.isnan(close_before)
    high, low, close = (np.where(carried, close_before, price) for price in (high, low, close))
    return Carried(high, low, close, np.where(carried, 0.0, volume), stale, carried)


def sd_bar(r: Floats) -> Floats:
    """EWMA standard deviation of one bar; absent returns are left out."""
    return ewma_sd(r)


def scaled_return(c: Floats, sd: Floats) -> Floats:
    bars = c.shape[-1] - 1
    return np.asarray((c[..., -1] - c[..., 0]) / (sd * np.sqrt(bars)))


def zscore(x: Floats) -> Floats:
    offset = x - x[..., -1:]
    sd = offset.std(axis=-1)
    scale = np.abs(x).max(axis=-1)
    return np.asarray(-offset.mean(axis=-1) / np.where(sd > FLAT * scale, sd, np.nan))


def realised(r: Floats) -> Floats:
    return np.asarray(np.sqrt(np.mean(r * r, axis=-1)))


def parkinson(hl2: Floats) -> Floats:
    return np.asarray(np.sqrt(np.mean(hl2, axis=-1) / (4.0 * np.log(2.0))))


def ema_gap(c: Floats, sd: Floats, fast: int, slow: int) -> Floats:
    """Fast minus slow exponential mean; absent closes are left out."""
    offset = c - c[..., -1:]
    quick = ewma(offset, 1.0 - 2.0 / (fast + 1), EMA_PRESENT_MIN)
    lazy = ewma(offset, 1.0 - 2.0 / (slow + 1), EMA_PRESENT_MIN)
    return np.asarray((quick - lazy) / (sd * np.sqrt(slow)))


def efficiency(r: Floats) -> Floats:
    path = np.abs(r).sum(axis=-1)
    return np.asarray(np.abs(r.sum(axis=-1)) / np.where(path > FLAT, path, np.nan))


def ou_gap(c: Floats) -> Floats:
    """Log close minus its exponential mean; absent closes are left out."""
    return -ewma(c - c[..., -1:], 1.0 - 2.0 / (c.shape[-1] + 1), OU_PRESENT_MIN)


def ou_kappa(c: Floats) -> Floats:
    """Speed of reversion per bar; absent pairs are left out. 0 where the price does not revert."""
    slope, _ = _ar1(c)
    return -np.log(np.clip(slope, SLOPE_MIN, 1.0))


def ou_noise(c: Floats) -> Floats:
    """Standard deviation of the AR(1) residual; absent pairs are left out."""
    return _ar1(c)[1]


def _ar1(c: Floats) -> tuple[Floats, Floats]:
    """Least squares of c_t on (1, c_{t-1}): slope and residual sd (n - 2 degrees of freedom) over the pairs present."""
    offset = c - c[..., -1:]
    known = ~np.isnan(offset)
    level = np.where(known, offset, 0.0)
    early_known, late_known = known[..., :-1], known[..., 1:]
    x, y = level[..., :-1] * late_known, level[..., 1:] * early_known
    n = (early_known & late_known).sum(axis=-1)
    enough = n >= OU_PRESENT_MIN
    count = np.where(enough, n, OU_PRESENT_MIN)
    sum_x, sum_y = x.sum(axis=-1), y.sum(axis=-1)
    xx = _dot(x, x) - sum_x * sum_x / count
    xy = _dot(x, y) - sum_x * sum_y / count
    yy = _dot(y, y) - sum_y * sum_y / count
    moved = xx > FLAT * FLAT
    slope = np.where(enough & moved, xy / np.where(moved, xx, 1.0), np.nan)
    return slope, np.sqrt(np.maximum(yy - slope * xy, 0.0) / (count - 2))


def _dot(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.einsum("...t,...t->...", x, y))


def _bar(
    name: str,
    formula: str,
    kernel: Kernel,
    window: int,
    inputs: tuple[str, ...],
    warmup: int,
    deps: tuple[str, ...] = (),
    params: tuple[tuple[str, int], ...] = (),
) -> Feature:
    return Feature(name, formula, kernel, window, warmup, "bar", inputs, "R1", deps=deps, params=params)


def _ret(bars: int) -> Feature:
    formula = f"(c_t - c_t-{bars}) / (s sqrt {bars}), s = ewma_vol"
    return _bar(f"ret_{bars}", formula, scaled_return, bars + 1, ("c",), max(bars + 1, 21), ("ewma_vol",))


BAR_FEATURES = (
    _bar("ewma_vol", "sqrt(sum .97^j r^2 / sum .97^j), per bar", sd_bar, 120, ("r",), 21),
    *(_ret(bars) for bars in (1, 5, 15, 60, 240)),
    _bar("z_20", "(c - SMA20) / sd20", zscore, 20, ("c",), 20),
    _bar("z_120", "(c - SMA120) / sd120", zscore, 120, ("c",), 120),
    _bar("rv_15", "sqrt(sum r^2 / 15), per bar", realised, 15, ("r",), 16),
    _bar("rv_60", "sqrt(sum r^2 / 60), per bar", realised, 60, ("r",), 61),
    _bar("park_60", "sqrt(mean ln(high/low)^2 / (4 ln 2)), per bar", parkinson, 60, ("hl2",), 60),
    _bar(
        "ema_gap",
        "(EMA12 - EMA26) / (s sqrt 26)",
        ema_gap,
        120,
        ("c",),
        EMA_PRESENT_MIN,
        ("ewma_vol",),
        (("fast", 12), ("slow", 26)),
    ),
    _bar("eff_ratio_60", "|c_t - c_t-60| / sum |r|", efficiency, 60, ("r",), 61),
    _bar("volz_60", "(volume - mean60) / sd60", zscore, 60, ("v",), 60),
    _bar("ou_gap_240", "c - EMA240", ou_gap, 240, ("c",), OU_PRESENT_MIN),
    _bar("ou_kappa_240", "-ln(slope of c_t on c_t-1), slope in [1e-4, 1]", ou_kappa, 240, ("c",), OU_PRESENT_MIN + 1),
    _bar("ou_noise_240", "sd of the residual of c_t on c_t-1, per bar", ou_noise, 240, ("c",), OU_PRESENT_MIN + 1),
)
