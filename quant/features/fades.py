"""Exponentially weighted sums over the last rows of columns, kept as they slide, in the blocks of `features.sums`.

A part counts its newest row in full; what came after it makes it fade.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from quant.features.sums import BLOCK, Sliding
from quant.rolling import Floats, Ring

Fade = tuple[str, float, int]
"""A column, what a row counts of the one after it, and over how many rows it is added up."""


class Fades(Sliding):
    """The sums of all `terms` over the columns of `rings`, NaN where a row of theirs is absent or not there yet."""

    def __init__(self, rings: Mapping[str, Ring], terms: Iterable[Fade]) -> None:
        self.terms = tuple(dict.fromkeys(terms))
        self._columns = tuple(name for name, _, _ in self.terms)
        self._rings = rings
        width = next(iter(rings.values())).n_instruments
        self._decay = np.array([decay for _, decay, _ in self.terms])[:, None]
        self._long = np.array([rows for _, _, rows in self.terms], dtype=np.int64)
        self._each = np.arange(len(self.terms))
        self._kept = int(self._long.max(initial=BLOCK)) // BLOCK + 2
        self._late = self._decay ** np.arange(BLOCK - 1, -1, -1)[:, None, None]
        shape = (len(self.terms), width)
        self._rest = np.full((self._kept, BLOCK, *shape), np.nan)
        self._whole = np.full((2 * self._kept, *shape), np.nan)
        self._rows, self._newest, self._middle = np.full((BLOCK, *shape), np.nan), np.zeros(shape), np.zeros(shape)
        self._pushed = 0

    def _add(self, row: Floats) -> None:
        self._rows[self._pushed % BLOCK] = row
        self._newest = self._decay * self._newest + row
        self._pushed += 1

    def _end_block(self, block: int) -> None:
        """Add up the rows of the block from each of them on."""
        place = block % self._kept
        np.add.accumulate((self._rows * self._late)[::-1], axis=0, out=self._rest[place][::-1])
        self._whole[place] = self._whole[place + self._kept] = self._rest[place][0]
        self._newest = np.zeros_like(self._newest)

    def _fold_middle(self, term: int) -> None:
        """Add up the whole blocks behind the one in which the window of the term begins."""
        first = (self._pushed - int(self._long[term])) // BLOCK + 1
        start, count = first % self._kept, self._pushed // BLOCK - first
        faded = self._decay[term] ** (BLOCK * np.arange(count - 1, -1, -1))[:, None]
        self._middle[term] = (faded * self._whole[start : start + count, term]).sum(axis=0)

    def answer(self) -> dict[Fade, Floats]:
        """Every term as it is now, each (width,)."""
        first, offset = np.divmod(self._pushed - self._long, BLOCK)
        begun = self._pushed % BLOCK
        behind = (self._long - (BLOCK - offset))[:, None]
        sums = self._decay**behind * self._rest[first % self._kept, offset, self._each]
        sums += self._decay**begun * self._middle
        sums += self._newest
        return dict(zip(self.terms, sums, strict=True))
