"""Exponential means of many columns at once, and the indicators that need them: stateful, one step a bar.

Means are normalised (an early mean is over what there is), an absent value changes nothing, and what was known
`n` bars ago counts (1 - rate)^n: after 256 bars a Wilder mean of 14 has forgotten its start to 1e-8.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from quant.features.kernels import FLAT, SETTLED
from quant.rolling import Floats, blend

FIRST = ("tr", "up", "down", "gain", "loss", "gain", "loss", "c", "c", "dv", "v", "n")
RATES = np.array([1 / 14, 1 / 14, 1 / 14, 1 / 14, 1 / 14, 1 / 60, 1 / 60, 2 / 13, 2 / 27, 2 / 1441, 2 / 1441, 2 / 1441])
NAMES = (
    "atr",
    "up_14",
    "down_14",
    "gain_14",
    "loss_14",
    "gain_60",
    "loss_60",
    "ema_12",
    "ema_26",
    "dv_mean",
    "v_mean",
    "n_mean",
)
SIGNAL_RATE, WILDER_RATE = 2 / 10, 1 / 14
KAMA_BARS, KAMA_FAST, KAMA_SLOW = 10, 2 / 3, 2 / 31
MONEY_BARS_MIN = 60


class Averages:
    """All stateful indicators of `width` instruments; `columns` is the whole state, instruments first."""

    def __init__(self, width: int) -> None:
        self.columns = {
            "mean": np.zeros((width, len(FIRST))),
            "mass": np.zeros((width, len(FIRST))),
            "second": np.zeros((width, 3)),
            "second_mass": np.zeros((width, 3)),
            "closes": np.full((width, KAMA_BARS + 1), np.nan),
            "seen": np.zeros((width, 2)),
            "day": np.zeros((width, 2)),
        }

    def step(self, bar: Mapping[str, Floats], new_day: bool) -> dict[str, Floats]:
        """One bar of every instrument: columns (width,) in, columns out, NaN where absent or not settled."""
        state = self.columns
        values = np.stack([bar[name] for name in FIRST], axis=1)
        mean = blend(state["mean"], state["mass"], values, RATES)
        second = self._second(bar["c"], mean)
        present = ~np.isnan(bar["r"])
        state["seen"] += np.stack([present, ~np.isnan(bar["dv"])], axis=1)
        settled = present & (state["seen"][:, 0] >= SETTLED - 1)
        gate = np.where(settled, 0.0, np.nan)
        said = {name: mean[:, column] + gate for column, name in enumerate(NAMES)}
        paid = state["seen"][:, 1] >= MONEY_BARS_MIN
        for column, name in enumerate(NAMES[-3:], len(NAMES) - 3):
            said[name] = np.where(paid & ~np.isnan(bar["c"]), mean[:, column], np.nan)
        macd = said["ema_12"] - said["ema_26"]
        said |= {"macd": macd - second[:, 0], "adx": second[:, 1] + gate, "kama": bar["c"] - second[:, 2] + gate}
        said["day_gap"] = self._day_gap(bar, new_day) + gate
        return said

    def _second(self, c: Floats, mean: Floats) -> Floats:
        """Means of what the first means show: signal of MACD, ADX, and Kaufman's adaptive mean."""
        state = self.columns
        directed = mean[:, 1] + mean[:, 2]
        dx = 100.0 * np.abs(mean[:, 1] - mean[:, 2]) / np.where(directed > FLAT, directed, np.nan)
        closes = state["closes"]
        closes[:, :-1] = closes[:, 1:]
        closes[:, -1] = c
        path = np.abs(closes[:, 1:] - closes[:, :-1]).sum(axis=1)
        share = np.abs(c - closes[:, 0]) / np.where(path > FLAT, path, np.nan)
        pace = (np.where(np.isnan(share), 0.0, share) * (KAMA_FAST - KAMA_SLOW) + KAMA_SLOW) ** 2
        rates = np.empty(state["second"].shape)
        rates[:, 0], rates[:, 1], rates[:, 2] = SIGNAL_RATE, WILDER_RATE, pace
        values = np.stack([mean[:, 7] - mean[:, 8], dx, c], axis=1)
        return blend(state["second"], state["second_mass"], values, rates)

    def _day_gap(self, bar: Mapping[str, Floats], new_day: bool) -> Floats:
        """Log close minus the log of the volume-weighted typical price since midnight UTC."""
        day = self.columns["day"]
        if new_day:
            day[:] = 0.0
        traded = bar["v"] > 0.0
        volume = np.where(traded, bar["v"], 0.0)
        day[:, 0] += np.where(traded, bar["tp_price"], 0.0) * volume
        day[:, 1] += volume
        bought = day[:, 1] > 0.0
        return bar["c"] - np.log(np.where(bought, day[:, 0], np.nan) / np.where(bought, day[:, 1], 1.0))
