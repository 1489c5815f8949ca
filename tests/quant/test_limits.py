"""Exposure in the worst case of open orders, with the number that was and the number that may be."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from quant.limits import Check, Exposure, Limits, worst_case
from quant.rolling import Floats

LIMITS = Limits(gross_eur_max=150.0, net_eur_max=100.0, symbol_eur_max=60.0, cluster_eur_max=90.0)
positions = arrays(np.float64, 3, elements=st.floats(-100.0, 100.0))
orders = arrays(np.float64, 3, elements=st.floats(0.0, 50.0))
CLUSTER = np.array([0, 0, 2])


def check_exposure(position: Floats, buys: Floats, sells: Floats, cluster: NDArray[np.int64]) -> tuple[Check, ...]:
    return Exposure(position, buys, sells, cluster).checks(LIMITS)


def test_every_limit_says_what_was_and_what_may_be() -> None:
    checks = check_exposure(
        np.array([50.0, -30.0, 10.0]), np.array([20.0, 0.0, 0.0]), np.array([0.0, 5.0, 0.0]), CLUSTER
    )
    assert [(c.limit, c.at, c.was_eur, c.may_eur, c.kept) for c in checks] == [
        ("gross", -1, 115.0, 150.0, True),
        ("net", -1, 50.0, 100.0, True),
        ("symbol", 0, 70.0, 60.0, False),
        ("cluster", 0, 105.0, 90.0, False),
    ]


@pytest.mark.numbers
@given(positions, orders, orders)
def test_no_way_of_filling_open_orders_exceeds_the_worst_case(position: Floats, buys: Floats, sells: Floats) -> None:
    gross, net, symbol, _ = check_exposure(position, buys, sells, CLUSTER)
    for bought, sold in product((0.0, 0.3, 1.0), repeat=2):
        after = position + bought * buys - sold * sells
        assert np.abs(after).sum() <= gross.was_eur + 1e-9
        assert abs(after.sum()) <= net.was_eur + 1e-9
        assert np.abs(after).max() <= symbol.was_eur + 1e-9


@given(positions, orders, orders, orders)
def test_another_open_order_never_lowers_any_number(
    position: Floats, buys: Floats, sells: Floats, more: Floats
) -> None:
    before = check_exposure(position, buys, sells, CLUSTER)
    after = check_exposure(position, buys + more, sells, CLUSTER)
    for one, other in zip(before, after, strict=True):
        assert other.was_eur >= one.was_eur - 1e-9


def test_without_open_orders_the_worst_case_is_the_position() -> None:
    position = np.array([5.0, -7.0])
    np.testing.assert_array_equal(worst_case(position, np.zeros(2), np.zeros(2)), [5.0, 7.0])


def test_an_exposure_that_is_not_known_keeps_no_limit() -> None:
    checks = check_exposure(np.array([np.nan, 0.0, 0.0]), np.zeros(3), np.zeros(3), CLUSTER)
    assert [check.kept for check in checks] == [False, False, False, False]


def test_an_empty_book_keeps_every_limit_and_negative_orders_are_refused() -> None:
    empty = np.empty(0)
    checks = check_exposure(empty, empty, empty, np.empty(0, dtype=np.int64))
    assert all(check.kept and check.was_eur == 0.0 for check in checks)
    with pytest.raises(ValueError, match="open orders are negative"):
        check_exposure(np.zeros(1), np.array([-1.0]), np.zeros(1), np.zeros(1, dtype=np.int64))


@given(
    positions, orders, orders, st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.floats(0.0, 50.0)), max_size=6)
)
def test_orders_one_by_one_come_to_what_they_are_together(
    position: Floats, buys: Floats, sells: Floats, more: list[tuple[int, bool, float]]
) -> None:
    book = Exposure(position, buys, sells, CLUSTER)
    for place, is_buy, notional in more:
        one = (notional, 0.0) if is_buy else (0.0, notional)
        tried = book.checks(LIMITS, place, *one)
        book.add(place, *one)
        assert tried == book.checks(LIMITS)
        (buys if is_buy else sells)[place] += notional
        whole = check_exposure(position, buys, sells, CLUSTER)
        for found, expected in zip(tried, whole, strict=True):
            assert found.was_eur == pytest.approx(expected.was_eur, abs=1e-9)


def test_an_order_nobody_knows_the_size_of_keeps_no_limit_and_spoils_all_that_come_after() -> None:
    book = Exposure(np.zeros(3), np.zeros(3), np.zeros(3), CLUSTER)
    assert not any(check.kept for check in book.checks(LIMITS, 1, np.nan, 0.0))
    book.add(1, np.nan, 0.0)
    assert not any(check.kept for check in book.checks(LIMITS, 0, 1.0, 0.0))
