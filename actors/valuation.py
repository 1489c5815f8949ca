"""What positions are worth: the last valid marks and rates as exact money, and the names of what is missing or old."""

import math
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.alignment import moved_array, moves
from actors.execution.books import Book
from contracts.column import Column, floats, integers
from contracts.instrument import Instrument, Universe
from contracts.market import MarkFrame
from contracts.quantities import Money, Nanos, Seconds, nanos, seconds

MIDDLES_KEPT: Final = 4096
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


class Worth(NamedTuple):
    """What a position in the account's own currency is worth, as long as book and marks are these very ones."""

    book: Book
    marks: Marks | None
    value: Money
    size: Money
    unrealised: Money


class Valuation:
    """A sum over balances and positions in one currency at one instant, that remembers what it could not value.

    `missing` names every mark and rate that is unknown or too old; the last known value was used for the old ones.
    `unknown` is true where something never had a value: then the sum is no sum. `worths` is a memory between two sums
    of one account: what was neither traded nor marked anew in between is worth what it was.
    """

    def __init__(
        self,
        prices: Prices,
        currency: str,
        at_ns: Nanos,
        *,
        mark_age_s_max: Seconds,
        rate_age_s_max: Seconds,
        worths: dict[str, Worth] | None = None,
    ) -> None:
        self._prices = prices
        self._currency = currency
        self._at_ns = at_ns
        self._mark_age_s_max = mark_age_s_max
        self._worths = worths if worths is not None else {}
        self._mark_age_ns_max = nanos(mark_age_s_max)
        self._rate_age_s_max = rate_age_s_max
        self.cash = self.gross = self.net = self.unrealised = Decimal(0)
        self.missing: list[str] = []
        self.unknown = False

    def hold(self, asset: str, amount: Money) -> None:
        """Add a balance."""
        if amount:
            self.cash += amount * self.rate(asset)

    def own(self, symbol: str, book: Book) -> None:
        """Add a position."""
        if not book.quantity:
            return
        known = self._worths.get(symbol)
        if known is not None and known.book is book and known.marks is self._prices.marks:
            self._note_mark_age(self._prices.instruments[symbol], known.marks)
            self._add(known)
            return
        instrument = self._prices.instruments.get(symbol)
        if instrument is None:
            self.knows_nothing_of(f"instrument {symbol}")
            return
        marked = self.mark(instrument)
        mark, rate = marked or book.entry, self.rate(instrument.quote)
        value = book.quantity * mark * rate
        worth = Worth(book, self._prices.marks, value, abs(value), book.quantity * (mark - (book.entry or mark)) * rate)
        if marked is not None and instrument.quote == self._currency:
            self._worths[symbol] = worth
        self._add(worth)

    def _add(self, worth: Worth) -> None:
        self.net += worth.value
        self.gross += worth.size
        self.unrealised += worth.unrealised

    def rate(self, asset: str, by: tuple[str, ...] = ()) -> Money:
        """What one unit is worth: by its own rate, or by the mark of an instrument of which it is the base.

        An instrument that quotes in the account's currency comes first; `by` are the assets that this one is to value.
        """
        if asset == self._currency:
            return Decimal(1)
        rate = self._prices.rates.get(asset)
        if rate is not None:
            self._note_age(f"rate of {asset}", rate.at_ns, self._rate_age_s_max)
            return rate.value
        of_asset = (each for each in self._prices.instruments.values() if each.base == asset and each.quote not in by)
        for instrument in sorted(of_asset, key=lambda each: each.quote != self._currency):
            mark = self.mark(instrument) if self._column(instrument) is not None else None
            if mark is not None:
                return mark * self.rate(instrument.quote, (*by, asset))
        self.knows_nothing_of(f"rate of {(by or (asset,))[0]}")
        return Decimal(0)

    def mark(self, instrument: Instrument) -> Money | None:
        """The exact middle of the last valid quote, or None."""
        marks, column = self._prices.marks, self._column(instrument)
        if marks is None or column is None:
            self._lacks(f"mark of {instrument.symbol} is unknown")
            return None
        self._note_mark_age(instrument, marks)
        return _middle(instrument, float(marks.bid.values[column]), float(marks.ask.values[column]))

    def _column(self, instrument: Instrument) -> int | None:
        """Where the instrument's mark is; None if there never was one."""
        marks, universe = self._prices.marks, self._prices.universe
        column = universe.positions.get(instrument.symbol) if universe is not None else None
        known = marks is not None and column is not None and math.isfinite(marks.bid.values[column])
        return column if known else None

    def knows_nothing_of(self, what: str) -> None:
        """Name what never had a value."""
        self.unknown = True
        self._lacks(f"{what} is unknown")

    def _note_mark_age(self, instrument: Instrument, marks: Marks | None) -> None:
        assert marks is not None and self._prices.universe is not None, "there is a mark"
        tick_ns = int(marks.tick_ns.values[self._prices.universe.positions[instrument.symbol]])
        if self._at_ns - tick_ns > self._mark_age_ns_max:
            self._note_age(f"mark of {instrument.symbol}", tick_ns, self._mark_age_s_max)

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
    return instrument.price(instrument.ticks_below(price + 0.5 * float(instrument.tick)))


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
