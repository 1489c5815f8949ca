"""What a strategy may answer: one finite number per instrument, or NaN; held to it before it becomes a target."""

import math
from collections.abc import Mapping

import numpy as np

from actors.strategies.views import Floats

Shape = tuple[int, ...]


def differ(now: Floats, before: Floats) -> bool:
    """Whether any place has another number, or one of them has none."""
    return bool(np.count_nonzero((now != before) & ~(np.isnan(now) & np.isnan(before))))


def checked(symbol: str, wanted: float | None) -> float:
    """The target as a float; raises ValueError for an infinite one."""
    target = math.nan if wanted is None else float(wanted)
    if math.isinf(target):
        raise ValueError(f"target of {symbol} was {target}, expected a finite number, or NaN for what is held")
    return target


def hold_to_shape(who: str, shapes: Mapping[str, Shape], expected: Shape) -> None:
    """Raise ValueError that names every array of `who` with another shape."""
    wrong = [f"{name} is {shape}" for name, shape in shapes.items() if shape != expected]
    if wrong:
        raise ValueError(f"{who}: {', '.join(wrong)}, expected {expected}")
