"""Group I: macro figures by their release (R6) and what people write, by when it was fetched (R7).

Raw columns are what is known now: the macro ones the same for every instrument, the others its own.
"""

from __future__ import annotations

import numpy as np

from quant.features.kernels import latest, present_z
from quant.features.registry import Feature, Kernel
from quant.rolling import Floats, ewma

COLUMNS = ("dgs10", "t10y2y", "vix", "hy_oas", "dxy", "rd_mentions", "rd_sentiment", "rd_disagree", "rd_age_s")
YEAR_DAYS = 252
CHANGE_DAYS = 5
Z_MIN = 20


def week_change(x: Floats) -> Floats:
    """Now minus the last figure known five days ago or up to five days before that."""
    past = x[..., : x.shape[-1] - CHANGE_DAYS]
    known = ~np.isnan(past)
    at = past.shape[-1] - 1 - np.argmax(known[..., ::-1], axis=-1)
    return np.asarray(x[..., -1] - np.take_along_axis(past, at[..., None], axis=-1)[..., 0])


def days_z(x: Floats) -> Floats:
    return present_z(x, Z_MIN)


def log_hours_z(x: Floats) -> Floats:
    return present_z(np.log1p(x), Z_MIN)


def six_hour_mean(x: Floats) -> Floats:
    """Exponential mean over hourly rows, span six; absent rows are left out."""
    return ewma(x, 1.0 - 2.0 / 7.0, 1)


def _context(
    name: str, formula: str, kernel: Kernel, column: str, grid: str, rows: int = 1, warmup: int = 1
) -> Feature:
    rule = "R6" if grid == "day" else "R7"
    return Feature(name, formula, kernel, rows, warmup, f"context_{grid}", (column,), rule)


def _change(name: str, what: str, column: str) -> Feature:
    return _context(name, f"{what}, now - 5 d ago", week_change, column, "day", 2 * CHANGE_DAYS + 1, CHANGE_DAYS + 1)


CONTEXT = (
    _change("dgs10_chg_5d", "ten-year yield", "dgs10"),
    _context("t10y2y", "ten-year minus two-year yield", latest, "t10y2y", "day"),
    _context("vix_z", "z of the VIX over 252 d", days_z, "vix", "day", YEAR_DAYS, Z_MIN),
    _change("hy_oas_chg_5d", "high-yield spread", "hy_oas"),
    _change("dxy_chg_5d", "dollar index", "dxy"),
    _context("rd_ment_z", "z of ln(1 + mentions) over 7 d of hours", log_hours_z, "rd_mentions", "hour", 168, Z_MIN),
    _context("rd_sent_ema6h", "EW mean of sentiment, span 6 h", six_hour_mean, "rd_sentiment", "hour", 48),
    _context("rd_disagree", "sd of the scores", latest, "rd_disagree", "hour"),
    _context("rd_age", "seconds since the last text", latest, "rd_age_s", "hour"),
)
