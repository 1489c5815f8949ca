"""Whole ticks and lots as the floats nearest to their decimal value, for whole columns at once.

A product with a rounded step (10010 x 0.01 = 100.10000000000001) would lie beside the grid, and whoever rounds it up to
the next tick would pay one more; a quotient of two exact numbers is rounded once.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats


class Grid(NamedTuple):
    """One step per column as an exact ratio.

    Law: for counts and numerators whose product is below 2**53, `floats(counts)[i] == float(counts[i] * step[i])`.
    """

    numerator: Floats
    denominator: Floats

    @classmethod
    def of(cls, steps: Iterable[Decimal]) -> "Grid":
        """The grid of those steps."""
        ratios = np.array([step.as_integer_ratio() for step in steps], dtype=np.float64).reshape(-1, 2)
        return cls(ratios[:, 0], ratios[:, 1])

    def rows_of(self, *parts: float) -> "Grid":
        """The same steps for rows of counts, shape (len(parts), columns), each step cut into so many parts."""
        return Grid(
            np.repeat(self.numerator[None], len(parts), axis=0),
            np.outer(np.array(parts, dtype=np.float64), self.denominator),
        )

    def floats(self, counts: NDArray[Any]) -> Floats:
        """Counts of steps, of the grid's shape or (..., columns), as values."""
        return np.asarray(counts * self.numerator / self.denominator)

    def counts(self, values: Floats) -> NDArray[np.int64]:
        """Finite values as the nearest whole counts of steps: the inverse of `floats` for values on the grid."""
        return self.nearest(values).astype(np.int64)

    def nearest(self, values: Floats) -> Floats:
        """The same counts as whole floats, shape (..., columns); NaN where a value is."""
        return np.asarray(np.rint(values * self.denominator / self.numerator))
