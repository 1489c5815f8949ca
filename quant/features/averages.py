"""Exponential means of many columns at once, and the indicators that need them: stateful, one step a bar.

Means are normalised (an early mean is over what there is), an absent value changes nothing, and what was known
`n` bars ago counts (1 - rate)^n: after 256 bars a Wilder mean of 14 has forgotten its start to 1e-8.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from quant.features.kernels import FLAT, SETTLED
from quant.rolling import Floats, blend

FIRST = ("tr", "up", "down", "gain", "loss", "gain", "loss", "c", "c", "dv", "v", "n")
RATES = np.array([1 / 14, 1 / 14, 1 / 14, 1 / 14, 1 / 14, 1 / 60, 1 / 60, 2 / 13, 2 / 27, 2 / 1441, 2 / 1441, 2 / 1441])
SETTLING = ("atr", "up_14", "down_14", "gain_14", "loss_14", "gain_60", "loss_60", "ema_12", "ema_26")
LONG = ("dv_mean", "v_mean", "n_mean")
SIGNAL_RATE, WILDER_RATE = 2 / 10, 1 / 14
KAMA_BARS, KAMA_FAST, KAMA_SLOW = 10, 2 / 3, 2 / 31
LONG_BARS_MIN = 60


class Averages:
    """All stateful indicators of `width` instruments; `columns` is the whole state, instruments first.

    It is worked on with instruments last: as they lie in memory.
    """

    def __init__(self, width: int) -> None:
        self._state = {
            "mean": np.zeros((len(FIRST), width)),
            "mass": np.zeros((len(FIRST), width)),
            "second": np.zeros((3, width)),
            "second_mass": np.zeros((3, width)),
            "closes": np.full((KAMA_BARS, width), np.nan),
            "seen": np.zeros((2, width)),
            "day": np.zeros((2, width)),
        }
        self.columns = {name: rows.T for name, rows in self._state.items()}

    def run(self, bars: Mapping[str, Floats], new_day: NDArray[np.bool_]) -> dict[str, Floats]:
        """Bars in order, columns (width, bars) in and out, NaN where absent or not settled; as if one by one.

        `new_day` (bars,) says which bars are the first of their day.
        """
        state, c = self._state, bars["c"].T
        values = np.stack([bars[name].T for name in FIRST], axis=1)
        mean = _along(state["mean"], state["mass"], values, np.broadcast_to(RATES[:, None], values.shape))
        second = self._second(c, mean)
        counted = np.stack([~np.isnan(bars["r"].T), ~np.isnan(bars["v"].T)], axis=1)
        seen = state["seen"] + np.cumsum(counted, axis=0)
        state["seen"][:] = seen[-1]
        gate = np.where(counted[:, 0] & (seen[:, 0] >= SETTLED - 1), 0.0, np.nan)
        settled = mean[:, : len(SETTLING)] + gate[:, None]
        said = {name: settled[:, place] for place, name in enumerate(SETTLING)}
        paid = (seen[:, 1] >= LONG_BARS_MIN) & ~np.isnan(c)
        long = np.where(paid[:, None], mean[:, len(SETTLING) :], np.nan)
        said |= {name: long[:, place] for place, name in enumerate(LONG)}
        macd = said["ema_12"] - said["ema_26"]
        said |= {"macd": macd - second[:, 0], "adx": second[:, 1] + gate, "kama": c - second[:, 2] + gate}
        said["day_gap"] = c - self._day_level(bars, new_day) + gate
        return {name: rows.T for name, rows in said.items()}

    def _second(self, c: Floats, mean: Floats) -> Floats:
        """Means of what the first means show: signal of MACD, ADX, and Kaufman's adaptive mean, (bars, 3, width)."""
        state = self._state
        directed = mean[:, 1] + mean[:, 2]
        dx = 100.0 * np.abs(mean[:, 1] - mean[:, 2]) / np.where(directed > FLAT, directed, np.nan)
        closes = np.concatenate([state["closes"], c])
        state["closes"][:] = closes[-KAMA_BARS:]
        moves, bars = np.abs(closes[1:] - closes[:-1]), len(c)
        path = np.add.reduce([moves[back : back + bars] for back in range(KAMA_BARS)])
        share = np.abs(c - closes[:bars]) / np.where(path > FLAT, path, np.nan)
        values = np.stack([mean[:, 7] - mean[:, 8], dx, c], axis=1)
        rates = np.empty(values.shape)
        rates[:, 0], rates[:, 1] = SIGNAL_RATE, WILDER_RATE
        rates[:, 2] = (np.where(np.isnan(share), 0.0, share) * (KAMA_FAST - KAMA_SLOW) + KAMA_SLOW) ** 2
        return _along(state["second"], state["second_mass"], values, rates)

    def _day_level(self, bars: Mapping[str, Floats], new_day: NDArray[np.bool_]) -> Floats:
        """Log of the volume-weighted typical price since midnight UTC, (bars, width)."""
        day, v = self._state["day"], bars["v"].T
        traded = v > 0.0
        volume = np.where(traded, v, 0.0)
        added = np.stack([np.where(traded, bars["tp_price"].T, 0.0) * volume, volume], axis=1)
        totals = np.empty(added.shape)
        for bar, first in enumerate(new_day.tolist()):
            if first:
                day[:] = 0.0
            day += added[bar]
            totals[bar] = day
        return np.log(totals[:, 0] / np.where(totals[:, 1] > 0.0, totals[:, 1], np.nan))


def _along(total: Floats, mass: Floats, values: Floats, rates: Floats) -> Floats:
    """`blend` bar by bar: values and rates (bars, columns, width); the means after each bar."""
    means = np.empty(values.shape)
    for bar in range(len(values)):
        means[bar] = blend(total, mass, values[bar], rates[bar])
    return means
