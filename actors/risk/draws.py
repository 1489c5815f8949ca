"""Chance that decisions share: each looks at the same days as the ones before it, so what it compares has no noise."""

from collections.abc import Callable
from typing import Final

import numpy as np

from quant.rolling import Floats
from quant.scenarios import correlated, uncorrelated

Chance = Callable[[int], np.random.Generator]
"""A fresh generator for a number, so that a replay and a restart draw the same scenarios."""

SHARED_BY: Final = 256
"""So many decisions share their draws (common random numbers); over a run errors average out, as they would not if all
did."""


class Draws:
    """The uncorrelated variates of a stretch of decisions, drawn when they are first asked for.

    Law: they depend on the decision's number and on chance alone, the first columns not even on how many are asked for,
    so they may be thrown away at any time, and are no part of a state.
    """

    def __init__(self, chance: Chance, count: int) -> None:
        self._chance, self._count = chance, count
        self._stretch = -1
        self._drawn = self._under = np.empty((0, 0))
        self._corr: Floats | None = None
        self._moves = np.empty((0, 0))

    def of(self, decision: int, width: int) -> Floats:
        """Variates (count / 2, width) for a decision, not to be written to."""
        stretch = decision // SHARED_BY
        if stretch != self._stretch or width > self._drawn.shape[1]:
            self._stretch = stretch
            self._drawn = uncorrelated(self._chance(stretch), 1 << (width - 1).bit_length(), self._count)
            self._drawn.flags.writeable = False
        return self._drawn[:, :width]

    def moves(self, decision: int, corr: Floats) -> Floats:
        """The same under a correlation (N, N), (count, N), not to be written to; kept while it is the same array."""
        drawn = self.of(decision, len(corr))
        if corr is not self._corr or self._drawn is not self._under:
            self._corr, self._under, self._moves = corr, self._drawn, correlated(corr, drawn)
        return self._moves
