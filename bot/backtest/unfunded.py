"""What a history does not say of the cost of holding: instruments whose funding it never tells."""

from collections.abc import Container
from typing import Final

from contracts.instrument import Universe

FUNDING: Final = frozenset({"funding"})
"""The rows that the venue of a backtest is always told, whoever else hears of them."""

FREE: Final = ("made", "simulated")
"""Venues of our own, where nothing is borrowed and nothing is perpetual."""


def unfunded(universe: Universe, rated: Container[str]) -> tuple[str, ...]:
    """The instruments that can be sold short, in their order, of which no rate was told that could be settled.

    What can be sold short is perpetual or borrowed, and neither is free: a backtest that holds one must not look as if
    it were. `rated` are the symbols that rates were told of.
    """
    held = (each for each in universe.instruments if each.can_short and each.venue not in FREE)
    return tuple(each.symbol for each in held if each.symbol not in rated)


def said_of(symbols: tuple[str, ...]) -> str:
    """That in a sentence, for people."""
    named = ", ".join(symbols[:5]) + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")
    return f"funding of {named}: the history tells none, so holding them short or as perpetuals cost nothing here"
