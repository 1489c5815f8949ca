"""Sums over the last rows of many columns, kept as they slide: the cost of a bar does not grow with the windows.

Rows are counted from the first one ever and added up in blocks of BLOCK: the rest of the block in which a window
begins, the whole blocks after it and the rows since are each known already, and putting them together is all that a
bar costs. Nothing is ever subtracted, so nothing drifts, and an absent value is gone with its row. Law: a sum depends
on the rows of its window and on their numbers alone; what is rebuilt from the rings goes on bit for bit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats, Ring

BLOCK: Final = 10
"""Rows; no window is shorter."""


class Channel(NamedTuple):
    """What is added up: an elementwise function of a column, as it is and as it was one row before."""

    column: str
    of: Callable[[Floats, Floats], Floats]


CHANNELS: Final[Mapping[str, Channel]] = {
    **{name: Channel(name, lambda x, was: x) for name in ("r", "m", "r_5", "r_20", "hl2", "gk", "lrv")},
    **{name: Channel(name, lambda x, was: x) for name in ("pv", "v", "dv", "ill")},
    **{f"|{name}|": Channel(name, lambda x, was: np.abs(x)) for name in ("r", "sv", "mf")},
    **{f"{name}^2": Channel(name, lambda x, was: x * x) for name in ("r", "r_5", "r_20", "lrv")},
    "r^3": Channel("r", lambda x, was: x * x * x),
    "r^4": Channel("r", lambda x, was: (x * x) ** 2),
    "r-^2": Channel("r", lambda x, was: np.minimum(x, 0.0) ** 2),
    "mf+": Channel("mf", lambda x, was: np.maximum(x, 0.0)),
    "r r'": Channel("r", lambda x, was: x * was),
    "|r r'|": Channel("r", lambda x, was: np.abs(x * was)),
}

Term = tuple[str, int]
"""A channel, and over how many rows it is added up."""


class Sums:
    """The sums of all `terms` over the columns of `rings`, NaN where a row of theirs is absent or not there yet."""

    def __init__(self, rings: Mapping[str, Ring], terms: Iterable[Term]) -> None:
        self.terms = tuple(dict.fromkeys(terms))
        self._channels = tuple(dict.fromkeys(name for name, _ in self.terms))
        self._rings = rings
        width = next(iter(rings.values())).n_instruments
        self._at = np.array([self._channels.index(name) for name, _ in self.terms], dtype=np.int64)
        self._long = np.array([rows for _, rows in self.terms], dtype=np.int64)
        self._kept = int(self._long.max(initial=BLOCK)) // BLOCK + 2
        shape = (len(self._channels), width)
        self._rest = np.full((self._kept, BLOCK, *shape), np.nan)
        self._whole = np.full((2 * self._kept, *shape), np.nan)
        self._rows, self._newest = np.full((BLOCK, *shape), np.nan), np.zeros(shape)
        self._middle = np.zeros((len(self.terms), width))
        self._pushed = 0
        self._before: Mapping[str, Floats] = dict.fromkeys(rings, np.full(width, np.nan))
        phases = range(BLOCK)
        self._turns = [[i for i in range(len(self.terms)) if not phase or self._turned(i, phase)] for phase in phases]

    def _turned(self, term: int, phase: int) -> bool:
        return bool((phase - self._long[term]) % BLOCK == 0)

    def push(self, row: Mapping[str, Floats]) -> None:
        """The row, columns (width,), that came into every ring."""
        begun = self._pushed % BLOCK
        lifted = self._rows[begun]
        for place, name in enumerate(self._channels):
            column, of = CHANNELS[name]
            lifted[place] = of(row[column], self._before[column])
        self._before = row
        self._newest += lifted
        self._pushed += 1
        if begun + 1 == BLOCK:
            self._end_block(self._pushed // BLOCK - 1)
        for term in self._turns[self._pushed % BLOCK]:
            self._fold_middle(term)

    def _end_block(self, block: int) -> None:
        """Add up the rows of the block from each of them on."""
        place = block % self._kept
        np.add.accumulate(self._rows[::-1], axis=0, out=self._rest[place][::-1])
        self._whole[place] = self._whole[place + self._kept] = self._rest[place][0]
        self._newest = np.zeros_like(self._newest)

    def _fold_middle(self, term: int) -> None:
        """Add up the whole blocks behind the one in which the window of the term begins."""
        first = (self._pushed - int(self._long[term])) // BLOCK + 1
        start, count = first % self._kept, self._pushed // BLOCK - first
        np.add.reduce(self._whole[start : start + count, self._at[term]], axis=0, out=self._middle[term])

    def rebuild(self, pushed: int) -> None:
        """Become what has seen `pushed` rows that end as the rings do now."""
        now, begun = divmod(pushed, BLOCK)
        rows = self._lifted(self._kept * BLOCK + begun)
        for block in range(self._kept):
            self._rows[:] = rows[block * BLOCK : (block + 1) * BLOCK]
            self._end_block(now - self._kept + block)
        for at, row in enumerate(rows[len(rows) - begun :]):
            self._rows[at] = row
            self._newest += row
        self._pushed = pushed
        self._before = {name: ring.view(1)[:, 0].copy() for name, ring in self._rings.items()}
        for term in range(len(self.terms)):
            self._fold_middle(term)

    def _lifted(self, rows: int) -> Floats:
        """The last rows of all channels, (rows, channels, width)."""
        lifted = np.empty((rows, *self._newest.shape))
        for place, name in enumerate(self._channels):
            column, of = CHANNELS[name]
            ring = self._rings[column]
            told = min(rows, ring.window)
            window = ring.view(min(told + 1, ring.window)).T
            was = np.concatenate([np.full((1, window.shape[1]), np.nan), window])[-told - 1 : -1]
            lifted[: rows - told, place] = np.nan
            lifted[rows - told :, place] = of(window[-told:], was)
        return lifted

    def answer(self) -> dict[Term, Floats]:
        """Every term as it is now, each (width,)."""
        first, offset = np.divmod(self._pushed - self._long, BLOCK)
        sums = self._rest[first % self._kept, offset, self._at]
        sums += self._middle
        sums += self._newest[self._at]
        return dict(zip(self.terms, sums, strict=True))


class Sliding(ABC):
    """What slides over `_columns` of the rings in blocks as sums do, but is added up in a way of its own.

    `_rows` (BLOCK, columns, width) are those of the block that is begun; term number i reaches over `_long[i]` rows.
    """

    _columns: tuple[str, ...]
    _rings: Mapping[str, Ring]
    _long: NDArray[np.int64]
    _kept: int
    _rows: Floats
    _pushed: int

    @abstractmethod
    def _add(self, row: Floats) -> None:
        """Take in one row (columns, width), and count it."""

    @abstractmethod
    def _end_block(self, block: int) -> None:
        """Add up the rows of the block from each of them on."""

    @abstractmethod
    def _fold_middle(self, term: int) -> None:
        """Add up the whole blocks behind the one in which the window of the term begins."""

    def push(self, row: Mapping[str, Floats]) -> None:
        """The row, columns (width,), that came into every ring."""
        self._add(np.array([row[name] for name in self._columns]).reshape(self._rows.shape[1:]))
        if self._pushed % BLOCK == 0:
            self._end_block(self._pushed // BLOCK - 1)
        for term, rows in enumerate(self._long.tolist()):
            if self._pushed % BLOCK == 0 or (self._pushed - rows) % BLOCK == 0:
                self._fold_middle(term)

    def rebuild(self, pushed: int) -> None:
        """Become what has seen `pushed` rows that end as the rings do now."""
        now, begun = divmod(pushed, BLOCK)
        rows = self._kept * BLOCK + begun
        lifted = np.full((rows, *self._rows.shape[1:]), np.nan)
        for place, name in enumerate(self._columns):
            told = min(rows, self._rings[name].window)
            lifted[rows - told :, place] = self._rings[name].view(told).T
        for block in range(self._kept):
            self._rows[:] = lifted[block * BLOCK : (block + 1) * BLOCK]
            self._end_block(now - self._kept + block)
        self._pushed = now * BLOCK
        for row in lifted[rows - begun :]:
            self._add(row)
        for term in range(len(self._long)):
            self._fold_middle(term)
