"""Group A: where the price has been going, on closed bars.

Everything is in log prices, so a price scale cancels; s is `ewma_vol`, the standard deviation of one bar. Features are
NaN where their window holds an absent value or nothing has moved, unless their kernel says that absences are left out.
"""

from __future__ import annotations

import numpy as np

from quant.features.kernels import FLAT, SETTLED, dot, latest, ratio
from quant.features.registry import Feature, Kernel, of_bars
from quant.features.sliding import extremes
from quant.rolling import Floats, ewma, ewma_offset
from quant.volatility import DECAY, RETURNS_MIN, deviation, ewma_sd

EMA_PRESENT_MIN = 26
FAST_KEPT, SLOW_KEPT = 1.0 - 2.0 / 13.0, 1.0 - 2.0 / 27.0


def variance_97(r2: Floats) -> tuple[Floats]:
    """EWMA variance of one bar; absent returns are left out."""
    return (ewma(r2, DECAY, RETURNS_MIN),)


def sd_bar(variance: Floats) -> Floats:
    return deviation(variance)


def scaled_return(c: Floats, sd: Floats) -> Floats:
    bars = c.shape[-1] - 1
    return np.asarray((c[..., -1] - c[..., 0]) / (sd * np.sqrt(bars)))


def hourly_return(c: Floats) -> Floats:
    """Over the whole window, against the sd of one row of it (EWMA .97, absent rows left out)."""
    return np.asarray((c[..., -1] - c[..., 0]) / (_sd_row(c) * np.sqrt(c.shape[-1] - 1)))


def week_without_last_day(c: Floats) -> Floats:
    """The same from seven days ago to one day ago."""
    day = max(1, (c.shape[-1] - 1) // 7)
    return np.asarray((c[..., -1 - day] - c[..., 0]) / (_sd_row(c) * np.sqrt(c.shape[-1] - 1 - day)))


def _sd_row(c: Floats) -> Floats:
    returns = np.diff(c[..., -121:], axis=-1)
    return ewma_sd(returns, present_min=min(20, returns.shape[-1]))


def emas(c: Floats) -> tuple[Floats, Floats]:
    """Fast and slow exponential mean, less the last close; absent closes are left out."""
    return ewma_offset(c, FAST_KEPT, EMA_PRESENT_MIN), ewma_offset(c, SLOW_KEPT, EMA_PRESENT_MIN)


def ema_gap(quick: Floats, lazy: Floats, sd: Floats, slow: int) -> Floats:
    """Fast minus slow."""
    return np.asarray((quick - lazy) / (sd * np.sqrt(slow)))


def over_atr(gap: Floats, atr: Floats) -> Floats:
    return ratio(gap[..., -1], atr[..., -1])


def line(c: Floats) -> tuple[Floats, Floats]:
    """Least squares of c on time: slope over its standard error, and the share of variance explained."""
    y = c - c[..., -1:]
    return line_of(y, y.sum(axis=-1), dot(y, y))


def line_of(y: Floats, total: Floats, square: Floats) -> tuple[Floats, Floats]:
    """The same from the offsets from the last close, their sum and that of their squares."""
    n = y.shape[-1]
    time = np.arange(n) - 0.5 * (n - 1)
    xx, xy, yy = float(time @ time), y @ time, square - total * total / n
    share = ratio(xy * xy, xx * np.where(yy > FLAT * FLAT, yy, np.nan))
    rest = np.maximum(yy - xy * xy / xx, FLAT * yy)
    return np.asarray(xy / np.sqrt(xx * ratio(rest, np.asarray(float(n - 2))))), np.minimum(share, 1.0)


def slope_t(t: Floats, share: Floats) -> Floats:
    """t statistic of the slope, within 1e3 (a perfect line has no error)."""
    return np.where(np.isnan(share), np.nan, np.clip(t, -1e3, 1e3))


def line_share(t: Floats, share: Floats) -> Floats:
    return share


def paths(r: Floats) -> tuple[Floats, Floats]:
    """How far it went in the end, and on the way."""
    return r.sum(axis=-1), np.abs(r).sum(axis=-1)


def efficiency(total: Floats, path: Floats) -> Floats:
    return np.asarray(np.abs(total) / np.where(path > FLAT, path, np.nan))


def channel(last: Floats, high: Floats, low: Floats, fall: Floats) -> Floats:
    """Place of the last close between lowest (0) and highest (1)."""
    wide = high - low
    return np.asarray((last - low) / np.where(wide > FLAT, wide, np.nan))


def below_high(last: Floats, high: Floats, low: Floats, fall: Floats, sd: Floats, bars: int) -> Floats:
    return np.asarray((last - high) / (sd * np.sqrt(bars)))


def above_low(last: Floats, high: Floats, low: Floats, fall: Floats, sd: Floats, bars: int) -> Floats:
    return np.asarray((last - low) / (sd * np.sqrt(bars)))


def strength(gain: Floats, loss: Floats) -> Floats:
    total = gain[..., -1] + loss[..., -1]
    return np.asarray(100.0 * gain[..., -1] / np.where(total > FLAT, total, np.nan))


def direction(up: Floats, down: Floats, atr: Floats) -> Floats:
    return ratio(100.0 * (up[..., -1] - down[..., -1]), atr[..., -1])


def _channel(name: str, formula: str, bars: int) -> Feature:
    return of_bars(name, f"{formula} over {bars} closes", channel, bars, ("c",), 2, reduce=extremes)


def _edge(name: str, formula: str, kernel: Kernel, bars: int) -> Feature:
    said, params = f"{formula} / (s sqrt {bars}) over {bars} closes", (("bars", bars),)
    return of_bars(name, said, kernel, bars, ("c",), 21, ("ewma_vol",), params, extremes)


def _ret(bars: int) -> Feature:
    formula = f"(c_t - c_t-{bars}) / (s sqrt {bars}), s = ewma_vol"
    return of_bars(f"ret_{bars}", formula, scaled_return, bars + 1, ("c",), max(bars + 1, 21), ("ewma_vol",))


def _days(name: str, formula: str, kernel: Kernel, days: int, rows_min: int) -> Feature:
    rows = 24 * days + 1
    said = f"{formula}, on hourly closes (bars where longer), s of one row: EWMA .97 over 120 rows"
    return Feature(name, said, kernel, rows, rows, "hour", ("c",), "R1", rows_min=rows_min)


TREND = (
    of_bars(
        "ewma_vol",
        "sqrt(sum .97^j r^2 / sum .97^j) over 120 bars, per bar",
        sd_bar,
        120,
        ("r2",),
        21,
        reduce=variance_97,
    ),
    *(_ret(bars) for bars in (1, 5, 15, 60, 240, 1440)),
    _days("ret_7d_skip1d", "(c_t-1d - c_t-7d) / (s sqrt 6d)", week_without_last_day, 7, 8),
    _days("ret_30d", "(c_t - c_t-30d) / (s sqrt 30d)", hourly_return, 30, 22),
    of_bars(
        "ema_gap",
        "(EMA12 - EMA26) / (s sqrt 26), over 120 bars",
        ema_gap,
        120,
        ("c",),
        EMA_PRESENT_MIN,
        ("ewma_vol",),
        (("slow", 26),),
        emas,
    ),
    of_bars(
        "macd_hist", "(MACD - EMA9 of MACD) / ATR14, MACD = EMA12 - EMA26 of c", over_atr, 1, ("macd", "atr"), SETTLED
    ),
    of_bars("slope_t_60", "t statistic of least squares c ~ time, within 1e3", slope_t, 60, ("c",), 60, reduce=line),
    of_bars("r2_60", "R^2 of least squares c ~ time", line_share, 60, ("c",), 60, reduce=line),
    of_bars("eff_ratio_60", "|c_t - c_t-60| / sum |r|", efficiency, 60, ("r",), 61, reduce=paths),
    _channel("donch_60", "(c - min) / (max - min)", 60),
    _channel("donch_1440", "(c - min) / (max - min)", 1440),
    _edge("dist_hi_1440", "(c - max)", below_high, 1440),
    _edge("dist_lo_1440", "(c - min)", above_low, 1440),
    of_bars(
        "rsi_14", "100 U / (U + D), Wilder 14 of rises and falls of c", strength, 1, ("gain_14", "loss_14"), SETTLED
    ),
    of_bars(
        "rsi_60", "100 U / (U + D), Wilder 60 of rises and falls of c", strength, 1, ("gain_60", "loss_60"), SETTLED
    ),
    of_bars("kama_gap", "(c - KAMA10) / ATR14, Kaufman 10, 2, 30 of c", over_atr, 1, ("kama", "atr"), SETTLED),
    of_bars("adx_14", "Wilder 14 of 100 |DI+ - DI-| / (DI+ + DI-)", latest, 1, ("adx",), SETTLED),
    of_bars(
        "di_diff_14", "DI+ - DI-, Wilder 14 of log highs and lows", direction, 1, ("up_14", "down_14", "atr"), SETTLED
    ),
)
