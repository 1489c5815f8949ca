"""Group E: the order book, one row per beat as the book keeper measured it. Rule R2: local receive time.

Imbalances lie in [-1, 1], positive with more bids; order-flow imbalances are sums of e_n (Cont, Kukanov and Stoikov
2014) over the mean depth of the best levels. NaN where there is no valid book.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from quant.features.kernels import Z_PRESENT_MIN, ewma_z, latest
from quant.features.registry import Feature, Kernel
from quant.rolling import Floats

COLUMNS = (
    "spread_bps", "imb_l1", "imb_l5", "imb_l20", "micro_bps", "ofi_1s", "ofi_10s", "ofi_60s", "depth", "ldepth_10bp",
    "dimb_10bp", "slope_book", "updates", "cancel_ratio_10s", "queue_dep", "mid_age_ms",
)  # fmt: skip
HISTORY = 120
RAW_OF = {"log_updates": "updates", "log_depth": "depth"}
"""Prepared columns, log(1 + x) of a raw one."""


def prepared(rows: Mapping[str, Floats]) -> dict[str, Floats]:
    """The raw columns, of any shape, and those made of them."""
    return dict(rows) | {name: np.log1p(rows[raw]) for name, raw in RAW_OF.items()}


def _book(name: str, formula: str, column: str = "", kernel: Kernel = latest, rows: int = 1) -> Feature:
    warmup = Z_PRESENT_MIN if rows > 1 else 1
    return Feature(name, formula, kernel, rows, warmup, "book", (column or name,), "R2 R8" if rows > 1 else "R2")


BOOK = (
    _book("spread_bp", "(a - b) / mid in bps", "spread_bps"),
    _book("spread_z", "z of the spread, EW .97 over 120 rows", "spread_bps", ewma_z, HISTORY),
    _book("imb_l1", "(B - A) / (B + A), best level"),
    _book("imb_l5", "(B - A) / (B + A), best five levels"),
    _book("imb_l20", "(B - A) / (B + A), best twenty levels, weights falling exponentially"),
    _book("micro_bp", "((B a + A b) / (B + A) - mid) / mid in bps", "micro_bps"),
    *(_book(f"ofi_{s}s", f"sum of e_n over {s} s / mean best depth") for s in (1, 10, 60)),
    _book("ldepth_10bp", "ln of the quantity within 10 bps of the mid"),
    _book("dimb_10bp", "imbalance of the quantities within 10 bps"),
    _book("slope_book", "change of depth per bp away from the mid"),
    _book("upd_rate_z", "z of ln(1 + book changes in 10 s), EW .97 over 120 rows", "log_updates", ewma_z, HISTORY),
    _book("cancel_ratio_10s", "share of book changes of 10 s that took quantity away"),
    _book("queue_dep", "change of the best size since the last trade"),
    _book("mid_age_ms", "time since the mid last changed"),
    _book("depth_z", "z of ln(1 + depth of the best levels), EW .97 over 120 rows", "log_depth", ewma_z, HISTORY),
)
