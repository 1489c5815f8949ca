from hypothesis import given
from hypothesis import strategies as st

from adapters.simulated.matching import FILLS_MAX, Piece, take
from adapters.simulated.prices import Depth

BOOK = Depth(bids=((99, 5), (98, 10), (97, 20), (96, 40)), asks=((101, 5), (102, 10), (103, 20), (104, 40)))

books = st.builds(
    lambda mid, lots: Depth(
        tuple((mid - 1 - level, each) for level, each in enumerate(lots)),
        tuple((mid + 1 + level, each) for level, each in enumerate(lots)),
    ),
    st.integers(100, 1_000),
    st.lists(st.integers(1, 50), max_size=6),
)


def test_an_order_takes_the_best_levels_up_to_its_limit():
    assert take(BOOK.asks, "buy", 102, 12) == [Piece(101, 5), Piece(102, 7)]
    assert take(BOOK.bids, "sell", 98, 100) == [Piece(99, 5), Piece(98, 10)]


def test_an_order_below_the_market_takes_nothing():
    assert take(BOOK.asks, "buy", 100, 5) == []
    assert take(BOOK.bids, "sell", 100, 5) == []
    assert take((), "buy", 100, 5) == []


@given(books, st.sampled_from(("buy", "sell")), st.integers(50, 1_100), st.integers(1, 400))
def test_nothing_is_taken_beyond_the_limit_the_quantity_or_what_is_there(depth, side, limit, lots):
    pieces = take(depth.levels(side), side, limit, lots)
    there = dict(depth.levels(side))
    assert len(pieces) <= FILLS_MAX
    assert sum(piece.lots for piece in pieces) <= lots
    assert all(0 < piece.lots <= there[piece.ticks] for piece in pieces)
    assert all(piece.ticks <= limit if side == "buy" else piece.ticks >= limit for piece in pieces)
    prices = [piece.ticks for piece in pieces]
    assert prices == sorted(prices, reverse=side == "sell")
