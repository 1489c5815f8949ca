"""Group D: how much is traded and by whom: volume of closed bars, and the trade keeper's windows of single trades.

Bar features use `vn` and `nn`, volume and number of trades over what the hour of the week usually has. Raw columns of
trades are as the keeper measured them at the beat, rule R2. Units of volume and of money cancel.
"""

from __future__ import annotations

import numpy as np

from quant.features.kernels import FLAT, latest, log_ratio, mean_present, present_z, ratio, zscore
from quant.features.registry import Feature, Kernel
from quant.rolling import Floats


def relative_log_mean(dv: Floats, dv_mean: Floats) -> Floats:
    """Log of the mean over the window against the long mean."""
    return log_ratio(mean_present(dv), dv_mean[..., -1])


def size_z(v: Floats, n: Floats) -> Floats:
    """z of the mean size of a trade; bars without a trade are left out."""
    return present_z(v / np.where(n > 0.0, n, np.nan), 30)


def illiquidity(ill: Floats, dv_mean: Floats, sd: Floats) -> Floats:
    """Mean of |r| per unit of money, times the usual money of a bar, over s; bars without volume are left out."""
    return np.asarray(mean_present(ill) * dv_mean[..., -1] / sd)


def balance_slope(sv: Floats) -> Floats:
    """Least-squares slope of on-balance volume on time over the mean volume of a bar, in [-1.5, 1.5]."""
    n = sv.shape[-1]
    time = np.arange(n) - 0.5 * (n - 1)
    slope = sv @ np.cumsum(time[::-1])[::-1] / float(time @ time)
    return ratio(slope, np.abs(sv).sum(axis=-1) / n)


def money_flow(mf: Floats) -> Floats:
    """100 x share of money that flowed in bars whose typical price rose."""
    total = np.abs(mf).sum(axis=-1)
    rose = np.maximum(mf, 0.0).sum(axis=-1)
    return np.asarray(100.0 * rose / np.where(total > FLAT, total, np.nan))


def _bar(
    name: str,
    formula: str,
    kernel: Kernel,
    window: int,
    inputs: tuple[str, ...],
    warmup: int,
    deps: tuple[str, ...] = (),
) -> Feature:
    return Feature(name, formula, kernel, window, warmup, "bar", inputs, "R1 R8", deps=deps)


def _trade(name: str, formula: str) -> Feature:
    return Feature(name, formula, latest, 1, 1, "trade", (name,), "R2")


_DV = "dollar volume, EW mean of span 1440"

VOLUME = (
    _bar("ldv_60", f"ln(mean60 / {_DV})", relative_log_mean, 60, ("dv", "dv_mean"), 60),
    _bar("volz_60", "(vn - mean60) / sd60, vn = volume / its usual share of the hour of week", zscore, 60, ("vn",), 60),
    _bar(
        "cntz_60", "(nn - mean60) / sd60, nn = trades / their usual share of the hour of week", zscore, 60, ("nn",), 60
    ),
    _bar("avgsize_z", "z of volume / trades over 60 bars", size_z, 60, ("v", "n"), 30),
    *(_trade(f"simb_{s}s", f"sum(sign q) / sum q over {s} s") for s in (60, 300, 3600)),
    _trade("vpin_50", "mean |Vb - Vs| / V over 50 buckets of equal volume"),
    _trade("kyle_300", "least squares of the move of the mid on signed sqrt(q) over 300 s"),
    _bar(
        "amihud_60",
        f"mean60(|r| / dollar volume) x ({_DV}) / s",
        illiquidity,
        60,
        ("ill", "dv_mean"),
        60,
        ("ewma_vol",),
    ),
    _trade("big_imb", "imbalance of trades above their EW 95th percentile"),
    _trade("burst", "EW trades per second of 10 s over those of 300 s"),
    _bar("obv_slope_60", "slope of on-balance volume / mean volume over 60 bars", balance_slope, 60, ("sv",), 61),
    _bar("mfi_14", "100 x money of rising over all money, 14 bars of tp x volume", money_flow, 14, ("mf",), 15),
    _trade("trade_gap_ms", "time since the last trade"),
    _trade("tick_dir_20", "share of rises among the last 20 changes of price"),
)
