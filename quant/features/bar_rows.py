"""The rows of closed bars: made of raw prices one bar or many at a time, kept as long as the longest window asks.

Law: many bars at once are the same bars one by one, to rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from quant.features.bars import (
    LEVELS,
    LONG_RETURNS,
    LRV_BARS,
    WALK_BARS,
    WALKED,
    Memory,
    carry,
    carry_all,
    elementwise,
    log_deviation,
    market,
    stretched,
    walked,
)
from quant.features.grids import Hours
from quant.features.registry import Reduction
from quant.features.sliding import Sliding, sliding
from quant.features.summed import KeptSums
from quant.rolling import Floats, Ring

_COUNTED = ("stale", "carried")
STRETCH_VALUES = 10_000
"""Of each column, in one go over many bars: what is made of them on the way should fit the cache."""


class BarRows:
    """Rings of the columns of bars and of the hours they make, and the long `reductions` of them, kept current.

    `windows` says how many rows of each column of the grids "bar" and "hour" are kept; `leader` and `horizon_bars` as
    in `FeaturePipeline`. `last` has the LEVELS of the last bar, for how many bars each instrument has been `stale`, and
    how many of its bars were `carried`.
    """

    def __init__(
        self,
        width: int,
        bar_s: float,
        horizon_bars: int,
        leader: int | None,
        windows: Mapping[str, Mapping[str, int]],
        reductions: Iterable[Reduction],
    ) -> None:
        self.close_ns = 0
        self.last = {name: np.full(width, np.nan) for name in LEVELS} | {n: np.zeros(width) for n in _COUNTED}
        self.rings = {
            grid: {name: Ring(width, rows) for name, rows in windows[grid].items()} for grid in ("bar", "hour")
        }
        self._width, self._leader = width, leader
        self._memory, self._hours = Memory(width, bar_s, horizon_bars), Hours(width, bar_s, leader)
        self._sums = KeptSums(self.rings["bar"], reductions)
        kept = ((key, sliding(key[0], width, key[2])) for key in self._sums.others)
        self._slides: dict[Reduction, Sliding] = {key: slide for key, slide in kept if slide is not None}

    def push(self, close_ns: int, raw: Mapping[str, Floats]) -> bool:
        """One bar, raw columns (width,); whether it ended an hour."""
        last = self.last
        bar = carry(raw, last["close"], last["stale"])
        columns = elementwise(bar.rows, last)
        tall = {name: row[:, None] for name, row in columns.items()}
        memory = self._memory.run(np.array([close_ns]), self.close_ns, tall)
        columns |= {name: column[:, 0] for name, column in memory.items()}
        columns["mk"], columns["m"] = market(columns["r"], self._leader)
        ring = self.rings["bar"]
        for name in WALKED:
            ring[name].push(columns[name])
        columns["lrv"] = log_deviation(ring["r"].view(LRV_BARS))
        columns |= {name: columns["c"] - ring["c"].view(back + 1)[:, 0] for name, back in LONG_RETURNS.items()}
        for name, kept in ring.items():
            if name not in WALKED:
                kept.push(columns[name])
        self._sums.push(columns)
        for (_, inputs, rows), slide in self._slides.items():
            slide.push([ring[name].view(rows) for name in inputs])
        ended = self._end_hour(close_ns, columns["c"], columns["r"])
        last |= {"close": bar.rows["close"], **{name: columns[name] for name in LEVELS[1:]}}
        last |= {"stale": bar.stale_bars, "carried": last["carried"] + bar.carried}
        return ended

    def push_many(self, close_ns: NDArray[np.int64], raw: Mapping[str, Floats]) -> bool:
        """Bars in order, raw columns (width, bars); whether one of them ended an hour."""
        step, ended = max(1, STRETCH_VALUES // self._width), False
        for start in range(0, len(close_ns), step):
            here = slice(start, start + step)
            ended |= self._push_stretch(close_ns[here], {name: column[:, here] for name, column in raw.items()})
        self.rebuild()
        return ended

    def _push_stretch(self, close_ns: NDArray[np.int64], raw: Mapping[str, Floats]) -> bool:
        last, ring = self.last, self.rings["bar"]
        bar, carried = carry_all(raw, last["close"], last["stale"])
        columns = stretched(bar.rows, last)
        columns |= self._memory.run(close_ns, self.close_ns, columns)
        columns["mk"], columns["m"] = market(columns["r"], self._leader)
        c, r = (np.concatenate([ring[name].view(WALK_BARS), columns[name]], axis=1) for name in WALKED)
        columns |= walked(c, r, len(close_ns))
        for name, kept in ring.items():
            kept.push_many(columns[name])
        ended = [
            self._end_hour(end_ns, columns["c"][:, at], columns["r"][:, at])
            for at, end_ns in enumerate(close_ns.tolist())
        ]
        last |= {"close": bar.rows["close"][:, -1].copy()}
        last |= {name: columns[name][:, -1].copy() for name in LEVELS[1:]}
        last |= {"stale": bar.stale_bars, "carried": last["carried"] + carried}
        return any(ended)

    def _end_hour(self, close_ns: int, c: Floats, r: Floats) -> bool:
        hour = self._hours.step(close_ns, self.close_ns, c, r)
        self.close_ns = close_ns
        for name, ring in self.rings["hour"].items():
            if hour is not None:
                ring.push(hour[name])
        return hour is not None

    def reduced(self, reduction: Reduction, windows: Sequence[Floats]) -> tuple[Floats, ...]:
        """What a reduction of bars says now, of the windows of its columns."""
        slide = self._slides.get(reduction)
        if slide:
            return slide.answer()
        return self._sums.told(reduction, windows)

    def rebuild(self) -> None:
        """Fold the long windows anew from the rings, whose content was replaced."""
        self._sums.rebuild(self.rings["bar"]["c"].rows)
        for reduction, slide in self._slides.items():
            slide.rebuild(self._views(reduction), self.rings["bar"][reduction[1][0]].rows)

    def _views(self, reduction: Reduction) -> list[Floats]:
        _, inputs, rows = reduction
        return [self.rings["bar"][name].view(rows) for name in inputs]

    def arrays(self) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """The live arrays outside the rings, those by instrument and those shared by all."""
        columns: dict[str, Floats] = {f"last.{name}": row for name, row in self.last.items()}
        columns |= {f"hours.{name}": array for name, array in self._hours.columns.items()}
        columns |= {f"memory.{name}": array for name, array in self._memory.columns.items()}
        return columns, {f"memory.{name}": array for name, array in self._memory.shared.items()}
