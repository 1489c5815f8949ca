"""A data set that ends at an instant, or goes on from there with lies: whoever says something else before has looked.

Three lies, because one might agree with the truth by chance or be left out as absurd: noise about the last prices,
prices a million times too high, and nothing at all.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
import numpy as np

from contracts.context import ContextValue
from contracts.history import BarBlock, Dataset, Dated
from contracts.instrument import Universe
from contracts.market import Perp, Tick, Trade
from contracts.quantities import Nanos, Seconds

Lie = Literal["random", "huge", "absent"]
LIES: Final[tuple[Lie, ...]] = ("random", "huge", "absent")
HUGE: Final = 10**6
NOISE: Final = 0.2

_NUMBERS: Final[dict[type[msgspec.Struct], tuple[str, ...]]] = {
    Tick: ("bid", "ask"),
    Trade: ("price",),
    Perp: ("funding", "settled", "mark", "index", "open_interest"),
    ContextValue: ("value",),
}


class CutDataset:
    """A data set of which nothing is known from `until_ns` on."""

    def __init__(self, dataset: Dataset, until_ns: Nanos) -> None:
        self._whole, self._until_ns = dataset, until_ns
        self.name, self.digest, self.symbols = dataset.name, dataset.digest, dataset.symbols

    def universe(self, symbols: tuple[str, ...] | None = None) -> Universe:
        """As in the whole set."""
        return self._whole.universe(symbols)

    def span(self, bar_s: Seconds) -> tuple[Nanos, Nanos]:
        """Up to the cut."""
        first_ns, last_ns = self._whole.span(bar_s)
        return first_ns, min(last_ns, self._until_ns - 1)

    def bars(
        self, bar_s: Seconds, from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[BarBlock]:
        """Bars that closed before the cut."""
        return self._whole.bars(bar_s, from_ns, min(to_ns, self._until_ns), symbols)

    def rows(
        self, kinds: frozenset[str], from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[Dated]:
        """Rows known before the cut."""
        return self._whole.rows(kinds, from_ns, min(to_ns, self._until_ns), symbols)


class PoisonedDataset(CutDataset):
    """A data set that lies from `from_ns` on; the lies come from the seed alone."""

    def __init__(self, dataset: Dataset, from_ns: Nanos, until_ns: Nanos, lie: Lie, seed: int) -> None:
        super().__init__(dataset, until_ns)
        self._from_ns, self._lie, self._seed = from_ns, lie, seed

    def bars(
        self, bar_s: Seconds, from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[BarBlock]:
        """True bars before, false ones after."""
        chance = np.random.default_rng(self._seed)
        for block in super().bars(bar_s, from_ns, to_ns, symbols):
            yield self._spoiled(block, chance) if (block.close_ns >= self._from_ns).any() else block

    def rows(
        self, kinds: frozenset[str], from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[Dated]:
        """True rows before; after that false ones, or none."""
        for row in super().rows(kinds, from_ns, to_ns, symbols):
            if row.at_ns < self._from_ns:
                yield row
            elif self._lie != "absent":
                yield Dated(row.at_ns, self._spoiled_row(row.payload))

    def _spoiled(self, block: BarBlock, chance: np.random.Generator) -> BarBlock:
        future = block.close_ns >= self._from_ns
        noise = np.exp(NOISE * chance.standard_normal(block.close.shape))
        factor = {"random": noise, "huge": np.full_like(noise, HUGE), "absent": np.full_like(noise, np.nan)}[self._lie]
        false = np.where(future[:, None], factor, 1.0)
        return BarBlock(block.close_ns, *(each * false for each in block[1:]))

    def _spoiled_row(self, payload: msgspec.Struct) -> msgspec.Struct:
        factor = HUGE if self._lie == "huge" else 3
        false: dict[str, Any] = {
            name: getattr(payload, name) * factor
            for name in _NUMBERS.get(type(payload), ())
            if getattr(payload, name) is not None
        }
        return msgspec.structs.replace(payload, **false) if false else payload
