"""Shapes of books: mirror images, units, and numbers that can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.book_shape import LEVELS, WEIGHTS, Shape, near, shape

sides = st.lists(st.integers(1, 500), min_size=0, max_size=LEVELS)


def ladder(best: int, step: int, lots: list[int]) -> tuple[np.ndarray, np.ndarray]:
    ticks, sizes = np.zeros((1, LEVELS), dtype=np.int64), np.zeros((1, LEVELS), dtype=np.int64)
    ticks[0, : len(lots)] = best + step * np.arange(len(lots))
    sizes[0, : len(lots)] = lots
    return ticks, sizes


def shaped(bids: list[int], asks: list[int], unit: int = 1) -> Shape:
    return shape(
        *ladder(9_999 * unit, -unit, [unit * lots for lots in bids]),
        *ladder(10_001 * unit, unit, [unit * lots for lots in asks]),
    )


def test_a_book_of_equal_levels_leans_nowhere_and_grows_evenly() -> None:
    found = shaped([10] * 20, [10] * 20)

    assert found.imbalance_l5.tolist() == found.imbalance_l20.tolist() == [0.0]
    assert found.slope.tolist() == [pytest.approx(10.0, rel=1e-3)]  # ten lots a tick, and a tick is about one bp


def test_the_fifth_level_counts_and_the_twentieth_hardly() -> None:
    at_best, far = [20] + [10] * 19, [10] * 19 + [20]

    assert shaped(at_best, [10] * 20).imbalance_l20 > 5 * shaped(far, [10] * 20).imbalance_l20
    expected = 10 * WEIGHTS[-1] / (20 * WEIGHTS.sum() + 10 * WEIGHTS[-1])
    assert shaped(far, [10] * 20).imbalance_l20.tolist() == [pytest.approx(expected)]
    assert shaped([10] * 5 + [99] * 15, [10] * 20).imbalance_l5.tolist() == [0.0]


def test_an_empty_side_shows_nothing_and_two_levels_no_slope() -> None:
    assert np.isnan([each[0] for each in shaped([], [1, 2, 3])]).all()
    assert np.isnan(shaped([1, 2], [1, 2, 3]).slope).all()


@given(sides, sides)
def test_the_mirror_image_leans_the_other_way(bids: list[int], asks: list[int]) -> None:
    found = shaped(bids, asks)
    turned = shape(*ladder(9_999, -1, asks), *ladder(10_001, 1, bids))

    np.testing.assert_allclose(turned.imbalance_l5, -found.imbalance_l5)
    np.testing.assert_allclose(turned.imbalance_l20, -found.imbalance_l20)


@given(sides, sides)
def test_other_units_of_lots_and_ticks_change_no_imbalance(bids: list[int], asks: list[int]) -> None:
    found, other = shaped(bids, asks), shaped(bids, asks, unit=7)

    np.testing.assert_allclose(other.imbalance_l20, found.imbalance_l20, rtol=1e-12)
    np.testing.assert_allclose(other.slope, 7 * found.slope, rtol=1e-6)


@given(st.integers(1, 10**9), st.integers(1, 10**6))
def test_near_is_all_within_ten_basis_points_of_the_mid_and_no_tick_more(bid: int, spread: int) -> None:
    lowest, highest = near(bid, bid + spread)
    twice_mid = 2 * bid + spread

    assert 2 * lowest * 1000 >= 999 * twice_mid > 2 * (lowest - 1) * 1000
    assert 2 * highest * 1000 <= 1001 * twice_mid < 2 * (highest + 1) * 1000
