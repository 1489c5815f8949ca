from hypothesis import given
from hypothesis import strategies as st

from actors.book_levels import BookLevels, closed, five_of, opened, touch_of
from contracts import codec
from quant.order_book import OrderBook

sides = st.dictionaries(st.integers(1, 50), st.integers(0, 9), max_size=12)


def a_book(bids: dict[int, int], asks: dict[int, int]) -> OrderBook:
    book = OrderBook()
    book.apply_snapshot(list(bids), list(bids.values()), list(asks), list(asks.values()))
    return book


@given(sides, sides)
def test_a_book_that_was_stored_is_the_same_book(bids, asks):
    book = a_book(bids, asks)
    stored = codec.encode(closed(book))
    again = opened(codec.decode_state(BookLevels, stored))
    assert codec.encode(closed(again)) == stored
    assert (touch_of(again), five_of(again)) == (touch_of(book), five_of(book))


def test_an_empty_side_is_a_touch_of_zeros():
    assert touch_of(a_book({}, {101: 3})) == (0, 0, 101, 3)
    assert five_of(a_book({}, {101: 3})) == (0, 3)


def test_five_levels_are_counted_from_the_best():
    bids = {price: price for price in range(1, 11)}
    asks = {price: price for price in range(20, 30)}
    assert five_of(a_book(bids, asks)) == (10 + 9 + 8 + 7 + 6, 20 + 21 + 22 + 23 + 24)
