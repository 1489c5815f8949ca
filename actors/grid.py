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

    `numerator` is None where every step is one part of a unit, as nearly all are: then there is half as much to do.
    Law: for counts and numerators whose product is below 2**53, `floats(counts)[i] == float(counts[i] * step[i])`.
    """

    numerator: Floats | None
    denominator: Floats

    @classmethod
    def of(cls, steps: Iterable[Decimal]) -> "Grid":
        """The grid of those steps."""
        ratios = np.array([step.as_integer_ratio() for step in steps], dtype=np.float64).reshape(-1, 2)
        return cls(None if (ratios[:, 0] == 1.0).all() else ratios[:, 0], ratios[:, 1])

    def rows_of(self, *parts: float) -> "Grid":
        """The same steps for rows of counts, shape (len(parts), columns), each step cut into so many parts."""
        numerator = None if self.numerator is None else np.repeat(self.numerator[None], len(parts), axis=0)
        return Grid(numerator, np.outer(np.array(parts, dtype=np.float64), self.denominator))

    def floats(self, counts: NDArray[Any]) -> Floats:
        """Counts of steps, of the grid's shape or (..., columns), as values."""
        return np.asarray((counts if self.numerator is None else counts * self.numerator) / self.denominator)

    def counts(self, values: Floats) -> NDArray[np.int64]:
        """Finite values as the nearest whole counts of steps: the inverse of `floats` for values on the grid."""
        return self.nearest(values).astype(np.int64)

    def nearest(self, values: Floats) -> Floats:
        """The same counts as whole floats, shape (..., columns); NaN where a value is."""
        parts = values * self.denominator
        return np.asarray(np.rint(parts if self.numerator is None else parts / self.numerator))
