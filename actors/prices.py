"""Everything that is known of prices: the last valid marks and rates, and the instruments they are of."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.alignment import moved_array, moves
from contracts.column import Column, floats, integers
from contracts.instrument import Instrument, Universe
from contracts.market import MarkFrame
from contracts.quantities import Money, Nanos


class Marks(msgspec.Struct, frozen=True):
    """The last valid best bid and offer of every column, NaN where there was never one, and when it was admitted."""

    bid: Column
    ask: Column
    tick_ns: Column


class Rate(msgspec.Struct, frozen=True):
    """What one unit is worth in the account's currency, and when that was said."""

    value: Money
    at_ns: Nanos


class Prices(msgspec.Struct, kw_only=True):
    """Everything that is known of prices; instruments outlive the universe that named them, as positions do."""

    universe: Universe | None = None
    instruments: dict[str, Instrument] = {}
    marks: Marks | None = None
    rates: dict[str, Rate] = {}

    def turn_to(self, universe: Universe) -> None:
        """Lay the marks out for another universe."""
        self.marks = _merged(self.marks, self.universe, universe, None)
        self.universe = universe
        self.instruments = self.instruments | {each.symbol: each for each in universe.instruments}

    def hear(self, frame: MarkFrame) -> None:
        """Take the valid marks of a frame; a frame of another universe says nothing here."""
        universe = self.universe
        if universe is None or frame.universe != universe.version:
            return
        if len(universe.instruments) == len(frame.valid.values) == frame.valid.present:
            self.marks = Marks(frame.bid, frame.ask, frame.tick_ns)
        else:
            self.marks = _merged(self.marks, universe, universe, frame)


def _merged(known: Marks | None, before: Universe | None, after: Universe, frame: MarkFrame | None) -> Marks:
    bid, ask, tick_ns = _laid_out(known, before, after)
    if frame is not None:
        valid = frame.valid.values
        bid = np.where(valid, frame.bid.values, bid)
        ask = np.where(valid, frame.ask.values, ask)
        tick_ns = np.where(valid, frame.tick_ns.values, tick_ns)
    return Marks(bid=floats(bid), ask=floats(ask), tick_ns=integers(tick_ns))


def _laid_out(known: Marks | None, before: Universe | None, after: Universe) -> tuple[NDArray[Any], ...]:
    if known is None or before is None:
        width = len(after)
        return np.full(width, np.nan), np.full(width, np.nan), np.zeros(width, dtype=np.int64)
    bid, ask, tick_ns = known.bid.values, known.ask.values, known.tick_ns.values
    if before is after:
        return bid, ask, tick_ns
    to = moves(before, after)
    return moved_array(bid, to, np.nan), moved_array(ask, to, np.nan), moved_array(tick_ns, to, 0)
