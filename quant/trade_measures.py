"""Numbers read from windows of trades: shares, Kyle's slope, and how fast trades come.

Windows have time on the first axis and instruments on the last; NaN where not enough is known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.rolling import Floats


class TradeMeasures(NamedTuple):
    """Columns of shape (width,); NaN where not enough is known. Named and signed as in `contracts.market.TradeFrame`.

    Laws: `simb_*`, `big_imb` in [-1, 1], `vpin_50`, `tick_dir_20` in [0, 1]; all but `kyle_300` are the same for
    prices or lots counted in another unit, and swapping buyers and sellers turns the signs of the signed ones.
    """

    simb_60s: Floats
    simb_300s: Floats
    simb_3600s: Floats
    vpin_50: Floats
    kyle_300: Floats
    big_imb: Floats
    burst: Floats
    trade_gap_ms: Floats
    tick_dir_20: Floats


def share(net: Floats, total: Floats) -> Floats:
    """Sum of `net` over sum of `total`, (time, width) each; NaN where nothing was traded."""
    whole = total.sum(axis=0)
    return np.asarray(net.sum(axis=0) / np.where(whole > 0.0, whole, np.nan))


def slope(x: Floats, y: Floats, least: int) -> Floats:
    """Slope of the regression of y on x, (time, width) each, over the times at which y is known.

    NaN with fewer than `least` such times or where x does not vary.
    """
    known = ~np.isnan(y)
    count = known.sum(axis=0)
    some = np.maximum(count, 1)
    off_x = np.where(known, x - np.where(known, x, 0.0).sum(axis=0) / some, 0.0)
    off_y = np.where(known, y - np.where(known, y, 0.0).sum(axis=0) / some, 0.0)
    spread = (off_x * off_x).sum(axis=0)
    enough = (count >= least) & (spread > 1e-12 * np.where(known, x * x, 0.0).sum(axis=0)) & (spread > 0.0)
    return np.asarray((off_x * off_y).sum(axis=0) / np.where(enough, spread, np.nan))


def burst(fast: Floats, slow: Floats, age_s: Floats, fast_tau_s: float, slow_tau_s: float) -> Floats:
    """The recent rate of trades over the usual one; both corrected for how short they have been watched.

    NaN where nobody traded, or before one `fast_tau_s` has gone by.
    """
    watched = np.where(age_s >= fast_tau_s, age_s, np.nan)
    quick = fast / (1.0 - np.exp(-watched / fast_tau_s))
    usual = slow / (1.0 - np.exp(-watched / slow_tau_s))
    return np.asarray(quick / np.where(usual > 0.0, usual, np.nan))
