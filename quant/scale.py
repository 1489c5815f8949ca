"""The reference deviation of the next horizon: how large the next return will be, of every instrument, bar by bar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.rolling import Floats
from quant.volatility import DECAY, RETURNS_MIN


class Scaled(NamedTuple):
    """Per bar, shape (n_instruments,), NaN while unknown: HAR deviation without the season, square root of the mean
    season of the horizon ahead, and the reference deviation.
    """

    har: Floats
    season: Floats
    s_ref: Floats


class Scale:
    """Fed with every closed bar in order; the same object live, over history and in replay."""

    def __init__(self, width: int, bar_s: float, horizon_bars: int) -> None:
        if horizon_bars < 1:
            raise ValueError(f"horizon of {horizon_bars} bars, expected 1 or more")
        self.columns = {"sums": np.zeros((width, 2)), "count": np.zeros((width, 1))}
        self.shared: dict[str, Floats] = {}

    def step(self, close_ns: int, r: Floats) -> Scaled:
        """One closed bar: the log returns (n_instruments,), NaN where absent."""
        known = ~np.isnan(r)
        rate = np.where(known, 1.0 - DECAY, 0.0)[:, None]
        sums = self.columns["sums"]
        sums += rate * (np.stack([np.where(known, r, 0.0) ** 2, np.ones(r.shape)], axis=1) - sums)
        self.columns["count"][:, 0] += known
        enough = known & (self.columns["count"][:, 0] >= RETURNS_MIN) & (sums[:, 0] > 0.0)
        s_ref = np.sqrt(sums[:, 0] / np.where(enough, sums[:, 1], np.nan))
        return Scaled(s_ref, np.ones(r.shape), s_ref)
