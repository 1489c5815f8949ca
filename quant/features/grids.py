"""Rows slower than they are pushed: hours made of bars, and the last value said in each minute, hour or day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.features.bars import market
from quant.rolling import Floats, Ring

SECOND_NS = 1_000_000_000
HOUR_S = 3_600.0
HOUR_COLUMNS = ("c", "r", "r2", "m", "mk")
SLOTS_S = {"perp_minute": 60, "perp_hour": 3_600, "context_hour": 3_600, "context_day": 86_400}
"""Spacing of the grids that keep the last value of each slot of UTC time."""


class Hours:
    """Closes an hour with the first bar that ends at or beyond it (a bar longer than an hour is a row of its own).

    `c` is the log close, `r` the log return since the hour before, `r2` the mean squared return of a bar inside, `m`
    and `mk` the reference and the market of `r`. Time without bars makes no rows. `columns` is the state.
    """

    def __init__(self, width: int, bar_s: float, leader: int | None) -> None:
        self._slot_ns = round(max(bar_s, HOUR_S) * SECOND_NS)
        self._leader = leader
        self.columns = {"sums": np.zeros((width, 2)), "close": np.full((width, 1), np.nan)}

    def step(self, close_ns: int, close_before_ns: int, c: Floats, r: Floats) -> dict[str, Floats] | None:
        """One bar, columns (width,); the row of HOUR_COLUMNS if it ends an hour."""
        sums, close = self.columns["sums"], self.columns["close"]
        known = ~np.isnan(r)
        sums[:, 0] += np.where(known, r * r, 0.0)
        sums[:, 1] += known
        if close_ns // self._slot_ns == close_before_ns // self._slot_ns:
            return None
        hour_r = c - close[:, 0]
        mean, reference = market(hour_r, self._leader)
        square = sums[:, 0] / np.where(sums[:, 1] > 0.0, sums[:, 1], np.nan)
        close[:, 0] = c
        sums[:] = 0.0
        return {"c": c, "r": hour_r, "r2": square, "m": reference, "mk": mean}


class Slots:
    """One slot grid of a few columns: the newest row is the value now, older rows the last values of their slots."""

    def __init__(self, grid: str, width: int, windows: dict[str, int]) -> None:
        self._spacing_ns = SLOTS_S[grid] * SECOND_NS
        self.rings = {name: Ring(width, window) for name, window in windows.items()}
        self.slot = -1

    def push(self, at_ns: int, rows: dict[str, Floats]) -> None:
        slot = at_ns // self._spacing_ns
        skipped = slot - self.slot - 1 if self.slot >= 0 else 0
        for name, ring in self.rings.items():
            if slot <= self.slot:
                ring.replace(rows[name])
                continue
            absent = np.full(ring.n_instruments, np.nan)
            for _ in range(min(skipped, ring.window)):
                ring.push(absent)
            ring.push(rows[name])
        self.slot = max(slot, self.slot)


def slot_rows(grid: str, at_ns: NDArray[np.int64], column: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """A history (instruments, times) as the rows of complete slots, and for each time the number of its own slot."""
    slots = at_ns // (SLOTS_S[grid] * SECOND_NS)
    index = slots - slots[0]
    rows = np.full((column.shape[0], int(index[-1]) + 1), np.nan)
    last = np.append(index[1:] != index[:-1], True)
    rows[:, index[last]] = column[:, last]
    return rows, index
