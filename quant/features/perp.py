"""Group F: perpetual futures, as received. Rule R3.

Raw columns: `funding` the predicted rate of the period, `next_funding_s` the time until it is settled, `basis_bps` of
the perpetual over spot, `open_interest`, and `liquidated`, the signed quantity (bought positive) of the last hour.
"""

from __future__ import annotations

import numpy as np

from quant.features.kernels import latest, log_ratio, present_z, ratio
from quant.features.registry import Feature, Kernel
from quant.rolling import Floats, ewma

COLUMNS = ("funding", "next_funding_s", "basis_bps", "open_interest", "liquidated")
FUNDING_PERIOD_S = 28_800.0
PERIODS_ROWS = 24
Z_MIN = 24


def three_period_mean(funding: Floats) -> Floats:
    """Exponential mean over hourly rows, span three settlements of eight hours; absent rows are left out."""
    return ewma(funding, 1.0 - 2.0 / (PERIODS_ROWS + 1), 1)


def hourly_z(x: Floats) -> Floats:
    return present_z(x, Z_MIN)


def log_hourly_z(x: Floats) -> Floats:
    return present_z(np.log(np.where(x > 0.0, x, np.nan)), Z_MIN)


def periods_left(next_funding_s: Floats) -> Floats:
    return np.asarray(next_funding_s[..., -1] / FUNDING_PERIOD_S)


def log_change(x: Floats) -> Floats:
    return log_ratio(x[..., -1], x[..., 0])


def last_share(part: Floats, whole: Floats) -> Floats:
    return ratio(part[..., -1], whole[..., -1])


def _perp(
    name: str,
    formula: str,
    kernel: Kernel,
    inputs: tuple[str, ...],
    grid: str = "minute",
    rows: int = 1,
    warmup: int = 1,
) -> Feature:
    return Feature(name, formula, kernel, rows, warmup, f"perp_{grid}", inputs, "R3")


PERP = (
    _perp("fund_now", "predicted funding rate as received", latest, ("funding",)),
    _perp("fund_ema_3", "EW mean of hourly rates, span of 3 settlements", three_period_mean, ("funding",), "hour", 120),
    _perp("fund_z_30d", "z of hourly rates over 30 d", hourly_z, ("funding",), "hour", 720, Z_MIN),
    _perp("t_to_fund", "time to settlement / 8 h", periods_left, ("next_funding_s",)),
    _perp("basis_bp", "(perp - spot) / spot in bps", latest, ("basis_bps",)),
    _perp("basis_z", "z of hourly bases over 7 d", hourly_z, ("basis_bps",), "hour", 168, Z_MIN),
    _perp("oi_chg_1h", "ln(open interest / that of an hour ago)", log_change, ("open_interest",), "minute", 61, 61),
    _perp(
        "oi_z_30d",
        "z of the log of hourly open interest over 30 d",
        log_hourly_z,
        ("open_interest",),
        "hour",
        720,
        Z_MIN,
    ),
    _perp("liq_imb_1h", "signed liquidations of 1 h / open interest", last_share, ("liquidated", "open_interest")),
)
