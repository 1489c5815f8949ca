"""A feed's quotes are held against its own book, and its trade ids against each other."""

import msgspec

from actors.gateways.cross_checks import QUOTES_MAX, QuotesAgainstBook, TradeIds
from quant.order_book import OrderBook
from tests.kit.feed_world import BTC, tick


def a_book(bid, ask, lots=5):
    book = OrderBook()
    book.apply_snapshot([bid], [lots], [ask], [lots])
    return book


def test_a_quote_is_compared_when_the_book_has_reached_its_update_and_then_forgotten():
    checks = QuotesAgainstBook()
    checks.said(tick(1), 7)
    checks.said(tick(2), 9)

    checks.reached(BTC, 7, a_book(100, 101), compare=True)
    checks.reached(BTC, 7, a_book(100, 101), compare=True)
    checks.reached(BTC, 9, a_book(99, 101), compare=True)

    assert checks.counts == {"match": 1, "mismatch": 1}


def test_sizes_count_too_and_updates_without_a_quote_do_not():
    checks = QuotesAgainstBook()
    checks.said(msgspec.structs.replace(tick(1), bid_lots=6), 7)
    checks.reached(BTC, 6, a_book(100, 101), compare=True)
    checks.reached(BTC, 7, a_book(100, 101), compare=True)
    assert checks.counts == {"mismatch": 1}


def test_quotes_that_wait_are_bounded():
    checks = QuotesAgainstBook()
    for number in range(QUOTES_MAX + 1):
        checks.said(tick(number), number)
    checks.reached(BTC, 0, a_book(100, 101), compare=True)
    checks.reached(BTC, QUOTES_MAX, a_book(100, 101), compare=True)
    assert checks.counts == {"match": 1}


def test_holes_and_repetitions_of_trade_ids_are_told():
    ids = TradeIds()
    assert [ids.note(BTC, number, guarded=False) for number in (5, 6, 9, 9)] == [
        "",
        "",
        "",
        "trade 9 came after trade 9",
    ]
    ids.note("ETH-USD", 1, guarded=True)
    ids.note("ETH-USD", 9, guarded=True)
    ids.gap("ETH-USD")
    assert ids.gaps == {BTC: 1, "ETH-USD": 1}
    assert ids.counts == {BTC: 4, "ETH-USD": 2}
