"""Exposure in the worst case of open orders, with the number that was and the number that may be."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.limits import Limits, check_exposure, worst_case
from quant.rolling import Floats

LIMITS = Limits(gross_eur_max=150.0, net_eur_max=100.0, symbol_eur_max=60.0, cluster_eur_max=90.0)
positions = arrays(np.float64, 3, elements=st.floats(-100.0, 100.0))
orders = arrays(np.float64, 3, elements=st.floats(0.0, 50.0))
CLUSTER = np.array([0, 0, 2])


def test_every_limit_says_what_was_and_what_may_be() -> None:
    checks = check_exposure(
        np.array([50.0, -30.0, 10.0]), np.array([20.0, 0.0, 0.0]), np.array([0.0, 5.0, 0.0]), CLUSTER, LIMITS
    )
    assert [(c.limit, c.at, c.was_eur, c.may_eur, c.kept) for c in checks] == [
        ("gross", -1, 115.0, 150.0, True),
        ("net", -1, 50.0, 100.0, True),
        ("symbol", 0, 70.0, 60.0, False),
        ("cluster", 0, 105.0, 90.0, False),
    ]


@given(positions, orders, orders)
def test_no_way_of_filling_open_orders_exceeds_the_worst_case(position: Floats, buys: Floats, sells: Floats) -> None:
    gross, net, symbol, _ = check_exposure(position, buys, sells, CLUSTER, LIMITS)
    for bought, sold in product((0.0, 0.3, 1.0), repeat=2):
        after = position + bought * buys - sold * sells
        assert np.abs(after).sum() <= gross.was_eur + 1e-9
        assert abs(after.sum()) <= net.was_eur + 1e-9
        assert np.abs(after).max() <= symbol.was_eur + 1e-9


@given(positions, orders, orders, orders)
def test_another_open_order_never_lowers_any_number(
    position: Floats, buys: Floats, sells: Floats, more: Floats
) -> None:
    before = check_exposure(position, buys, sells, CLUSTER, LIMITS)
    after = check_exposure(position, buys + more, sells, CLUSTER, LIMITS)
    for one, other in zip(before, after, strict=True):
        assert other.was_eur >= one.was_eur - 1e-9


def test_without_open_orders_the_worst_case_is_the_position() -> None:
    position = np.array([5.0, -7.0])
    np.testing.assert_array_equal(worst_case(position, np.zeros(2), np.zeros(2)), [5.0, 7.0])


def test_an_exposure_that_is_not_known_keeps_no_limit() -> None:
    checks = check_exposure(np.array([np.nan, 0.0, 0.0]), np.zeros(3), np.zeros(3), CLUSTER, LIMITS)
    assert [check.kept for check in checks] == [False, False, False, False]


def test_an_empty_book_keeps_every_limit_and_negative_orders_are_refused() -> None:
    empty = np.empty(0)
    checks = check_exposure(empty, empty, empty, np.empty(0, dtype=np.int64), LIMITS)
    assert all(check.kept and check.was_eur == 0.0 for check in checks)
    with pytest.raises(ValueError, match="open orders are negative"):
        check_exposure(np.zeros(1), np.array([-1.0]), np.zeros(1), np.zeros(1, dtype=np.int64), LIMITS)
