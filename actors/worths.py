"""What the plain positions of one account are worth together, worked out anew only where a book or a mark has changed.

Plain is a position of whole lots and known entry in an instrument of the universe that quotes in the account's
currency. Its marks are whole numbers of half ticks, so its worth is a whole number of units: sums are exact.
"""

from collections.abc import Mapping
from decimal import Context, Decimal
from math import floor, isnan
from operator import mul
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.execution.books import Book
from actors.execution.exact import times
from actors.prices import Marks, Prices
from contracts.instrument import Universe
from contracts.quantities import Money, Nanos

NONE: Final = Decimal(0)
HALF: Final = Decimal("0.5")

FEW: Final = 10
"""Positions below which arrays cost more than they save."""

_SUM: Final = Context(prec=96)
"""For sums of numbers of 28 digits: wide enough that no order of adding them matters."""


class Plain(NamedTuple):
    """A position: the column of its mark, units per half tick of it, and what it was entered for."""

    column: int
    weight: int
    cost: Money


class Worths:
    """A memory between two valuations of one account.

    Law: the sums are those of the books as they are, at the last marks, whatever changed before. `others` are the
    positions that must be valued one by one; of the rest `unmarked` never had a mark, and `oldest_ns` is no later than
    any mark of theirs.
    """

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._books: Mapping[str, Book] | None = None
        self._universe: Universe | None = None
        self._turned: Marks | None = None
        self._changed: dict[str, None] = {}
        self.oldest_ns: Nanos | None = None
        self._forget()

    @property
    def net(self) -> Money:
        """Of longs less shorts."""
        return _SUM.scaleb(Decimal(self._net), self._exponent)

    @property
    def gross(self) -> Money:
        """Of longs and shorts."""
        return _SUM.scaleb(Decimal(self._gross), self._exponent)

    @property
    def unrealised(self) -> Money:
        """What they gained since they were entered."""
        return _SUM.subtract(self.net, self._cost)

    def note(self, symbol: str) -> None:
        """Hear that the book of a symbol is another one."""
        self._changed[symbol] = None

    def catch_up(self, books: Mapping[str, Book], prices: Prices) -> None:
        """Be what these books are worth at these prices."""
        if books is not self._books or prices.universe is not self._universe:
            self._books, self._universe = books, prices.universe
            self._forget()
            self._changed = dict.fromkeys(books)
        for symbol in self._changed:
            self._put(symbol, books[symbol])
        self._changed = {}
        if self._turned is not prices.marks and self._plain and prices.marks is not None:
            self._turn_to(prices.marks)

    def _forget(self) -> None:
        instruments = self._universe.instruments if self._universe is not None else ()
        units = [times(times(each.lot, each.tick), HALF) for each in instruments]
        self._exponent = min((int(unit.as_tuple().exponent) for unit in units), default=0)
        self._units = [int(unit.scaleb(-self._exponent)) for unit in units]
        self._ticks = np.array([float(each.tick) for each in instruments])
        self._plain: dict[str, Plain] = {}
        self._rows: tuple[NDArray[np.int64], list[int]] | None = None
        self._turned = None
        self._net = self._gross = self.unmarked = 0
        self._cost = NONE
        self.others: dict[str, None] = {}
        self.oldest_ns = None

    def _turn_to(self, marks: Marks) -> None:
        self._turned = marks
        if len(self._plain) < FEW:
            self._net = self._gross = self.unmarked = 0
            self.oldest_ns = None
            for plain in self._plain.values():
                self._mark(plain, marks, 1)
            return
        if self._rows is None:
            plains = self._plain.values()
            self._rows = np.array([plain.column for plain in plains]), [plain.weight for plain in plains]
        columns, weights = self._rows
        ticks = self._ticks[columns]
        bid, ask = (np.floor(side.values[columns] / ticks + 0.5) for side in (marks.bid, marks.ask))
        halves = bid + ask
        halves[np.isnan(halves)] = 0.0
        worths = list(map(mul, weights, halves.astype(np.int64).tolist()))
        self._net, self._gross, self.unmarked = sum(worths), sum(map(abs, worths)), worths.count(0)
        self.oldest_ns = int(marks.tick_ns.values[columns].min())

    def _put(self, symbol: str, book: Book) -> None:
        was = self._plain.pop(symbol, None)
        self.others.pop(symbol, None)
        if was is not None:
            self._add(was, -1)
        if not book.quantity:
            return
        plain = self._plain_of(symbol, book)
        if plain is None:
            self.others[symbol] = None
        else:
            self._plain[symbol] = plain
            self._add(plain, 1)

    def _plain_of(self, symbol: str, book: Book) -> Plain | None:
        """The position as whole numbers; None where there is more to say of it."""
        column = self._universe.positions.get(symbol) if self._universe is not None else None
        if self._universe is None or column is None or not book.entry:
            return None
        instrument = self._universe.instruments[column]
        lots = int(book.quantity / instrument.lot)
        if instrument.quote != self._currency or lots * instrument.lot != book.quantity:
            return None
        return Plain(column, lots * self._units[column], _SUM.multiply(book.quantity, book.entry))

    def _add(self, plain: Plain, way: int) -> None:
        """Let a position count, or no more, by the marks that were turned to last."""
        self._rows = None
        self._cost = _SUM.add(self._cost, plain.cost * way)
        if self._turned is not None:
            self._mark(plain, self._turned, way)

    def _mark(self, plain: Plain, marks: Marks, way: int) -> None:
        column = plain.column
        tick, bid, ask = self._ticks[column], marks.bid.values[column], marks.ask.values[column]
        half = 0 if isnan(bid) else floor(bid / tick + 0.5) + floor(ask / tick + 0.5)
        self._net += way * plain.weight * half
        self._gross += way * abs(plain.weight * half)
        self.unmarked += 0 if half else way
        said_ns = int(marks.tick_ns.values[column])
        self.oldest_ns = said_ns if self.oldest_ns is None else min(self.oldest_ns, said_ns)
