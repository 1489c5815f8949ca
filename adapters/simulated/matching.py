"""Taking liquidity: how a limit order meets a book. Pure; the book is not changed by it."""

from typing import Final, NamedTuple

from adapters.simulated.prices import Depth
from contracts.quantities import Lots, Side, Ticks

FILLS_MAX: Final = 3
"""An order takes at most this many levels at once; what is left waits for the next look at the market."""


class Piece(NamedTuple):
    """One execution."""

    ticks: Ticks
    lots: Lots


def take(depth: Depth, side: Side, limit: Ticks, lots: Lots) -> list[Piece]:
    """What an order for `lots` would get now, best price first, never beyond its limit."""
    pieces: list[Piece] = []
    for ticks, there in (depth.asks if side == "buy" else depth.bids)[:FILLS_MAX]:
        if lots <= 0 or (ticks > limit if side == "buy" else ticks < limit):
            break
        pieces.append(Piece(ticks, min(lots, there)))
        lots -= pieces[-1].lots
    return pieces
