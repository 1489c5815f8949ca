"""Numbers of windows: what is known, what is not, and against numpy's own."""

import numpy as np
import pytest

from quant.trade_measures import burst, share, slope


def test_a_slope_is_the_one_of_least_squares_over_known_times() -> None:
    chance = np.random.default_rng(3)
    x = chance.normal(size=(80, 2))
    y = 1.0 + np.array([2.0, -0.5]) * x + 0.1 * chance.normal(size=x.shape)
    y[::7, 0] = np.nan

    known = ~np.isnan(y[:, 0])
    expected = [np.polyfit(x[known, 0], y[known, 0], 1)[0], np.polyfit(x[:, 1], y[:, 1], 1)[0]]
    np.testing.assert_allclose(slope(x, y, 30), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.ones((50, 1)), np.arange(50.0)[:, None]),
        (np.arange(50.0)[:, None], np.full((50, 1), np.nan)),
        (np.zeros((50, 1)), np.zeros((50, 1))),
    ],
)
def test_no_slope_without_known_moves_or_varying_volume(x: np.ndarray, y: np.ndarray) -> None:
    assert np.isnan(slope(x, y, 30)).all()


def test_no_share_of_nothing() -> None:
    np.testing.assert_array_equal(share(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]])), [0.5, np.nan])


def test_a_constant_rate_has_no_burst_however_short_it_was_watched() -> None:
    ages = np.array([5.0, 20.0, 1000.0])
    fast, slow = 3.0 * (1 - np.exp(-ages / 10)), 3.0 * (1 - np.exp(-ages / 300))

    np.testing.assert_allclose(burst(fast, slow, ages, 10.0, 300.0), [np.nan, 1.0, 1.0], rtol=1e-12)
