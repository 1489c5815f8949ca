"""An order book between actor and snapshot, and the few numbers that are read from it.

Law: `opened(closed(book))` equals the book, its counts included.
"""

import msgspec

from contracts.column import Column, integers
from quant.order_book import BookState, Depth, OrderBook
from quant.order_flow import Touch


class BookLevels(msgspec.Struct, frozen=True):
    """One book as it goes into a snapshot: levels best first, and what the book has counted."""

    bid_ticks: Column
    bid_lots: Column
    ask_ticks: Column
    ask_lots: Column
    rows: int
    unheld_deletes: int
    repeated_levels: int


def touch_of(book: OrderBook) -> Touch:
    """The best prices and sizes; zeros for an empty side."""
    bid, ask = book.best_bid(), book.best_ask()
    return Touch(*(bid or (0, 0)), *(ask or (0, 0)))


def five_of(book: OrderBook) -> tuple[int, int]:
    """Lots on the best five levels of either side."""
    return book.top_lots(5)


def closed(book: OrderBook) -> BookLevels:
    """A book as it goes into a snapshot."""
    depth, *counts = book.state()
    bid_ticks, bid_lots, ask_ticks, ask_lots = (integers(side) for side in depth)
    return BookLevels(bid_ticks, bid_lots, ask_ticks, ask_lots, *counts)


def opened(levels: BookLevels) -> OrderBook:
    """The book that was `closed`."""
    sides = (levels.bid_ticks, levels.bid_lots, levels.ask_ticks, levels.ask_lots)
    depth = Depth(*(side.values for side in sides))
    return OrderBook.of(BookState(depth, levels.rows, levels.unheld_deletes, levels.repeated_levels))
