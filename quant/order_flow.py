"""Order flow and the state of the touch: imbalance, microprice, and the order-flow imbalance between two quotes.

Cont, Kukanov and Stoikov (2014), "The price impact of order book events", equation (3): with b, a the best prices and
B, A the sizes there, before (') and after:
e = 1{b >= b'} B - 1{b <= b'} B' - 1{a <= a'} A + 1{a >= a'} A'. Positive when buyers press. Prices are ticks, sizes
lots; a price of 0 ticks means that the side is empty.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats

Numbers = Floats | NDArray[np.int64]


class Touch(NamedTuple):
    """The best prices and their sizes at one instant."""

    bid: int
    bid_lots: int
    ask: int
    ask_lots: int


class Measures(NamedTuple):
    """What touches show, columns of shape (N,); NaN where a side is empty or the book is locked or crossed.

    `imbalance` in [-1, 1] is positive with more bids; `micro_bps` is the microprice against the mid.
    """

    spread_bps: Floats
    imbalance: Floats
    micro_bps: Floats


def order_flow(before: Touch, after: Touch) -> int:
    """Order-flow imbalance of one change of the touch, in lots; 0 where a side was or is empty."""
    b0, b0_lots, a0, a0_lots = before
    b1, b1_lots, a1, a1_lots = after
    if b0 <= 0 or a0 <= 0 or b1 <= 0 or a1 <= 0:
        return 0
    bid = (b1_lots if b1 >= b0 else 0) - (b0_lots if b1 <= b0 else 0)
    ask = (a1_lots if a1 <= a0 else 0) - (a0_lots if a1 >= a0 else 0)
    return bid - ask


def removed(before: Touch, after: Touch) -> int:
    """Lots gone from the best levels by one change of the touch, traded or taken back; 0 where a side was or is empty.

    A level that is no longer best because a better one came has lost nothing.
    """
    b0, b0_lots, a0, a0_lots = before
    b1, b1_lots, a1, a1_lots = after
    if b0 <= 0 or a0 <= 0 or b1 <= 0 or a1 <= 0:
        return 0
    bid = b0_lots if b1 < b0 else max(0, b0_lots - b1_lots) if b1 == b0 else 0
    ask = a0_lots if a1 > a0 else max(0, a0_lots - a1_lots) if a1 == a0 else 0
    return bid + ask


def order_flows(bid: Numbers, bid_size: Numbers, ask: Numbers, ask_size: Numbers) -> Floats:
    """The same of a whole history: quotes (..., times), one increment per quote, the first 0; NaN where a quote is."""
    flows = np.zeros(np.shape(bid))
    b0, b1, a0, a1 = bid[..., :-1], bid[..., 1:], ask[..., :-1], ask[..., 1:]
    buyers = np.where(b1 >= b0, bid_size[..., 1:], 0.0) - np.where(b1 <= b0, bid_size[..., :-1], 0.0)
    sellers = np.where(a1 <= a0, ask_size[..., 1:], 0.0) - np.where(a1 >= a0, ask_size[..., :-1], 0.0)
    absent = np.isnan(b0 + b1 + a0 + a1)
    flows[..., 1:] = np.where(absent, np.nan, buyers - sellers)
    return flows


def measure(bid: Numbers, bid_size: Numbers, ask: Numbers, ask_size: Numbers) -> Measures:
    """Spread, imbalance and microprice of many touches, each column of shape (N,)."""
    valid = (bid > 0) & (ask > bid) & (bid_size > 0) & (ask_size > 0)
    mid = np.where(valid, (bid + ask) / 2.0, np.nan)
    spread_bps = 1e4 * (ask - bid) / mid
    lean = imbalance(np.where(valid, bid_size, np.nan), np.where(valid, ask_size, np.nan))
    return Measures(np.asarray(spread_bps), lean, np.asarray(lean * spread_bps / 2.0))


def imbalance(bid_size: Numbers, ask_size: Numbers) -> Floats:
    """(B - A) / (B + A) in [-1, 1], positive with more bids; NaN where nothing rests."""
    total = np.asarray(bid_size + ask_size, dtype=np.float64)
    return np.asarray((bid_size - ask_size) / np.where(total > 0.0, total, np.nan))


def microprice(bid: Numbers, bid_size: Numbers, ask: Numbers, ask_size: Numbers) -> Floats:
    """(B a + A b) / (B + A): the mid leaning towards the thinner side; between bid and ask. NaN where nothing rests."""
    return np.asarray((bid + ask) / 2.0 + imbalance(bid_size, ask_size) * (ask - bid) / 2.0)
