"""What a trade costs, in bps of its notional: fee, half the spread, and walking into the book."""

from __future__ import annotations

import numpy as np

from quant.rolling import Floats


def slippage_bps(notional: Floats, depth_notional: Floats, half_spread_bps: Floats) -> Floats:
    """Nothing while the order fits the best level; one more half spread for each further multiple of its size.

    A market order of `m` times the best level reaches about m levels deep, and pays the mean of what it walks through.
    NaN where the depth is not known or nothing rests: an unknown cost is not a small one.
    """
    depth = np.where(depth_notional > 0.0, depth_notional, np.nan)
    beyond = np.maximum(0.0, np.abs(notional) / depth - 1.0)
    return np.asarray(half_spread_bps * beyond / 2.0)


def one_way_bps(fee_bps: Floats, half_spread_bps: Floats, slippage_bps: Floats) -> Floats:
    """Cost of one trade that takes liquidity."""
    return np.asarray(fee_bps + half_spread_bps + slippage_bps)


def round_trip_bps(fee_bps: Floats, half_spread_bps: Floats, slippage_bps: Floats) -> Floats:
    """Cost of opening and closing."""
    return np.asarray(2.0 * one_way_bps(fee_bps, half_spread_bps, slippage_bps))
