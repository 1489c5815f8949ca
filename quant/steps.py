"""The grid that numbers seem to lie on: the coarsest power of ten that all of them are multiples of."""

from typing import Final

import numpy as np

from quant.rolling import Floats

DECIMALS_MAX: Final = 10
GRAIN: Final = 1e-6
"""Of a step: so far beside the grid a number of 64 bits may lie."""


def decimal_step(values: Floats) -> int | None:
    """How many decimals the numbers have (negative: they are whole tens, hundreds, ...); NaN says nothing.

    None where there is no number, or one with more than 10 decimals, as averages have.
    """
    known = np.abs(values[np.isfinite(values)])
    known = known[known > 0]
    if not len(known):
        return None
    for decimals in range(-6, DECIMALS_MAX + 1):
        scaled = known * 10.0**decimals
        if (np.abs(scaled - np.rint(scaled)) <= np.maximum(GRAIN, scaled * 1e-15)).all() and scaled.min() > 0.5:
            return decimals
    return None
