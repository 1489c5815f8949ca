"""A book as text and as a hash, by the written rule."""

import hashlib
from decimal import Decimal

from actors.gateways.book_print import RULE, BookPrinter
from quant.order_book import OrderBook
from tests.kit.market import an_instrument


def a_book(bids, asks):
    book = OrderBook()
    book.apply_snapshot(*zip(*bids), *zip(*asks))
    return book


def test_the_hash_is_over_lines_best_first_in_plain_normalised_decimals():
    instrument = an_instrument(symbol="BTC-USD", tick=Decimal("0.00000100"), lot=Decimal("0.001"))
    book = a_book([(10, 1500), (90_000_000, 20)], [(100_000_000, 1_000_000), (90_000_001, 1)])

    said = BookPrinter(instrument).checkpoint(book)

    text = b"b 90 0.02\nb 0.00001 1.5\na 90.000001 0.001\na 100 1000\n"
    assert said["sha256_full"] == said["sha256_top50"] == hashlib.sha256(text).hexdigest()
    assert (said["best_bid"], said["best_ask"], said["bids"], said["asks"]) == ("90", "90.000001", 2, 2)
    assert "best first" in RULE


def test_the_top_is_the_best_fifty_of_each_side():
    printer = BookPrinter(an_instrument(symbol="BTC-USD"))
    deep = a_book([(100 - n, 1) for n in range(60)], [(200 + n, 1) for n in range(60)])
    top = a_book([(100 - n, 1) for n in range(50)], [(200 + n, 1) for n in range(50)])
    assert printer.checkpoint(deep)["sha256_top50"] == printer.checkpoint(top)["sha256_full"]


def test_best_prices_keep_the_decimals_of_the_wire_and_an_empty_side_is_none():
    printer = BookPrinter(an_instrument(symbol="BTC-USD", tick=Decimal("0.01000000")))
    book = a_book([(123, 1)], [(124, 1)])
    assert printer.best(book) == ["1.23000000", "1.24000000"]
    assert printer.best(OrderBook()) == [None, None]
    assert printer.checkpoint(OrderBook())["best_bid"] is None
