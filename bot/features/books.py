"""The order-book table of a recorded feed: its best bids and offers as they were received."""

from pathlib import Path

import numpy as np

from adapters.recorded.feed import RecordedFeed
from contracts.market import Tick
from contracts.ports import Parser
from contracts.quantities import Nanos
from contracts.wire import MalformedFrame
from quant.order_book_ic import BookTable, book_table


class _NoClock:
    """A feed whose frames are taken all at once needs no time."""

    def now(self) -> Nanos:
        return 0

    async def sleep_until(self, at_ns: Nanos) -> None:
        return


def order_book_tables(path: Path) -> dict[str, BookTable]:
    """One table per instrument that has enough quotes, by symbol.

    Raises BadRecording for a file that cannot be played, ValueError where no instrument has enough quotes.
    """
    quotes = _quotes(path)
    found, refused = {}, []
    for symbol, rows in quotes.items():
        at_ns, *touch = np.array(rows, dtype=np.int64).T
        try:
            found[symbol] = book_table(at_ns, *(column.astype(np.float64) for column in touch))
        except ValueError as error:
            refused.append(f"{symbol}: {error}")
    if not found:
        raise ValueError(f"{path}: {'; '.join(refused) or 'no best bids and offers in it'}")
    return found


def _quotes(path: Path) -> dict[str, list[tuple[int, int, int, int, int]]]:
    feed = RecordedFeed(path, _NoClock())
    parsers: dict[int, Parser] = {}
    quotes: dict[str, list[tuple[int, int, int, int, int]]] = {}
    for frame in feed.frames():
        if frame.epoch not in parsers:
            parsers[frame.epoch] = feed.parser(frame.epoch)
        try:
            rows = parsers[frame.epoch].parse(frame).rows
        except MalformedFrame:
            continue
        for row in rows:
            if type(row) is Tick:
                known = (frame.received_ns, row.bid, row.bid_lots, row.ask, row.ask_lots)
                quotes.setdefault(row.symbol, []).append(known)
    return quotes
