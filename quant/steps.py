"""The grid that numbers seem to lie on: the coarsest power of ten that all of them are multiples of."""

from collections.abc import Callable, Iterable
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
    return decimal_step_of(lambda: (values,))


def decimal_step_of(pieces: Callable[[], Iterable[Floats]]) -> int | None:
    """The same of all numbers in these pieces, which begin anew whenever they are called for."""
    if not any(len(_known(values)) for values in pieces()):
        return None
    return next((each for each in range(-6, DECIMALS_MAX + 1) if all(_fits(v, each) for v in pieces())), None)


def _known(values: Floats) -> Floats:
    known = np.abs(values[np.isfinite(values)])
    return np.asarray(known[known > 0])


def _fits(values: Floats, decimals: int) -> bool:
    scaled = _known(values) * 10.0**decimals
    whole = (np.abs(scaled - np.rint(scaled)) <= np.maximum(GRAIN, scaled * 1e-15)).all()
    return bool(whole and (not len(scaled) or scaled.min() > 0.5))
