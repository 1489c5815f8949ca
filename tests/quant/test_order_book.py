"""The order book equals a plain dictionary, survives its own state, and counts what it ignores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.order_book import OrderBook

rows = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=12)
deltas = st.lists(st.tuples(rows, rows), max_size=12)


def columns(pairs: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [tick for tick, _ in pairs], [lot for _, lot in pairs]


MIRROR = 1_000_000


def both_sides(pairs: list[tuple[int, int]]) -> tuple[list[int], list[int], list[int], list[int]]:
    """The rows as bids, and mirrored as asks."""
    ticks, lots = columns(pairs)
    return ticks, lots, [MIRROR - tick for tick in ticks], lots


def a_book() -> OrderBook:
    book = OrderBook()
    book.apply_snapshot([99, 100, 98], [1, 2, 3], [103, 101, 102], [6, 4, 5])
    return book


def levels(book: OrderBook) -> tuple[dict[int, int], dict[int, int]]:
    depth = book.depth()
    return (
        dict(zip(depth.bid_ticks.tolist(), depth.bid_lots.tolist(), strict=True)),
        dict(zip(depth.ask_ticks.tolist(), depth.ask_lots.tolist(), strict=True)),
    )


@given(rows, rows, deltas)
def test_the_book_equals_a_plain_dictionary_after_any_rows(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], changes: list[tuple[list[tuple[int, int]], ...]]
) -> None:
    book = OrderBook()
    plain: tuple[dict[int, int], dict[int, int]] = ({}, {})
    book.apply_snapshot(*columns(bids), *columns(asks))
    for side, snapshot in zip(plain, (bids, asks), strict=True):
        side.update({tick: lot for tick, lot in dict(snapshot).items() if lot})
    assert levels(book) == plain
    for change in changes:
        book.apply_delta(*columns(change[0]), *columns(change[1]))
        for side, pairs in zip(plain, change, strict=True):
            for tick, lot in pairs:
                side[tick] = lot
                if not lot:
                    del side[tick]
        assert levels(book) == plain
        assert book.best_bid() == (max(plain[0].items()) if plain[0] else None)
        assert book.best_ask() == (min(plain[1].items()) if plain[1] else None)
        assert book.level_counts() == (len(plain[0]), len(plain[1]))
    depth = book.depth()
    assert list(depth.bid_ticks) == sorted(plain[0], reverse=True)
    assert list(depth.ask_ticks) == sorted(plain[1])


@pytest.mark.numbers
@given(rows, rows, deltas)
def test_a_book_restored_from_its_state_goes_on_the_same(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], changes: list[tuple[list[tuple[int, int]], ...]]
) -> None:
    book = OrderBook()
    book.apply_snapshot(*columns(bids), *columns(asks))
    twin = OrderBook.of(book.state())
    for change in changes:
        for one in (book, twin):
            one.apply_delta(*columns(change[0]), *columns(change[1]))
    assert levels(twin) == levels(book)
    assert twin.state()[1:] == book.state()[1:]
    assert (twin.best_bid(), twin.best_ask()) == (book.best_bid(), book.best_ask())


def test_a_delete_of_a_level_not_held_is_ignored_and_counted() -> None:
    book = a_book()
    before = levels(book)
    book.apply_delta([55, 99], [0, 1], [155], [0])
    assert levels(book) == before
    assert (book.unheld_deletes, book.rows) == (2, 9)


def test_a_price_said_twice_in_a_snapshot_is_counted_and_the_last_row_holds() -> None:
    book = OrderBook()
    book.apply_snapshot([7, 7], [1, 9], [], [])
    assert (book.best_bid(), book.repeated_levels) == ((7, 9), 1)


def test_the_top_levels_come_best_first_and_a_thin_side_gives_fewer() -> None:
    depth = a_book().depth(2)
    assert (depth.bid_ticks.tolist(), depth.bid_lots.tolist()) == ([100, 99], [2, 1])
    assert (depth.ask_ticks.tolist(), depth.ask_lots.tolist()) == ([101, 102], [4, 5])
    assert len(a_book().depth(10).ask_ticks) == 3
    assert depth.bid_ticks.dtype == np.int64


def test_arrays_and_lists_are_the_same_rows() -> None:
    one, two = a_book(), a_book()
    one.apply_delta([100], [0], [101, 90], [0, 2])
    empty = np.empty(0, dtype=np.int64)
    two.apply_delta(np.array([100]), np.array([0]), empty, empty)
    two.apply_delta(empty, empty, np.array([101, 90]), np.array([0, 2]))
    assert levels(one) == levels(two)


def test_a_locked_book_is_crossed_and_an_empty_side_is_not() -> None:
    book = a_book()
    assert not book.crossed()
    book.apply_delta([101], [1], [], [])
    assert book.crossed()
    book.clear()
    assert not book.crossed()
    assert book.best_bid() is None


def test_a_negative_quantity_is_refused_and_leaves_the_book_as_it_was() -> None:
    book = a_book()
    before = levels(book), book.state()[1:]
    with pytest.raises(ValueError, match="ask rows: a quantity of -1 lots, expected 0 or more"):
        book.apply_delta([100], [0], [101], [-1])
    with pytest.raises(ValueError, match="bid rows: 1 ticks and 2 lots"):
        book.apply_delta([100], [0, 1], [], [])
    assert (levels(book), book.state()[1:]) == before


def test_a_snapshot_replaces_everything_before_it() -> None:
    book = a_book()
    book.apply_snapshot([5], [1], [6], [2])
    assert levels(book) == ({5: 1}, {6: 2})
    assert (book.best_bid(), book.best_ask(), book.level_counts()) == ((5, 1), (6, 2), (1, 1))


moves_of_a_deep_book = st.lists(
    st.tuples(st.sampled_from(["drain", "improve", "scatter"]), st.integers(1, 900)), min_size=1, max_size=8
)


@pytest.mark.numbers
@given(moves_of_a_deep_book, st.integers(0, 2_000))
def test_a_deep_book_equals_a_plain_dictionary_wherever_its_touch_goes(
    moves: list[tuple[str, int]], depth: int
) -> None:
    """The touch is eaten and rebuilt by more levels than the book keeps in order."""
    book = OrderBook()
    bids = {100_000 - 2 * level: 1 + level % 7 for level in range(depth)}
    book.apply_snapshot(*both_sides(list(bids.items())))
    for kind, count in moves:
        best = max(bids, default=100_000)
        if kind == "drain":
            rows = [(tick, 0) for tick in sorted(bids)[-count:]]
        elif kind == "improve":
            rows = [(best + step, step % 5 + 1) for step in range(1, count + 1)]
        else:
            rows = [(best - step * 7919 % 5_003, step % 3) for step in range(count)]
        book.apply_delta(*both_sides(rows))
        bids.update(rows)
        bids = {tick: lots for tick, lots in bids.items() if lots}
        ranked = sorted(bids.items(), reverse=True)
        assert levels(book) == (bids, {MIRROR - tick: lots for tick, lots in ranked})
        assert book.depth().bid_ticks.tolist() == [tick for tick, _ in ranked]
        assert book.depth(100).ask_ticks.tolist() == [MIRROR - tick for tick, _ in ranked[:100]]
        missing = [0] * (100 - len(ranked[:100]))
        assert book.ladder(100)[:2] == (
            [tick for tick, _ in ranked[:100]] + missing,
            [lots for _, lots in ranked[:100]] + missing,
        )
        for lowest in (99_999, 99_700, 99_000, 0):
            within = sum(lots for tick, lots in ranked if tick >= lowest)
            assert book.lots_within(lowest, MIRROR - lowest) == (within, within)
        assert book.best_bid() == (ranked[0] if ranked else None)
        assert book.best_ask() == ((MIRROR - ranked[0][0], ranked[0][1]) if ranked else None)
