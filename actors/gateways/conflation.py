"""Market rows that wait while the daemon is behind, and what may be left out of them when too many wait.

Conflation happens here and nowhere else. Of an instrument with too many waiting rows the last quote stands for all its
quotes, and changes of its book are joined into one with the same effect: later rows hold. Trades are never left out,
because their sum means something, nor is what is said of a perpetual, row by row. Those come first, then the book, then
the quote.
"""

from collections.abc import Iterable

import numpy as np

from contracts.column import Column
from contracts.market import BookDelta, BookSnapshot, Perp, Tick, Trade
from contracts.wire import MarketRow


class Backlog:
    """Rows in waiting; `rows_max` of one instrument wait before they are conflated."""

    def __init__(self, rows_max: int) -> None:
        self._rows_max = rows_max
        self._rows: list[MarketRow] = []
        self._counts: dict[str, int] = {}
        self.full = False
        """Whether an instrument has more rows waiting than it may."""

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, rows: Iterable[MarketRow]) -> None:
        """Let rows wait, in order."""
        for row in rows:
            self._rows.append(row)
            self._counts[row.symbol] = count = self._counts.get(row.symbol, 0) + 1
            self.full = self.full or count > self._rows_max

    def drain(self) -> tuple[list[MarketRow], int]:
        """All that waited, conflated where it is too much, and how many rows that saved."""
        waited, counts = self._rows, self._counts
        self._rows, self._counts, self.full = [], {}, False
        crowded = [symbol for symbol, count in counts.items() if count > self._rows_max]
        if not crowded:
            return waited, 0
        rows = [row for row in waited if row.symbol not in crowded]
        for symbol in crowded:
            rows.extend(conflated([row for row in waited if row.symbol == symbol]))
        return rows, len(waited) - len(rows)


def conflated(rows: list[MarketRow]) -> list[MarketRow]:
    """The rows of one instrument with the same trades, facts of a perpetual, book and last quote, and no more."""
    book: list[BookSnapshot | BookDelta] = []
    for row in rows:
        if isinstance(row, BookSnapshot):
            book = [row]
        elif isinstance(row, BookDelta):
            joins = book and isinstance(book[-1], BookDelta)
            book = [*book[:-1], joined(book[-1], row)] if joins else [*book, row]
    quotes = [row for row in rows if isinstance(row, Tick)]
    return [*(row for row in rows if isinstance(row, Trade | Perp)), *book, *quotes[-1:]]


def joined(first: BookSnapshot | BookDelta, then: BookDelta) -> BookDelta:
    """One change with the effect of both, in the place of the later one."""
    return BookDelta(
        then.symbol,
        _behind(first.bid_ticks, then.bid_ticks),
        _behind(first.bid_lots, then.bid_lots),
        _behind(first.ask_ticks, then.ask_ticks),
        _behind(first.ask_lots, then.ask_lots),
        then.last_id,
        then.event_ns,
        then.epoch,
        then.frame,
    )


def _behind(first: Column, then: Column) -> Column:
    return Column(np.concatenate((first.values, then.values)))
