import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.book_levels import BookLevels, Ladders, closed, opened, touch_of
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
    assert (touch_of(again), again.ladder(5)) == (touch_of(book), book.ladder(5))


def test_an_empty_side_is_a_touch_of_zeros():
    assert touch_of(a_book({}, {101: 3})) == (0, 0, 101, 3)


def test_ladders_show_the_books_that_were_read_and_nothing_where_none_is():
    ladders = Ladders(3)
    book = a_book({9_990: 30, 9_980: 10, 9_000: 500}, {10_010: 10, 10_020: 30, 11_000: 500})

    ladders.read([0, 2], [book, book, None])

    assert ladders.within.tolist() == [[30, 0, 0], [10, 0, 0]]
    np.testing.assert_allclose(ladders.shape().imbalance_l5, [0.0, np.nan, np.nan])
    assert ladders.shape().slope[0] > 0


def test_a_crossed_book_has_no_depth_near_its_mid():
    ladders = Ladders(1)
    ladders.read([0], [a_book({101: 5}, {100: 5})])

    assert ladders.within.tolist() == [[0], [0]]


def test_a_book_that_went_leaves_nothing_behind():
    ladders = Ladders(1)
    ladders.read([0], [a_book({100: 5}, {101: 5})])
    ladders.read([0], [None])

    assert ladders.within.tolist() == [[0], [0]]
    assert np.isnan(ladders.shape().imbalance_l20).all()
