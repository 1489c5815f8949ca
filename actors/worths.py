"""What the positions of one account are worth together, paid for where a book or the marks have changed."""

from decimal import Context, Decimal
from typing import Final, NamedTuple

from actors.execution.books import Book
from contracts.quantities import Money, Nanos

NONE: Final = Decimal(0)

_SUM: Final = Context(prec=96)
"""For sums of numbers of 28 digits: wide enough that no order of adding them matters."""


class Worth(NamedTuple):
    """What a position is worth as long as its book is this very one, by a mark that was admitted at `tick_ns`."""

    book: Book
    value: Money
    size: Money
    unrealised: Money
    tick_ns: Nanos


def worth_of(book: Book, mark: Money, rate: Money, tick_ns: Nanos) -> Worth:
    """A book at a mark, in the currency in which one unit of its quote is worth `rate`."""
    value = book.quantity * mark * rate
    return Worth(book, value, abs(value), book.quantity * (mark - (book.entry or mark)) * rate, tick_ns)


class Worths:
    """A memory between two valuations of one account, as long as `marks` are these very ones.

    Law: the sums are exact, so they are those of the books as they are, whatever changed before. `oldest_ns` is no
    later than any mark in them.
    """

    def __init__(self) -> None:
        self.turn_to(None)

    def turn_to(self, marks: object) -> None:
        """By other marks nothing is worth what it was."""
        self.marks = marks
        self.of: dict[str, Worth] = {}
        self.net = self.gross = self.unrealised = NONE
        self.oldest_ns: Nanos | None = None

    def put(self, symbol: str, worth: Worth) -> None:
        """Remember what a position is worth now, in the place of what it was worth."""
        was = self.of.get(symbol)
        if was is not None:
            self.net = _SUM.subtract(self.net, was.value)
            self.gross = _SUM.subtract(self.gross, was.size)
            self.unrealised = _SUM.subtract(self.unrealised, was.unrealised)
        self.of[symbol] = worth
        self.net = _SUM.add(self.net, worth.value)
        self.gross = _SUM.add(self.gross, worth.size)
        self.unrealised = _SUM.add(self.unrealised, worth.unrealised)
        self.oldest_ns = worth.tick_ns if self.oldest_ns is None else min(self.oldest_ns, worth.tick_ns)
