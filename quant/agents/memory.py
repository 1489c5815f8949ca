"""What an agent remembers between two frames: arrays by name, laid out anew when the universe changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Memory:
    """Arrays by name, changed in place. Those of `wide` have instruments on the last axis; the rest are common.

    Laws: `load(state())` makes an equal memory, bit for bit; `lay_out` keeps what is known of instruments that stay
    and fills the columns of new ones as they were filled at the beginning.
    """

    def __init__(self, wide: Mapping[str, tuple[Array, float]], common: Mapping[str, Array] | None = None) -> None:
        self._empty = {name: empty for name, (_, empty) in wide.items()}
        self._arrays: dict[str, Array] = {name: array for name, (array, _) in wide.items()} | dict(common or {})

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __setitem__(self, name: str, values: Array) -> None:
        self._arrays[name] = values

    def state(self) -> dict[str, Array]:
        """Copies of all arrays."""
        return {name: array.copy() for name, array in self._arrays.items()}

    def load(self, state: Mapping[str, Array]) -> None:
        """Become the memory that said `state`; raises ValueError where it is one of other arrays."""
        if list(state) != list(self._arrays):
            raise ValueError(f"a memory of {', '.join(state)}, expected {', '.join(self._arrays)}")
        self._arrays = {name: array.copy() for name, array in state.items()}

    def lay_out(self, to: NDArray[np.int64]) -> None:
        """For each new column the old one it continues; -1 where the instrument is new."""
        for name, empty in self._empty.items():
            taken = np.take(self._arrays[name], np.maximum(to, 0), axis=-1)
            taken[..., to < 0] = empty
            self._arrays[name] = taken


def full(width: int, *rows: int, of: float = 0.0) -> tuple[Array, float]:
    """A wide array of shape (*rows, width) filled with `of`, and what new columns are filled with."""
    return np.full((*rows, width), of), of
