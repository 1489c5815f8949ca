"""Pairs: each instrument against the one it moves with most, by a hedge that is followed and a spread that is tested.

Engle and Granger (1987) for the test, a Kalman filter of intercept and slope (Elliott, van der Hoek and Malcolm 2005)
for the hedge, an AR(1) of its residual for the speed of reversion. Columns are instruments, each the left side of one
pair; all prices are logs since the first one seen, so that scale does not matter.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from quant.agents.memory import Memory, full
from quant.rolling import Floats

SAMPLES: Final = 720
SAMPLES_MIN: Final = 240
WINDOW_S: Final = 30 * 86_400.0
DAY_S: Final = 86_400.0
REFRESH_BARS_MIN: Final = 5
WANDER: Final = 1e-5
"""Variance of the hedge's steps per bar, in units of the spread's (and of what it is regressed on)."""
AR_KEEP: Final = 1.0 - 1.0 / 240.0
AR_BARS_MIN: Final = 60
TINY: Final = 1e-24
_STATES: Final = ("intercept", "slope", "p_aa", "p_ab", "p_bb", "noise", "lever")
_SUMS: Final = ("n", "x", "y", "xx", "xy", "yy")


def adf_t(series: Floats) -> Floats:
    """t statistic of Dickey and Fuller with a constant and one lag, for each column of (times, N).

    Least squares of the step on (1, level before, step before); NaN where a value is absent or nothing moves.
    """
    steps = np.diff(series, axis=0)
    target, lagged, level = steps[1:], steps[:-1], series[1:-1] - series[1:-1].mean(axis=0)
    x = np.stack([np.ones_like(level), level, lagged])
    normal = np.einsum("itn,jtn->nij", x, x)
    moment = np.einsum("itn,tn->ni", x, target)
    usable = np.isfinite(normal).all(axis=(1, 2)) & (normal[:, 1, 1] > TINY) & (normal[:, 2, 2] > TINY)
    scale = np.sqrt(np.where(usable[:, None], np.einsum("nii->ni", normal), 1.0))
    matrix = np.where(usable[:, None, None], normal / (scale[:, :, None] * scale[:, None, :]), np.eye(3))
    usable &= np.linalg.det(matrix) > 1e-10
    inverse = np.linalg.inv(np.where(usable[:, None, None], matrix, np.eye(3)))
    fit = np.einsum("nij,nj->ni", inverse, np.where(usable[:, None], moment / scale, 0.0))
    residual = target - np.einsum("itn,ni->tn", x, fit / scale)
    variance = (residual * residual).sum(axis=0) / (len(target) - 3)
    error = np.sqrt(variance * inverse[:, 1, 1])
    return np.asarray(np.where(usable & (error > 0.0), fit[:, 1] / np.where(error > 0.0, error, 1.0), np.nan))


class Pairs(Memory):
    """Partner, hedge, spread, its reversion and its test, for every instrument.

    Laws: only bars that were pushed count; an absent close changes nothing of its pairs.
    """

    def __init__(self, width: int, bar_s: float) -> None:
        wide = {name: full(width, of=np.nan) for name in ("anchor", "spread", "t", *_STATES)}
        wide |= {name: full(width) for name in _SUMS}
        wide |= {"samples": full(width, SAMPLES, of=np.nan), "partner": (np.full(width, -1, dtype=np.int64), -1)}
        super().__init__(wide, {"bars": np.zeros(1, dtype=np.int64)})
        window = max(SAMPLES_MIN, min(SAMPLES, round(WINDOW_S / bar_s)))
        self._stride = max(1, round(WINDOW_S / bar_s / window))
        self._window = window
        self._refresh = max(REFRESH_BARS_MIN, round(DAY_S / bar_s))

    def push(self, close: Floats) -> None:
        """One closed bar (N,), NaN where nothing was quoted."""
        price = np.log(close)
        self["anchor"] = np.where(np.isnan(self["anchor"]), price, self["anchor"])
        level = price - self["anchor"]
        bar = int(self["bars"][0])
        if bar % self._stride == 0:
            self["samples"][:-1] = self["samples"][1:]
            self["samples"][-1] = level
        self["bars"][0] = bar + 1
        samples = bar // self._stride + 1
        if samples >= SAMPLES_MIN and bar % self._refresh == 0:
            self._pair_up(self["samples"][-min(samples, self._window) :])
        self._follow(level)

    def _pair_up(self, samples: Floats) -> None:
        """Choose partners by the correlation of steps, and test the residual of each; a new partner begins anew."""
        complete = np.isfinite(samples).all(axis=0)
        steps = np.diff(np.where(complete, samples, 0.0), axis=0)
        steps = steps - steps.mean(axis=0)
        size = np.sqrt((steps * steps).sum(axis=0))
        moving = complete & (size > 1e-12)
        unit = np.where(moving, steps / np.where(moving, size, 1.0), 0.0)
        likeness = np.where(moving[:, None] & moving[None, :], unit.T @ unit, -np.inf)
        np.fill_diagonal(likeness, -np.inf)
        best = np.argmax(likeness, axis=1)
        has_one = np.take_along_axis(likeness, best[:, None], axis=1)[:, 0] > 0.0
        partner = np.where(has_one, best, -1)
        y, x = samples, samples[:, partner]
        mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
        var_x = ((x - mean_x) ** 2).mean(axis=0)
        slope = ((x - mean_x) * (y - mean_y)).mean(axis=0) / np.where(var_x > TINY, var_x, np.nan)
        residual = y - mean_y - slope * (x - mean_x)
        self["t"] = np.where(has_one, adf_t(residual), np.nan)
        self._begin(partner, mean_y - slope * mean_x, slope, (residual**2).mean(axis=0), var_x)

    def _begin(
        self, partner: NDArray[np.int64], intercept: Floats, slope: Floats, noise: Floats, lever: Floats
    ) -> None:
        new = (partner != self["partner"]) | np.isnan(self["slope"])
        fresh = (intercept, slope, noise / SAMPLES_MIN, 0.0 * noise, noise / lever / SAMPLES_MIN, noise, lever)
        for name, values in zip(_STATES, fresh, strict=True):
            self[name] = np.where(new, values, self[name])
        for name in _SUMS:
            self[name] = np.where(new, 0.0, self[name])
        self["spread"] = np.where(new, np.nan, self["spread"])
        self["partner"] = partner

    def _follow(self, level: Floats) -> None:
        """One step of the filter and of the AR(1) of its innovations, where both sides are quoted."""
        x = np.where(self["partner"] >= 0, level[self["partner"]], np.nan)
        spread = level - self["intercept"] - self["slope"] * x
        known = np.isfinite(spread) & (self["noise"] > TINY) & (self["lever"] > TINY)
        noise = np.where(known, self["noise"], 1.0)
        p_aa = self["p_aa"] + WANDER * noise
        p_bb = self["p_bb"] + WANDER * noise / np.where(known, self["lever"], 1.0)
        p_ab = self["p_ab"]
        gain_a, gain_b = p_aa + p_ab * x, p_ab + p_bb * x
        total = gain_a + gain_b * x + noise
        step = np.where(known, spread, 0.0) / total
        moved = {
            "intercept": self["intercept"] + gain_a * step,
            "slope": self["slope"] + gain_b * step,
            "p_aa": p_aa - gain_a * gain_a / total,
            "p_ab": p_ab - gain_a * gain_b / total,
            "p_bb": p_bb - gain_b * gain_b / total,
            "noise": AR_KEEP * noise + (1.0 - AR_KEEP) * spread * spread,
        }
        before = self["spread"]
        self._regress(before, spread, known & np.isfinite(before))
        for name, values in moved.items():
            self[name] = np.where(known, values, self[name])
        self["spread"] = np.where(known, spread, np.nan)

    def _regress(self, before: Floats, now: Floats, known: NDArray[np.bool_]) -> None:
        x, y = np.where(known, before, 0.0), np.where(known, now, 0.0)
        for name, values in zip(_SUMS, (known * 1.0, x, y, x * x, x * y, y * y), strict=True):
            self[name] = np.where(known, AR_KEEP * self[name] + values, self[name])

    def reversion(self) -> tuple[Floats, Floats, Floats]:
        """The spread above its mean now, its speed per bar and the deviation of its steps; NaN where not known."""
        n = self["n"]
        enough = n >= (1.0 - AR_KEEP**AR_BARS_MIN) / (1.0 - AR_KEEP)
        count = np.where(enough, n, 1.0)
        xx = self["xx"] - self["x"] ** 2 / count
        xy = self["xy"] - self["x"] * self["y"] / count
        yy = self["yy"] - self["y"] ** 2 / count
        moving = enough & (xx > TINY)
        rho = np.where(moving, xy / np.where(moving, xx, 1.0), np.nan)
        noise = np.sqrt(np.maximum(yy - rho * xy, 0.0) / count)
        return self["spread"] - self["y"] / count, -np.log(np.clip(rho, 1e-4, 1.0)), noise

    def lay_out(self, to: NDArray[np.int64]) -> None:
        """Partners that left leave their pair without one; it begins anew at the next choice."""
        where = np.full(max(len(self["partner"]), 1), -1, dtype=np.int64)
        where[to[to >= 0]] = np.flatnonzero(to >= 0)
        super().lay_out(to)
        partner = self["partner"]
        self["partner"] = np.where(partner >= 0, where[partner], -1)
