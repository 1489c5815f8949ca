"""Points for a picture: few, and none invented."""

import numpy as np

from bot.review.section import thinned


def test_a_short_series_is_drawn_as_it_is_without_what_is_not_known() -> None:
    assert thinned(np.array([1.0, 2.0, 3.0]), np.array([5.0, np.nan, 7.0])) == ((1.0, 3.0), (5.0, 7.0))


def test_a_long_series_keeps_its_ends_and_the_extreme_that_is_asked_for() -> None:
    x = np.arange(10_000.0)
    y = np.zeros(10_000)
    y[4_321] = -9.0
    points = thinned(x, y, lambda values: float(values.min()))
    assert len(points[0]) == len(points[1]) == 600
    assert (points[0][0], points[0][-1], min(points[1])) == (0.0, 9_999.0, -9.0)
    assert min(thinned(x, y)[1]) == 0.0
