"""One position as booked: quantity, average entry, what was realised. A pure function of its fills."""

from decimal import Decimal
from typing import Final

import msgspec

from actors.execution.exact import plus, times
from contracts.quantities import Money

NONE: Final = Decimal(0)
LONG: Final = Decimal(1)
SHORT: Final = Decimal(-1)


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """A signed quantity, the average price of what is open (0 when flat), and totals in quote.

    `realised` is gross of fees. The quantity is exact; `entry` and `realised` involve a division and carry 28 digits.
    """

    quantity: Money = NONE
    entry: Money = NONE
    realised: Money = NONE
    fees: Money = NONE


def booked(book: Book, signed: Money, price: Money, fee: Money) -> Book:
    """The book after one fill of `signed` quantity (positive: bought).

    A position whose entry nobody knows (the opening of a run) counts as entered at the price of its next fill.

    Laws: the quantity is the sum of the signed fills; a fill away from zero averages the entry; a fill towards zero
    leaves the entry and realises; a fill through zero opens the rest at its own price; and
    `realised + quantity * (price - entry)` moves by `quantity before * (change of price)` alone, whatever is booked.
    """
    quantity = plus(book.quantity, signed)
    closing = NONE if book.quantity * signed >= 0 else min(abs(signed), abs(book.quantity))
    direction = LONG if book.quantity > 0 else SHORT
    before = book.entry or price
    realised = book.realised + closing * (price - before) * direction
    entry = _entry(book.quantity, before, signed, price, quantity)
    return Book(quantity=quantity, entry=entry, realised=realised, fees=book.fees + fee)


def _entry(held: Money, entry: Money, signed: Money, price: Money, quantity: Money) -> Money:
    if quantity == 0:
        return NONE
    if held == 0 or (quantity > 0) != (held > 0):
        return price
    if held * signed > 0:
        return (times(held, entry) + times(signed, price)) / quantity
    return entry
