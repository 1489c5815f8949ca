"""The columns of a book frame from touches, ladders and counts: lots as lots, NaN where there is no valid touch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from actors.book_counts import ROWS
from actors.book_levels import Ladders
from quant.order_flow import measure
from quant.rolling import Floats

Int64s = NDArray[np.int64]


def measured(windows: list[Int64s], touch: Int64s, at_trade: Int64s, ladders: Ladders) -> dict[str, Floats]:
    """Every float column of a `BookFrame` by name.

    `windows` are the counts of 1 s, of the keeper's window and of 60 s, shape (rows, N); `touch` and `at_trade` (N, 4).
    Depth is in lots, `ldepth_10bp` the logarithm of lots, and `mid_age_ms` 0 where a mid is.
    """
    short, counts, long = (dict(zip(ROWS, window, strict=True)) for window in windows)
    bid, bid_lots, ask, ask_lots = touch.T
    shown = measure(bid, bid_lots, ask, ask_lots)
    valid = ~np.isnan(shown.spread_bps)
    levels = ladders.shape()
    lots = np.where(counts["events"] > 0, counts["depth"] / np.maximum(counts["events"], 1), bid_lots + ask_lots) / 2.0
    mean_lots = np.where(valid & (lots > 0), lots, np.nan)
    bid_near, ask_near = ladders.within
    near = np.where(valid & (bid_near + ask_near > 0), bid_near + ask_near, np.nan)
    return {
        "spread_bps": shown.spread_bps,
        "imbalance_l1": shown.imbalance,
        "imbalance_l5": np.where(valid, levels.imbalance_l5, np.nan),
        "micro_bps": shown.micro_bps,
        "ofi": counts["flow"] / mean_lots,
        "depth": mean_lots,
        "updates": np.where(valid, counts["updates"], np.nan),
        "imbalance_l20": np.where(valid, levels.imbalance_l20, np.nan),
        "ofi_1s": short["flow"] / mean_lots,
        "ofi_60s": long["flow"] / mean_lots,
        "ldepth_10bp": np.log(near),
        "dimb_10bp": (bid_near - ask_near) / near,
        "slope_book": levels.slope / mean_lots,
        "cancel_ratio_10s": np.where(valid, _cancelled(counts["removed"], counts["traded"]), np.nan),
        "queue_dep": np.where(valid, _grown(touch, at_trade), np.nan),
        "mid_age_ms": np.where(valid, 0.0, np.nan),
    }


def _cancelled(removed: Any, traded: Any) -> Floats:
    """The share of what was removed that trades do not explain, in [0, 1]; NaN where nothing was removed."""
    return np.asarray(np.maximum(removed - traded, 0) / np.where(removed > 0, removed, np.nan))


def _grown(touch: Int64s, at_trade: Int64s) -> Floats:
    """How the best bid's size grew against the best ask's since the last trade, in [-1, 1]; NaN before a trade."""
    bid, bid_before = touch[:, 1], at_trade[:, 1]
    ask, ask_before = touch[:, 3], at_trade[:, 3]
    known = (bid_before > 0) & (ask_before > 0)
    total = np.where(known, bid + bid_before + ask + ask_before, np.nan)
    return np.asarray((bid - bid_before - ask + ask_before) / total)
