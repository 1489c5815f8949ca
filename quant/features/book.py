"""Order-book features: one row per beat, as the book keeper measured it. Rule R2: local receive time.

Columns: `spread_bps`; `imb_l1`, `imb_l5` in [-1, 1], positive with more bids; `micro_bps` the size-weighted mid
against the mid; `ofi` the order-flow imbalance of the last 10 s over the mean depth of the best levels; `depth` that
mean depth in base units; `updates` the book changes of the last 10 s. NaN where there is no valid book.
"""

from __future__ import annotations

import numpy as np

from quant.features.registry import Feature, Kernel
from quant.rolling import Floats, ewma

COLUMNS = ("spread_bps", "imb_l1", "imb_l5", "micro_bps", "ofi", "depth", "updates")
HISTORY = 120
PRESENT_MIN = 30
DECAY = 0.97
SD_MIN = 1e-9


def latest(x: Floats) -> Floats:
    return np.array(x[..., -1])


def log1p_latest(x: Floats) -> Floats:
    return np.log1p(x[..., -1])


def ewma_z(x: Floats) -> Floats:
    """Latest value against its exponentially weighted mean and sd; absent rows are left out."""
    offset = x - x[..., -1:]
    mean = ewma(offset, DECAY, PRESENT_MIN)
    variance = ewma(offset * offset, DECAY, PRESENT_MIN) - mean * mean
    return np.asarray(-mean / np.sqrt(np.where(variance > SD_MIN * SD_MIN, variance, np.nan)))


def log_ewma_z(x: Floats) -> Floats:
    """The same of log(1 + x)."""
    return ewma_z(np.log1p(x))


def _book(name: str, formula: str, kernel: Kernel, column: str, window: int = 1, warmup: int = 1) -> Feature:
    return Feature(name, formula, kernel, window, warmup, "book", (column,), "R2")


BOOK_FEATURES = (
    _book("spread_bps", "(a - b) / mid in bps", latest, "spread_bps"),
    _book("imb_l1", "(B - A) / (B + A), best level", latest, "imb_l1"),
    _book("imb_l5", "(B - A) / (B + A), best five levels", latest, "imb_l5"),
    _book("micro_bps", "((B a + A b) / (B + A) - mid) / mid in bps", latest, "micro_bps"),
    _book("ofi_10s", "sum of e_n over 10 s / mean best depth", latest, "ofi"),
    _book("upd_rate", "ln(1 + book changes in 10 s)", log1p_latest, "updates"),
    _book("spread_z", "z of the spread, EW .97 over 120 rows", ewma_z, "spread_bps", HISTORY, PRESENT_MIN),
    _book("depth_z", "z of ln(1 + depth), EW .97 over 120 rows", log_ewma_z, "depth", HISTORY, PRESENT_MIN),
)
