"""Reductions that several groups share: what they do with absent values and with stillness."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.kernels import log_ratio, mean_present, mean_square, present_z, ratio, realised, spread, zscore

NAN = float("nan")


def test_a_mean_needs_three_quarters_of_its_window() -> None:
    x = np.array([[1.0, 2.0, NAN, 3.0], [1.0, NAN, NAN, 3.0]])
    np.testing.assert_allclose(mean_present(x), [2.0, NAN])


def test_a_z_of_those_present_needs_enough_of_them_a_last_one_and_movement() -> None:
    x = np.array([[1.0, NAN, 2.0, 6.0], [NAN, NAN, 2.0, 6.0], [1.0, 2.0, 3.0, NAN], [5.0, 5.0, 5.0, 5.0]])
    np.testing.assert_allclose(present_z(x, 3), [3.0 / float(np.std([1.0, 2.0, 6.0])), NAN, NAN, NAN])


def test_a_z_is_of_the_last_value_and_none_where_nothing_moves() -> None:
    x = np.array([[1.0, 2.0, 6.0], [1e9, 1e9, 1e9], [1.0, NAN, 2.0]])
    np.testing.assert_allclose(zscore(*spread(x)), [3.0 / float(np.std([1.0, 2.0, 6.0])), NAN, NAN])


def test_nothing_is_divided_by_nothing() -> None:
    np.testing.assert_array_equal(ratio(np.array([1.0, 1.0, 0.0]), np.array([2.0, 0.0, -1.0])), [0.5, NAN, NAN])
    np.testing.assert_array_equal(log_ratio(np.array([0.0, 2.0, 3.0]), np.array([1.0, 0.0, 3.0])), [NAN, NAN, 0.0])


def test_the_realised_deviation_is_around_zero() -> None:
    assert realised(*mean_square(np.array([3.0, -4.0]))) == pytest.approx(np.sqrt(12.5))
