"""What is known of prices: the last valid marks, wherever their instruments stand."""

import numpy as np
import pytest

from tests.actors.test_valuation import prices_of
from tests.kit.market import NOON_NS, a_universe
from tests.kit.orders import marks_of

NAN = float("nan")


def test_marks_follow_their_instruments_into_another_universe():
    prices = prices_of("BTC-EUR", "ETH-EUR", marks=marks_of(100.0, 50.0, spread=0.0))
    prices.turn_to(a_universe("ETH-EUR", "SOL-EUR", version=2))
    np.testing.assert_array_equal(prices.marks.bid.values, [50.0, NAN])
    np.testing.assert_array_equal(prices.marks.tick_ns.values, [NOON_NS, 0])
    assert list(prices.instruments) == ["BTC-EUR", "ETH-EUR", "SOL-EUR"]


def test_a_frame_of_another_universe_says_nothing():
    prices = prices_of("BTC-EUR")
    prices.turn_to(a_universe("BTC-EUR", version=2))
    before = prices.marks
    prices.hear(marks_of(500.0))
    assert prices.marks is before


def test_where_a_frame_is_not_valid_the_mark_before_stands():
    prices = prices_of("BTC-EUR", "ETH-EUR", marks=marks_of(100.0, 50.0, spread=0.0))
    prices.hear(marks_of(101.0, NAN, spread=0.0, at_ns=NOON_NS + 1))
    np.testing.assert_array_equal(prices.marks.bid.values, [101.0, 50.0])
    np.testing.assert_array_equal(prices.marks.ask.values, [101.0, 50.0])
    np.testing.assert_array_equal(prices.marks.tick_ns.values, [NOON_NS + 1, NOON_NS])


@pytest.mark.parametrize("mids", [(100.0, 50.0, 7.0), (100.0, 50.0, NAN), (100.0, NAN, NAN)])
def test_marks_of_more_instruments_than_there_are_are_never_taken_for_those_of_others(mids):
    prices = prices_of("BTC-EUR", "ETH-EUR")
    with pytest.raises(ValueError, match="shape"):
        prices.hear(marks_of(*mids))
