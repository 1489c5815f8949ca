"""Conflation leaves out only what has no effect any more."""

from actors.gateways.conflation import Backlog, conflated
from contracts.market import BookDelta, BookSnapshot, Perp, Tick, Trade
from quant.order_book import OrderBook
from tests.kit.feed_world import BTC, delta, snapshot, tick, trade


def test_conflated_rows_have_the_same_trades_the_same_book_and_the_same_last_quote():
    rows = [
        delta(1, (99, 5)), tick(2), trade(3), snapshot(4, (90, 1), (91, 2)), delta(5, (91, 0)), tick(6),
        delta(7, (92, 3)), delta(8, (92, 4), (90, 0)), trade(9), tick(10),
    ]  # fmt: skip
    few = conflated(rows)

    def book_after(changes):
        book = OrderBook()
        for row in changes:
            if isinstance(row, BookDelta | BookSnapshot):
                apply = book.apply_snapshot if isinstance(row, BookSnapshot) else book.apply_delta
                apply(row.bid_ticks.values, row.bid_lots.values, row.ask_ticks.values, row.ask_lots.values)
        return book.depth().bid_ticks.tolist(), book.depth().bid_lots.tolist()

    assert book_after(few) == book_after(rows)
    assert [type(row) for row in few] == [Trade, Trade, BookSnapshot, BookDelta, Tick]
    assert few[-1] == tick(10)


def test_what_is_said_of_a_perpetual_is_never_left_out():
    perps = [Perp(symbol=BTC, funding=rate, event_ns=0, epoch=1, frame=1) for rate in (1e-4, 2e-4)]

    assert conflated([tick(1), *perps, tick(2)]) == [*perps, tick(2)]


def test_only_a_crowded_instrument_is_conflated():
    backlog = Backlog(2)
    backlog.add([tick(n) for n in range(5)])
    backlog.add([tick(n, symbol="ETH-USD") for n in range(2)])
    rows, saved = backlog.drain()
    assert (sorted((row.symbol, row.frame) for row in rows), saved) == ([(BTC, 4), ("ETH-USD", 0), ("ETH-USD", 1)], 4)
    assert (len(backlog), backlog.full) == (0, False)
