"""Columns of one universe laid out for the next: kept instruments keep what is known of them, new ones start empty."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from contracts.instrument import Universe

ValueT = TypeVar("ValueT")
Moves = NDArray[np.int64]


def moves(before: Universe | None, after: Universe) -> Moves:
    """For each column of `after` its column in `before`; -1 where the instrument is new or its rules changed.

    A changed tick or lot makes whole ticks and lots mean something else, so such an instrument starts empty.
    """
    if before is None:
        return np.full(len(after), -1, dtype=np.int64)
    known = {(each.symbol, each.version, each.tick, each.lot): column for column, each in enumerate(before.instruments)}
    kept = [known.get((each.symbol, each.version, each.tick, each.lot), -1) for each in after.instruments]
    return np.array(kept, dtype=np.int64)


def moved(values: list[ValueT], to: Moves, empty: ValueT) -> list[ValueT]:
    """The list in the new layout, `empty` where nothing is known."""
    return [values[column] if column >= 0 else empty for column in to.tolist()]


def moved_array(values: NDArray[Any], to: Moves, empty: float, axis: int = -1) -> NDArray[Any]:
    """The same for one axis of an array; a fresh array."""
    if values.shape[axis] == 0:
        shape = list(values.shape)
        shape[axis] = len(to)
        return np.full(shape, empty, dtype=values.dtype)
    taken = np.take(values, np.maximum(to, 0), axis=axis)
    np.moveaxis(taken, axis, -1)[..., to < 0] = empty
    return taken
