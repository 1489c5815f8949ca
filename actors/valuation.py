"""What positions are worth: the last valid marks and rates as exact money, and the names of what is missing or old."""

import math
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.alignment import moved_array, moves
from actors.execution.books import Book
from actors.worths import NONE, Worth, Worths, worth_of
from contracts.column import Column, floats, integers
from contracts.instrument import Instrument, Universe
from contracts.market import MarkFrame
from contracts.quantities import Money, Nanos, Seconds, nanos, seconds

MIDDLES_KEPT: Final = 4096
ONE: Final = Decimal(1)
_HALF: Final = Decimal("0.5")


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
        if self.universe is not None and frame.universe == self.universe.version:
            self.marks = _merged(self.marks, self.universe, self.universe, frame)


class Valuation:
    """A sum over balances and positions in one currency at one instant, that remembers what it could not value.

    `missing` names every mark and rate that is unknown or too old; the last known value was used for the old ones.
    `unknown` is true where something never had a value: then the sum is no sum.
    """

    def __init__(
        self,
        prices: Prices,
        currency: str,
        at_ns: Nanos,
        *,
        mark_age_s_max: Seconds,
        rate_age_s_max: Seconds,
    ) -> None:
        self._prices = prices
        self._currency = currency
        self._at_ns = at_ns
        self._mark_age_s_max = mark_age_s_max
        self._mark_age_ns_max = nanos(mark_age_s_max)
        self._rate_age_s_max = rate_age_s_max
        self.cash = self.gross = self.net = self.unrealised = NONE
        self.missing: list[str] = []
        self.unknown = False

    def hold(self, asset: str, amount: Money) -> None:
        """Add a balance."""
        if amount:
            self.cash += amount * self.rate(asset)

    def own_all(self, books: Mapping[str, Book], worths: Worths) -> None:
        """Add every position of an account; what was neither traded nor marked anew is worth what `worths` knows."""
        if worths.marks is not self._prices.marks:
            worths.turn_to(self._prices.marks)
        for symbol, book in books.items():
            known = worths.of.get(symbol)
            if known is None or known.book is not book:
                worth = self._plain(symbol, book)
                if worth is None:
                    break
                worths.put(symbol, worth)
        else:
            if worths.oldest_ns is None or self._at_ns - worths.oldest_ns <= self._mark_age_ns_max:
                self.net += worths.net
                self.gross += worths.gross
                self.unrealised += worths.unrealised
                return
        for symbol, book in books.items():
            self.own(symbol, book)

    def _plain(self, symbol: str, book: Book) -> Worth | None:
        """What a position in the account's own currency is worth; None where there is more to say of it."""
        if not book.quantity:
            return Worth(book, NONE, NONE, NONE, self._at_ns)
        instrument = self._prices.instruments.get(symbol)
        if instrument is None or instrument.quote != self._currency:
            return None
        row = self._row(instrument)
        middle = _middle(instrument, row[0], row[1]) if row is not None else NONE
        return worth_of(book, middle, ONE, row[2]) if row is not None and middle else None

    def own(self, symbol: str, book: Book) -> None:
        """Add a position."""
        if not book.quantity:
            return
        instrument = self._prices.instruments.get(symbol)
        if instrument is None:
            self.knows_nothing_of(f"instrument {symbol}")
            return
        mark, rate = self.mark(instrument) or book.entry, self.rate(instrument.quote)
        worth = worth_of(book, mark, rate, self._at_ns)
        self.net += worth.value
        self.gross += worth.size
        self.unrealised += worth.unrealised

    def rate(self, asset: str, by: tuple[str, ...] = ()) -> Money:
        """What one unit is worth: by its own rate, or by the mark of an instrument of which it is the base.

        An instrument that quotes in the account's currency comes first; `by` are the assets that this one is to value.
        """
        if asset == self._currency:
            return ONE
        rate = self._prices.rates.get(asset)
        if rate is not None:
            self._note_age(f"rate of {asset}", rate.at_ns, self._rate_age_s_max)
            return rate.value
        of_asset = (each for each in self._prices.instruments.values() if each.base == asset and each.quote not in by)
        for instrument in sorted(of_asset, key=lambda each: each.quote != self._currency):
            mark = self.mark(instrument) if self._row(instrument) is not None else None
            if mark is not None:
                return mark * self.rate(instrument.quote, (*by, asset))
        self.knows_nothing_of(f"rate of {(by or (asset,))[0]}")
        return NONE

    def mark(self, instrument: Instrument) -> Money | None:
        """The exact middle of the last valid quote, or None."""
        row = self._row(instrument)
        if row is None:
            self._lacks(f"mark of {instrument.symbol} is unknown")
            return None
        bid, ask, tick_ns = row
        if self._at_ns - tick_ns > self._mark_age_ns_max:
            self._note_age(f"mark of {instrument.symbol}", tick_ns, self._mark_age_s_max)
        return _middle(instrument, bid, ask)

    def _row(self, instrument: Instrument) -> tuple[float, float, Nanos] | None:
        """Bid, offer and time of the instrument's mark; None if there never was one."""
        marks, universe = self._prices.marks, self._prices.universe
        column = universe.positions.get(instrument.symbol) if universe is not None else None
        if marks is None or column is None:
            return None
        bid = float(marks.bid.values[column])
        return (bid, float(marks.ask.values[column]), int(marks.tick_ns.values[column])) if math.isfinite(bid) else None

    def knows_nothing_of(self, what: str) -> None:
        """Name what never had a value."""
        self.unknown = True
        self._lacks(f"{what} is unknown")

    def _note_age(self, what: str, at_ns: Nanos, age_s_max: Seconds) -> None:
        age_ns = self._at_ns - at_ns
        if age_ns > nanos(age_s_max):
            self._lacks(f"{what} is {seconds(age_ns):.1f} s old, at most {age_s_max:.1f} s")

    def _lacks(self, what: str) -> None:
        if what not in self.missing:
            self.missing.append(what)


@lru_cache(maxsize=MIDDLES_KEPT)
def _middle(instrument: Instrument, bid: float, ask: float) -> Money:
    """Between two marks all that is held is valued many times, whenever one of many orders is filled."""
    return (nearest(instrument, bid) + nearest(instrument, ask)) * _HALF


def nearest(instrument: Instrument, price: float) -> Money:
    """The grid price next to a float that was one: undoes the rounding of ticks to floats, nothing else."""
    return instrument.price(math.floor(price / float(instrument.tick) + 0.5))


def _merged(known: Marks | None, before: Universe | None, after: Universe, frame: MarkFrame | None) -> Marks:
    if frame is not None and np.count_nonzero(frame.valid.values) == len(after):
        return Marks(bid=frame.bid, ask=frame.ask, tick_ns=frame.tick_ns)
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
