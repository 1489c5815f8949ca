"""Data sets of history in memory: what a test writes down is told as it stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from adapters.catalog.rows import filed, symbol_of_name
from contracts.history import BarBlock, Dated
from contracts.instrument import Universe
from contracts.quantities import Nanos, Seconds, nanos
from tests.kit.market import NOON_NS, an_instrument


@dataclass
class MemoryDataset:
    """Implements `contracts.history.Dataset` over one block of bars and a list of rows."""

    block: BarBlock
    instruments: Universe
    dated: Sequence[Dated] = ()
    bar_s: Seconds = 300.0
    name: str = "memory"
    digest: str = "0" * 32
    stamps: int = 100
    """How many a block holds."""

    asked: list[tuple[Nanos, Nanos]] = field(default_factory=list)

    @property
    def symbols(self) -> tuple[str, ...]:
        return self.instruments.symbols

    def universe(self, symbols: tuple[str, ...] | None = None) -> Universe:
        kept = tuple(each for each in self.instruments.instruments if symbols is None or each.symbol in symbols)
        return Universe(version=1, instruments=kept)

    def span(self, bar_s: Seconds) -> tuple[Nanos, Nanos]:
        times = self.block.close_ns.tolist() if bar_s else [row.at_ns for row in self.dated]
        return times[0], times[-1]

    def bars(
        self, bar_s: Seconds, from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[BarBlock]:
        assert bar_s == self.bar_s
        self.asked.append((from_ns, to_ns))
        columns = [self.symbols.index(symbol) for symbol in symbols or self.symbols]
        times = self.block.close_ns
        inside = np.flatnonzero((times >= from_ns) & (times < to_ns))
        for start in range(0, len(inside), self.stamps):
            rows = inside[start : start + self.stamps]
            yield BarBlock(times[rows], *(each[rows][:, columns] for each in self.block[1:]))

    def rows(
        self, kinds: frozenset[str], from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[Dated]:
        for row in self.dated:
            said = filed(*row)
            assert said is not None, f"{row.payload} is no row"
            about = symbol_of_name(said.kind, said.name)
            if from_ns <= row.at_ns < to_ns and said.kind in kinds and (symbols is None or about in ("", *symbols)):
                yield row


def a_walk(
    *, width: int = 3, times: int = 400, seed: int = 1, bar_s: float = 300.0, start_ns: int = NOON_NS
) -> MemoryDataset:
    """A seeded random walk with volume, every instrument near 100 on a cent grid."""
    rng = np.random.default_rng(seed)
    steps = 0.0008 * rng.standard_t(5, (times, 1)) + 0.0012 * rng.standard_t(5, (times, width))
    close = np.round(100.0 * np.exp(np.cumsum(steps, axis=0)), 2)
    open_ = np.vstack((np.full((1, width), 100.0), close[:-1]))
    high = np.round(np.maximum(open_, close) * (1 + rng.uniform(0, 0.001, close.shape)), 2)
    low = np.round(np.minimum(open_, close) * (1 - rng.uniform(0, 0.001, close.shape)), 2)
    none = np.full(close.shape, np.nan)
    block = BarBlock(
        close_ns=start_ns + nanos(bar_s) * np.arange(1, times + 1),
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=rng.gamma(2.0, 500.0, close.shape),
        trades=none,
        bid=none,
        ask=none,
    )
    named = tuple(an_instrument(symbol=f"I{number:03d}-EUR") for number in range(width))
    return MemoryDataset(block, Universe(version=1, instruments=named), bar_s=bar_s)
