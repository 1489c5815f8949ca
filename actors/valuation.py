"""What positions are worth: the last valid marks and rates as exact money, and the names of what is missing or old."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from actors.execution.books import Book
from actors.prices import Prices as Prices
from actors.prices import Rate as Rate
from actors.worths import HALF, NONE, Worths
from contracts.instrument import Instrument
from contracts.quantities import Money, Nanos, Seconds, Ticks, nanos, seconds

ONE: Final = Decimal(1)


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
        worths.catch_up(books, self._prices)
        aged = worths.oldest_ns is not None and self._at_ns - worths.oldest_ns > self._mark_age_ns_max
        if aged or worths.unmarked:
            for symbol, book in books.items():
                self.own(symbol, book)
            return
        self.net += worths.net
        self.gross += worths.gross
        self.unrealised += worths.unrealised
        if worths.others:
            # In the order of the books: it is the order in which what is missing is named.
            for symbol in [each for each in books if each in worths.others]:
                self.own(symbol, books[symbol])

    def own(self, symbol: str, book: Book) -> None:
        """Add a position."""
        if not book.quantity:
            return
        instrument = self._prices.instruments.get(symbol)
        if instrument is None:
            self.knows_nothing_of(f"instrument {symbol}")
            return
        mark, rate = self.mark(instrument) or book.entry, self.rate(instrument.quote)
        value = book.quantity * mark * rate
        self.net += value
        self.gross += abs(value)
        self.unrealised += book.quantity * (mark - (book.entry or mark)) * rate

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
            mark = self.mark(instrument) if _row(self._prices, instrument) is not None else None
            if mark is not None:
                return mark * self.rate(instrument.quote, (*by, asset))
        self.knows_nothing_of(f"rate of {(by or (asset,))[0]}")
        return NONE

    def mark(self, instrument: Instrument) -> Money | None:
        """The exact middle of the last valid quote, or None."""
        row = _row(self._prices, instrument)
        if row is None:
            self._lacks(f"mark of {instrument.symbol} is unknown")
            return None
        bid, ask, tick_ns = row
        if self._at_ns - tick_ns > self._mark_age_ns_max:
            self._note_age(f"mark of {instrument.symbol}", tick_ns, self._mark_age_s_max)
        return _middle(instrument, bid, ask)

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


def last_middle(prices: Prices, instrument: Instrument) -> Money | None:
    """The exact middle of the last valid quote, however old it is; None if there never was one."""
    row = _row(prices, instrument)
    return _middle(instrument, row[0], row[1]) if row is not None else None


def _row(prices: Prices, instrument: Instrument) -> tuple[float, float, Nanos] | None:
    """Bid, offer and time of the instrument's mark; None if there never was one."""
    marks, universe = prices.marks, prices.universe
    column = universe.positions.get(instrument.symbol) if universe is not None else None
    if marks is None or column is None:
        return None
    bid = float(marks.bid.values[column])
    return (bid, float(marks.ask.values[column]), int(marks.tick_ns.values[column])) if math.isfinite(bid) else None


def _middle(instrument: Instrument, bid: float, ask: float) -> Money:
    tick = float(instrument.tick)
    return instrument.price(nearest(bid, tick) + nearest(ask, tick)) * HALF


def nearest(price: float, tick: float) -> Ticks:
    """The tick next to a float that was one: undoes the rounding of ticks to floats, nothing else."""
    return math.floor(price / tick + 0.5)
