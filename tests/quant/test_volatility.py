"""Volatility of a bar and over a horizon."""

from __future__ import annotations

import numpy as np
import pytest

from quant.volatility import ewma_sd, over_horizon


def test_absent_returns_are_left_out_and_too_few_give_nothing() -> None:
    returns = np.full((3, 40), 0.01)
    returns[1, ::3] = np.nan
    returns[2, 19:] = np.nan
    np.testing.assert_allclose(ewma_sd(returns), [0.01, 0.01, np.nan])


def test_recent_returns_weigh_more() -> None:
    calm, wild = np.full(40, 0.01), np.full(40, 0.03)
    late, early = ewma_sd(np.stack([np.r_[calm, wild], np.r_[wild, calm]]))
    assert late > early


def test_a_price_that_never_moved_has_no_scale() -> None:
    assert np.isnan(ewma_sd(np.zeros((1, 40))))[0]


def test_deviation_grows_with_the_square_root_of_time() -> None:
    np.testing.assert_allclose(over_horizon(np.array([0.01, np.nan]), 240.0, 60.0), [0.02, np.nan])
    with pytest.raises(ValueError, match=r"horizon of 0\.0 s"):
        over_horizon(np.ones(1), 0.0, 60.0)
