"""A data set in memory, so that a bench of the engine is none of the disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np

from bench.history.peers.workload import BAR_S, FEE, FIRST_S, Bars
from contracts.history import BarBlock, Dated
from contracts.instrument import Instrument, Universe
from contracts.quantities import Nanos, Seconds, nanos

STAMPS: Final = 1_000
"""In a block."""


@dataclass(frozen=True)
class Held:
    """Implements `contracts.history.Dataset` over the bars of the workload."""

    data: Bars
    name: str = "workload"
    digest: str = "in memory"

    @property
    def symbols(self) -> tuple[str, ...]:
        """As many as there are columns."""
        return tuple(f"I{number:03d}-EUR" for number in range(self.data.close.shape[1]))

    def universe(self, symbols: tuple[str, ...] | None = None) -> Universe:
        """Instruments without any limit that binds; nothing is chosen from them."""
        return Universe(version=1, instruments=tuple(Instrument(**terms(symbol)) for symbol in self.symbols))

    def span(self, bar_s: Seconds) -> tuple[Nanos, Nanos]:
        """The first close and the last."""
        return self._close_ns(0), self._close_ns(len(self.data.close) - 1)

    def bars(
        self, bar_s: Seconds, from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[BarBlock]:
        """Everything in the span, some stamps at a time."""
        none = np.full((STAMPS, self.data.close.shape[1]), np.nan)
        for first in range(0, len(self.data.close), STAMPS):
            part = [each[first : first + STAMPS] for each in self.data]
            close_ns = self._close_ns(0) + nanos(BAR_S) * np.arange(first, first + len(part[0]))
            inside = (close_ns >= from_ns) & (close_ns < to_ns)
            if inside.any():
                yield BarBlock(close_ns[inside], *(each[inside] for each in (*part, *[none[: len(part[0])]] * 3)))

    def rows(
        self, kinds: frozenset[str], from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[Dated]:
        """There are none."""
        return iter(())

    def _close_ns(self, row: int) -> Nanos:
        return nanos(FIRST_S + BAR_S * (row + 1))


def terms(symbol: str) -> dict[str, Any]:
    """What an instrument of the bench is, whatever it is told by: no limit of it binds."""
    return {
        "symbol": symbol,
        "venue": "bench",
        "base": symbol.partition("-")[0],
        "quote": "EUR",
        "settlement": "EUR",
        "tick": Decimal("0.01"),
        "lot": Decimal(1),
        "notional_min": Decimal("0.01"),
        "quantity_max": Decimal(1_000_000),
        "can_short": True,
        "leverage_max": Decimal(10),
        "fee_taker_bps": FEE * 1e4,
        "fee_maker_bps": FEE * 1e4,
    }
