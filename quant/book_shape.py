"""The shape of books beyond the touch: imbalance of many levels, depth near the mid, and how fast it grows.

Ladders are (N, LEVELS) arrays of each side, best first, prices in ticks and sizes in lots; 0 lots where a side has no
such level. Results are columns (N,), NaN where a side is empty.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.order_flow import Numbers, imbalance
from quant.rolling import Floats

Int64s = NDArray[np.int64]

LEVELS: Final = 20
WEIGHTS: Final = np.exp(-np.arange(LEVELS) / 5.0)
"""A level's weight in `imbalance_l20`: a level is worth 1/e of one five places nearer to the touch."""

NEAR_BPS: Final = 10
SLOPE_LEVELS_MIN: Final = 3


class Shape(NamedTuple):
    """What ladders show; `slope` is in lots per bp, the mean of both sides."""

    imbalance_l5: Floats
    imbalance_l20: Floats
    slope: Floats


def shape(bid_ticks: Int64s, bid_lots: Int64s, ask_ticks: Int64s, ask_lots: Int64s) -> Shape:
    """Imbalances and slope of ladders; sizes alone decide the imbalances, positive with more bids.

    Laws: the same for lots or ticks counted in another unit (the slope in lots but for its unit); swapping the sides
    turns the signs of the imbalances and leaves the slope.
    """
    slopes = (_slope(bid_ticks, bid_lots), _slope(ask_ticks, ask_lots))
    return Shape(
        _lean(bid_lots[:, :5].sum(axis=1), ask_lots[:, :5].sum(axis=1)),
        _lean(bid_lots @ WEIGHTS, ask_lots @ WEIGHTS),
        (slopes[0] + slopes[1]) / 2.0,
    )


def near(bid: int, ask: int) -> tuple[int, int]:
    """The lowest bid and the highest ask, in ticks, that lie within 10 bp of the mid of that touch."""
    return -(-(bid + ask) * (10_000 - NEAR_BPS) // 20_000), (bid + ask) * (10_000 + NEAR_BPS) // 20_000


def _lean(bid_size: Numbers, ask_size: Numbers) -> Floats:
    return np.where((bid_size > 0) & (ask_size > 0), imbalance(bid_size, ask_size), np.nan)


def _slope(ticks: Int64s, lots: Int64s) -> Floats:
    """Least-squares slope of the lots up to a level on its distance from the touch in bp; NaN below three levels."""
    held = lots > 0
    count = held.sum(axis=1)
    best = np.maximum(ticks[:, :1], 1)
    distance_bps = np.where(held, 1e4 * np.abs(ticks - best) / best, 0.0)
    depth = np.where(held, np.cumsum(lots, axis=1), 0.0)
    some = np.maximum(count, 1)[:, None]
    off_x = np.where(held, distance_bps - distance_bps.sum(axis=1, keepdims=True) / some, 0.0)
    off_y = np.where(held, depth - depth.sum(axis=1, keepdims=True) / some, 0.0)
    spread = (off_x * off_x).sum(axis=1)
    return np.asarray(
        (off_x * off_y).sum(axis=1) / np.where((count >= SLOPE_LEVELS_MIN) & (spread > 0), spread, np.nan)
    )
