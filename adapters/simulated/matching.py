"""Taking liquidity: how a limit order meets a book. Pure; the book is not changed by it."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from adapters.simulated.prices import Level
from contracts.quantities import Lots, Side, Ticks

FILLS_MAX: Final = 3
"""An order takes at most this many levels at once; what is left waits for the next look at the market."""


class Piece(NamedTuple):
    """One execution."""

    ticks: Ticks
    lots: Lots


def take(levels: Iterable[Level], side: Side, limit: Ticks, lots: Lots) -> list[Piece]:
    """What an order for `lots` would get now, best price first, never beyond its limit.

    `levels` are what a taker of that side meets; no more of them are looked at than it takes.
    """
    pieces: list[Piece] = []
    met = iter(levels)
    while lots > 0 and len(pieces) < FILLS_MAX:
        ticks, there = next(met, (0, 0))
        if not there or (ticks > limit if side == "buy" else ticks < limit):
            break
        pieces.append(Piece(ticks, min(lots, there)))
        lots -= pieces[-1].lots
    return pieces
