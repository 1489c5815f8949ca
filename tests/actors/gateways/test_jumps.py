"""Quotes that jumped wait for others that agree."""

from hypothesis import given
from hypothesis import strategies as st

from actors.gateways.jumps import Jumps
from tests.kit.market import a_tick


def kept(*prices: int) -> list[int]:
    jumps = Jumps(0.25, 3)
    return [price for price in prices if jumps.keeps(a_tick(bid=price, ask=price + 1))]


def test_one_absurd_quote_is_held_back_and_the_next_true_one_kept():
    assert kept(1000, 10_000, 1001, 100, 1002) == [1000, 1001, 1002]


def test_a_true_jump_is_believed_at_the_third_quote_that_agrees():
    assert kept(1000, 2000, 2010, 2020, 2030) == [1000, 2020, 2030]


def test_quotes_that_agree_with_nothing_are_never_believed():
    assert kept(1000, 2000, 4000, 8000, 16_000, 1000) == [1000, 1000]


def test_an_empty_side_says_no_price_and_passes():
    jumps = Jumps(0.25, 3)
    assert jumps.keeps(a_tick(bid=1000, ask=1001))
    assert jumps.keeps(a_tick(bid=0, ask=9))


@given(st.lists(st.integers(1, 10**6), max_size=60))
def test_what_is_kept_is_near_what_was_kept_or_the_last_of_three_that_agree(prices):
    jumps, last = Jumps(0.25, 3), None
    for number, price in enumerate(prices):
        if not jumps.keeps(a_tick(bid=price, ask=price)):
            continue
        if last is not None and abs(price - last) > 0.25 * last:
            first, second = prices[number - 2], prices[number - 1]
            assert abs(second - first) <= 0.25 * first
            assert abs(price - second) <= 0.25 * second
        last = price
