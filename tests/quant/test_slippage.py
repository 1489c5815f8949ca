"""What trades cost: nothing beyond the touch while they fit, more with size, unknown where the book is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quant.slippage import one_way_bps, round_trip_bps, slippage_bps


def test_an_order_that_fits_the_best_level_does_not_slip_and_a_larger_one_does() -> None:
    said = slippage_bps(np.array([50.0, -100.0, 300.0, -300.0]), np.full(4, 100.0), np.full(4, 2.0))
    np.testing.assert_allclose(said, [0.0, 0.0, 2.0, 2.0])


@given(st.floats(0.0, 1e6), st.floats(1.0, 10.0), st.floats(1.0, 1e5), st.floats(0.0, 50.0))
def test_a_larger_order_never_slips_less(notional: float, more: float, depth: float, half_spread: float) -> None:
    sizes = np.array([notional, more * notional])
    small, large = slippage_bps(sizes, np.full(2, depth), np.full(2, half_spread))
    assert 0.0 <= small <= large


def test_an_unknown_depth_is_an_unknown_cost() -> None:
    said = slippage_bps(np.full(2, 10.0), np.array([0.0, np.nan]), np.ones(2))
    assert np.isnan(said).all()
    assert np.isnan(one_way_bps(np.full(2, 10.0), np.ones(2), said)).all()


def test_a_cost_is_fee_and_half_spread_and_slippage_and_a_round_trip_twice_that() -> None:
    fee, half, slip = np.array([10.0]), np.array([1.5]), np.array([0.5])
    assert one_way_bps(fee, half, slip).tolist() == [12.0]
    assert round_trip_bps(fee, half, slip).tolist() == [24.0]
