"""What a history does not say of the cost of holding: instruments whose funding it never tells."""

from typing import Final

from contracts.history import Dataset
from contracts.instrument import Universe
from contracts.market import Perp
from contracts.quantities import Nanos

FUNDING: Final = frozenset({"funding"})
"""The rows that the venue of a backtest is always told, whoever else hears of them."""

FREE: Final = ("made", "simulated")
"""Venues of our own, where nothing is borrowed and nothing is perpetual."""


def unfunded(dataset: Dataset, universe: Universe, from_ns: Nanos, to_ns: Nanos) -> tuple[str, ...]:
    """The instruments that can be sold short, in their order, of which [from, to) tells no rate that could be settled.

    What can be sold short is perpetual or borrowed, and neither is free: a backtest that holds one must not look as if
    it were.
    """
    held = [each.symbol for each in universe.instruments if each.can_short and each.venue not in FREE]
    return tuple(symbol for symbol in held if not _has_rates(dataset, symbol, from_ns, to_ns))


def said_of(symbols: tuple[str, ...]) -> str:
    """That in a sentence, for people."""
    named = ", ".join(symbols[:5]) + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")
    return f"funding of {named}: the history tells none, so holding them short or as perpetuals cost nothing here"


def _has_rates(dataset: Dataset, symbol: str, from_ns: Nanos, to_ns: Nanos) -> bool:
    rows = (each.payload for each in dataset.rows(FUNDING, from_ns, to_ns, (symbol,)))
    return any(isinstance(row, Perp) and (row.settled is not None or row.next_funding_ns is not None) for row in rows)
