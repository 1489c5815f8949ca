"""What of a view is of the instruments alone: their columns, fees and quotes, kept from one decision to the next."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.instrument import Instrument, Universe
from contracts.quantities import BPS
from quant.rolling import Floats

Columns = slice | NDArray[np.int64]


class Layout(NamedTuple):
    """Columns over `symbols`, each at its place in `places`; nothing in here is to be written to.

    `columns` is where each stands in a frame: all of it where they are the whole universe in its order. `fees` are the
    taker's shares of a notional, `foreign` what is quoted in another currency than the account's, `quotes` every quote
    once, `quoted` (N,) which of them.
    """

    symbols: tuple[str, ...]
    places: dict[str, int]
    columns: Columns
    instruments: tuple[Instrument, ...]
    fees: Floats
    foreign: NDArray[np.bool_]
    quotes: tuple[str, ...]
    quoted: NDArray[np.int64]


class Layouts:
    """The last layout: as a rule a decision is about the instruments of the one before.

    Law: a layout is of the universe, the symbols and the currency alone: it may be thrown away at any time, and is no
    part of a state.
    """

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._universe: Universe | None = None
        self._last = _laid_out(None, (), currency)

    def of(self, universe: Universe | None, symbols: tuple[str, ...]) -> Layout:
        """The layout of symbols that the universe knows."""
        if universe is not self._universe or symbols != self._last.symbols:
            self._universe, self._last = universe, _laid_out(universe, symbols, self._currency)
        return self._last


def _laid_out(universe: Universe | None, symbols: tuple[str, ...], currency: str) -> Layout:
    known = universe.positions if universe is not None else {}
    columns = np.array([known[symbol] for symbol in symbols], dtype=np.int64)
    whole = universe is not None and np.array_equal(columns, np.arange(len(universe)))
    instruments = tuple(universe.instruments[column] for column in columns.tolist()) if universe is not None else ()
    quotes = tuple(dict.fromkeys(each.quote for each in instruments))
    fees = np.array([each.fee_taker_bps for each in instruments], dtype=np.float64) * BPS
    foreign = np.array([each.quote != currency for each in instruments], dtype=np.bool_)
    fees.flags.writeable = foreign.flags.writeable = False
    return Layout(
        symbols=symbols,
        places={symbol: place for place, symbol in enumerate(symbols)},
        columns=slice(None) if whole else columns,
        instruments=instruments,
        fees=fees,
        foreign=foreign,
        quotes=quotes,
        quoted=np.array([quotes.index(each.quote) for each in instruments], dtype=np.int64),
    )
