"""An order book between actor and snapshot, and the few numbers that are read from it.

Law: `opened(closed(book))` equals the book, its counts included.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from contracts.column import Column, integers
from quant.book_shape import LEVELS, Shape, near, shape
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


class Ladders:
    """The best levels of many books and what rests near their mids, read anew only for books that changed."""

    def __init__(self, width: int) -> None:
        self._rungs = np.zeros((width, 4, LEVELS), dtype=np.int64)
        self.within = np.zeros((2, width), dtype=np.int64)

    def read(self, columns: Sequence[int], books: Sequence[OrderBook | None]) -> None:
        """Look at the books of those columns."""
        nothing = [[0] * LEVELS] * 4
        rungs = [nothing if (book := books[column]) is None else book.ladder(LEVELS) for column in columns]
        if rungs:
            self._rungs[columns] = rungs
            self.within[:, columns] = np.array([_within(books[column]) for column in columns]).T

    def shape(self) -> Shape:
        """What the levels show."""
        return shape(*(self._rungs[:, side] for side in range(4)))


def _within(book: OrderBook | None) -> tuple[int, int]:
    touch = touch_of(book) if book is not None else None
    if book is None or touch is None or not 0 < touch.bid < touch.ask:
        return 0, 0
    return book.lots_within(*near(touch.bid, touch.ask))


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
