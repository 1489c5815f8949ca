"""Two checks of a feed against itself: the quotes it says against its book, and its trade ids against each other."""

from collections import Counter
from typing import Final

from contracts.market import Tick
from quant.order_book import OrderBook

QUOTES_MAX: Final = 4096


class QuotesAgainstBook:
    """Quotes that say after which update of the book they hold, compared once the book has reached that update.

    At most 4096 quotes of an instrument wait for their update; the oldest go first.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, dict[int, Tick]] = {}
        self.counts: Counter[str] = Counter()
        """How many were a `match`, how many a `mismatch`."""

    def said(self, quote: Tick, update: int) -> None:
        """Keep a quote until the book gets there."""
        waiting = self._waiting.setdefault(quote.symbol, {})
        waiting[update] = quote
        if len(waiting) > QUOTES_MAX:
            del waiting[next(iter(waiting))]

    def reached(self, symbol: str, update: int, book: OrderBook, *, compare: bool) -> None:
        """The book is after that update; all quotes of earlier ones are forgotten."""
        waiting = self._waiting.get(symbol, {})
        quote = waiting.get(update)
        if quote is not None and compare:
            bid, ask = (quote.bid, quote.bid_lots), (quote.ask, quote.ask_lots)
            self.counts["match" if (book.best_bid(), book.best_ask()) == (bid, ask) else "mismatch"] += 1
        for number in [number for number in waiting if number <= update]:
            del waiting[number]


class TradeIds:
    """Trades per symbol, and holes in ids that should count by one."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.gaps: dict[str, int] = {}
        self._last: dict[str, int] = {}

    def note(self, symbol: str, number: int, *, guarded: bool) -> str:
        """Count a trade; says what is wrong where its id is not a new one. The guard has checked `guarded` ids."""
        self.counts[symbol] += 1
        self.gaps.setdefault(symbol, 0)
        before, self._last[symbol] = self._last.get(symbol), number
        if before is None or guarded:
            return ""
        self.gaps[symbol] += number > before + 1
        return f"trade {number} came after trade {before}" if number <= before else ""

    def gap(self, symbol: str) -> None:
        """Count a gap that the guard has found."""
        self.gaps[symbol] = self.gaps.get(symbol, 0) + 1
