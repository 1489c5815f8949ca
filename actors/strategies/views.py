"""What a strategy is shown: one bar, one quote, or the bars of all instruments at once, each with what is held."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.market import Tick
from contracts.quantities import Nanos
from quant.agents.memory import Memory

Floats = NDArray[np.float64]

_new: Final = tuple.__new__


class Bar(NamedTuple):
    """A closed bar of one instrument; prices in quote, volume in base units; as numpy's floats, so 1 / 0 is infinite.

    `number` counts the closes heard, from 1. `position` is held in base units, negative for short; `equity` is the
    account's as the ledger said it last, NaN before it spoke; `worth` is what one base unit is worth in the account's
    currency at the close, NaN where no rate is known.
    """

    number: int
    at_ns: Nanos
    symbol: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    position: float
    equity: float
    worth: float


class Frame(NamedTuple):
    """The bars of one close over all instruments, (N,) each; NaN where an instrument has none. Fields as in `Bar`."""

    number: int
    at_ns: Nanos
    symbols: tuple[str, ...]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    position: Floats
    equity: float
    worth: Floats


class Quote(NamedTuple):
    """A quote of one instrument, bid below ask; sizes in base units, the rest as in `Bar`, `worth` at the middle."""

    at_ns: Nanos
    symbol: str
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    mid: float
    position: float
    equity: float
    worth: float


class Row:
    """One instrument's column of a memory: floats by name, read and written."""

    __slots__ = ("_column", "_memory")

    def __init__(self, memory: Memory, column: int) -> None:
        self._memory, self._column = memory, column

    def __getitem__(self, name: str) -> float:
        value: float = self._memory[name][self._column]
        return value

    def __setitem__(self, name: str, value: float) -> None:
        self._memory[name][self._column] = value


@dataclass(slots=True)
class Market:
    """What a quote of one instrument is shown with: its steps, its rate, what is held, wanted and remembered."""

    column: int
    tick: float
    lot: float
    rate: float
    held: float
    target: float
    row: Row


def quote_of(tick: Tick, at_ns: Nanos, market: Market, equity: float) -> Quote:
    """A tick as a strategy is shown it."""
    grain, lot = market.tick, market.lot
    bid, ask = tick.bid * grain, tick.ask * grain
    mid = 0.5 * (bid + ask)
    # Past the constructor of a named tuple, which takes twice as long as the rest of this.
    return _new(
        Quote,
        (
            at_ns, tick.symbol, bid, ask, tick.bid_lots * lot, tick.ask_lots * lot, mid,
            market.held, equity, mid * market.rate,
        ),
    )  # fmt: skip
