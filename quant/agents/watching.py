"""What an agent of the book remembers: what is usual of its number, and what its score has been worth so far."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from quant.agents.impact import Impact
from quant.agents.memory import Array, Memory
from quant.agents.usual import Usual
from quant.rolling import Floats

USUAL, IMPACT = "usual.", "impact."


class Watching(Memory):
    """A `Usual` and an `Impact` as one memory."""

    def __init__(self, width: int, prior: float, usual_s: float) -> None:
        super().__init__({})
        self.usual = Usual(width, usual_s)
        self.impact = Impact(width, prior)

    def see(self, values: Floats, at_ns: int) -> Floats:
        """Take the values (N,) of now and give them in units of what is usual."""
        self.usual.add(values, at_ns)
        return np.where(np.isfinite(values), self.usual.scaled(values), np.nan)

    def state(self) -> dict[str, Array]:
        usual = {USUAL + name: array for name, array in self.usual.state().items()}
        return usual | {IMPACT + name: array for name, array in self.impact.state().items()}

    def load(self, state: Mapping[str, Array]) -> None:
        for start, part in ((USUAL, self.usual), (IMPACT, self.impact)):
            part.load({name.removeprefix(start): array for name, array in state.items() if name.startswith(start)})

    def lay_out(self, to: NDArray[np.int64]) -> None:
        self.usual.lay_out(to)
        self.impact.lay_out(to)
