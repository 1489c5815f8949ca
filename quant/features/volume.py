"""Group D: how much is traded and by whom: volume of closed bars, and the trade keeper's windows of single trades.

Bar features use `vn` and `nn`, volume and number of trades over what the hour of the week usually has. Raw columns of
trades are as the keeper measured them at the beat, rule R2. Units of volume and of money cancel.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from quant.features.kernels import FLAT, latest, log_ratio, mean_present, ratio, spread, spread_of_present, zscore
from quant.features.registry import Feature, of_bars
from quant.rolling import Floats

SIZES_MIN = 30


def beside_usual(x: Floats, dv_mean: Floats) -> tuple[Floats, Floats]:
    """The mean of those present, and the usual money of a bar."""
    return mean_present(x), dv_mean[..., -1]


def sizes(size: Floats) -> tuple[Floats, Floats, Floats]:
    """Spread of the mean size of a trade; bars without a trade are left out."""
    return spread_of_present(size, SIZES_MIN)


def sizes_or_present(size: Floats, mean: Floats, variance: Floats) -> tuple[Floats, Floats, Floats]:
    """The same where the spread of the whole window is known already, NaN where a bar is absent; it is written over."""
    gapped = np.isnan(mean)
    if gapped.any():
        mean[gapped], variance[gapped], _ = sizes(size[gapped])
    return mean, variance, size[..., -1]


def illiquidity(ill: Floats, dv_mean: Floats, sd: Floats) -> Floats:
    """Mean of |r| per unit of money, times the usual money of a bar, over s; bars without volume are left out."""
    return np.asarray(ill * dv_mean / sd)


def balances(sv: Floats) -> tuple[Floats, Floats]:
    """Least-squares slope of on-balance volume on time, and the sum of the volume."""
    return balance_of(sv), np.abs(sv).sum(axis=-1)


def balance_of(sv: Floats) -> Floats:
    n = sv.shape[-1]
    time = np.arange(n) - 0.5 * (n - 1)
    return np.asarray(sv @ np.cumsum(time[::-1])[::-1] / float(time @ time))


def balance_slope(slope: Floats, volume: Floats, rows: int) -> Floats:
    """The slope over the mean volume of a bar, in [-1.5, 1.5]."""
    return ratio(slope, volume / rows)


def flows(mf: Floats) -> tuple[Floats, Floats]:
    """Money that flowed, and that of bars whose typical price rose."""
    return np.abs(mf).sum(axis=-1), np.maximum(mf, 0.0).sum(axis=-1)


def money_flow(total: Floats, rose: Floats) -> Floats:
    """100 x share of money that flowed in bars whose typical price rose."""
    return np.asarray(100.0 * rose / np.where(total > FLAT, total, np.nan))


def _trade(name: str, formula: str) -> Feature:
    return Feature(name, formula, latest, 1, 1, "trade", (name,), "R2")


_bar = partial(of_bars, rule="R1 R8")
_DV = "dollar volume, EW mean of span 1440"

VOLUME = (
    _bar("ldv_60", f"ln(mean60 / {_DV})", log_ratio, 60, ("dv", "dv_mean"), 60, reduce=beside_usual),
    *(
        _bar(f"{what}z_60", f"({x} - mean60) / sd60, {x} = {of} of week", zscore, 60, (x,), 60, reduce=spread)
        for what, x, of in (
            ("vol", "vn", "volume / its usual share of the hour"),
            ("cnt", "nn", "trades / their usual share of the hour"),
        )
    ),
    _bar("avgsize_z", "z of volume / trades over 60 bars", zscore, 60, ("size",), 30, reduce=sizes),
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
        reduce=beside_usual,
    ),
    _trade("big_imb", "imbalance of trades above their EW 95th percentile"),
    _trade("burst", "EW trades per second of 10 s over those of 300 s"),
    _bar(
        "obv_slope_60",
        "slope of on-balance volume / mean volume over 60 bars",
        balance_slope,
        60,
        ("sv",),
        61,
        params=(("rows", 60),),
        reduce=balances,
    ),
    _bar(
        "mfi_14",
        "100 x money of rising over all money, 14 bars of tp x volume",
        money_flow,
        14,
        ("mf",),
        15,
        reduce=flows,
    ),
    _trade("trade_gap_ms", "time since the last trade"),
    _trade("tick_dir_20", "share of rises among the last 20 changes of price"),
)
