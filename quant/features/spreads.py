"""How far the last value is from those of windows before it, kept as they slide: sums of offsets and of their squares.

Like `quant.features.sums`; but the rows of each part are measured from one of them, so that the spread of a level far
from 0 is as exact as that of one around it, and what stands still has none at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from quant.features.sums import BLOCK, Sliding, Term
from quant.rolling import Floats, Ring


class Spreads(Sliding):
    """Of every term (a column of `rings`, a number of rows) the sums of the offsets from its last value and of their
    squares; NaN where a row is absent or not there yet.

    A part, (3, width), is the level it is measured from, and the sums of what its rows are beyond it and of the squares
    of that. `_rest` has the parts of a block from each of its rows on, `_whole` those of whole blocks.
    """

    def __init__(self, rings: Mapping[str, Ring], terms: Iterable[Term]) -> None:
        self.terms = tuple(dict.fromkeys(terms))
        self._columns = tuple(dict.fromkeys(name for name, _ in self.terms))
        self._rings = rings
        width = next(iter(rings.values())).n_instruments
        self._at = np.array([self._columns.index(name) for name, _ in self.terms], dtype=np.int64)
        self._long = np.array([rows for _, rows in self.terms], dtype=np.int64)
        self._kept = int(self._long.max(initial=BLOCK)) // BLOCK + 2
        columns = len(self._columns)
        self._rest = np.full((self._kept, BLOCK, columns, 3, width), np.nan)
        self._whole = np.full((2 * self._kept, columns, 3, width), np.nan)
        self._rows, self._newest = np.full((BLOCK, columns, width), np.nan), np.zeros((columns, 3, width))
        self._parts = np.zeros((3, len(self.terms), 3, width))
        self._pushed = 0

    def _add(self, row: Floats) -> None:
        begun, newest = self._pushed % BLOCK, self._newest
        self._rows[begun] = row
        if not begun:
            newest[:, 0] = self._rows[0]
        offset = self._rows[begun] - newest[:, 0]
        newest[:, 1] += offset
        newest[:, 2] += offset * offset
        self._pushed += 1

    def _end_block(self, block: int) -> None:
        """Add up the rows of the block from each of them on, measured from its last one."""
        place = block % self._kept
        rest, offset = self._rest[place], self._rows - self._rows[-1]
        rest[:, :, 0] = self._rows[-1]
        rest[::-1, :, 1] = np.add.accumulate(offset[::-1], axis=0)
        rest[::-1, :, 2] = np.add.accumulate((offset * offset)[::-1], axis=0)
        self._whole[place] = self._whole[place + self._kept] = rest[0]
        self._newest = np.zeros_like(self._newest)

    def _fold_middle(self, term: int) -> None:
        """Add up the whole blocks behind the one in which the window of the term begins, measured from the last."""
        first = (self._pushed - int(self._long[term])) // BLOCK + 1
        start, count = first % self._kept, self._pushed // BLOCK - first
        middle = self._parts[1, term]
        middle[:] = 0.0
        if count:
            level, total, square = self._whole[start : start + count, self._at[term]].swapaxes(0, 1)
            middle[0] = level[-1]
            offset = level - level[-1]
            beyond = BLOCK * offset
            middle[1] = (total + beyond).sum(axis=0)
            middle[2] = (square + offset * (2.0 * total + beyond)).sum(axis=0)

    def answer(self) -> dict[Term, tuple[Floats, Floats]]:
        """Every term as it is now: the sum of offsets and that of their squares, each (width,)."""
        parts, begun = self._parts, self._pushed % BLOCK
        first, offset = np.divmod(self._pushed - self._long, BLOCK)
        parts[0], parts[2] = self._rest[first % self._kept, offset, self._at], self._newest[self._at]
        rest = BLOCK - offset
        counts = np.stack([rest, self._long - rest - begun, np.full_like(rest, begun)])[..., None]
        moved = parts[:, :, 0] - self._rows[begun - 1][self._at]
        beyond = counts * moved
        total = (parts[:, :, 1] + beyond).sum(axis=0)
        square = (parts[:, :, 2] + moved * (2.0 * parts[:, :, 1] + beyond)).sum(axis=0)
        return dict(zip(self.terms, zip(total, square, strict=True), strict=True))
