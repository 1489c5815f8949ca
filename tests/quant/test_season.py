"""The season of the week is found, shrunk, forgotten, and never made up."""

from __future__ import annotations

import numpy as np
import pytest

from quant.season import HOURS, Season

HOUR_NS = 3_600 * 10**9
MONDAY_NS = 1_660_521_600 * 10**9


def fed(season: Season, weeks: int, shape: np.ndarray) -> Season:
    for hour in range(weeks * HOURS):
        slot = season.slot(MONDAY_NS + (hour + 1) * HOUR_NS)
        assert slot == hour % HOURS
        season.learn(slot, shape[..., slot])
    return season


def test_a_bar_belongs_to_the_hour_in_which_it_begins() -> None:
    assert Season(1, 3_600.0).slot(MONDAY_NS + HOUR_NS) == 0
    assert Season(1, 3_600.0).slot(MONDAY_NS) == HOURS - 1
    assert Season(1, 60.0).slot(MONDAY_NS + 60 * 10**9) == 0


def test_the_season_that_was_made_is_found_with_mean_one() -> None:
    shape = 1.0 + 0.5 * np.sin(np.arange(HOURS) * 2.0 * np.pi / 24.0)
    season = fed(Season(1, 3_600.0), 60, shape[None])
    np.testing.assert_allclose(season.table()[0], shape, rtol=0.25)
    assert season.table().mean() == pytest.approx(1.0)


def test_what_was_never_seen_is_one_and_a_few_looks_move_little() -> None:
    season = Season(2, 3_600.0)
    np.testing.assert_array_equal(season.table(), np.ones((2, HOURS)))
    season.learn(5, np.array([9.0, np.nan]))
    factor, untouched = season.factor(5)
    assert 1.0 < factor < 3.0
    assert untouched == 1.0
    np.testing.assert_allclose(season.table()[:, 5] / season.table()[:, 8], season.factor(5) / season.factor(8))


def test_an_hour_learns_from_the_same_hour_of_other_days_of_its_part_of_the_week() -> None:
    season = Season(1, 3_600.0)
    for _ in range(10):
        season.learn(24 + 7, np.array([3.0]))
    table = season.table()[0]
    assert table[24 + 7] > table[48 + 7] > table[5 * 24 + 7] > table[8]


def test_bars_shorter_than_an_hour_learn_no_faster_than_hours() -> None:
    hours, minutes = Season(1, 3_600.0), Season(1, 60.0)
    hours.learn(3, np.array([4.0]))
    for _ in range(60):
        minutes.learn(3, np.array([4.0]))
    assert minutes.factor(3) == pytest.approx(hours.factor(3), rel=0.01)


def test_days_have_no_season_of_hours() -> None:
    assert Season(1, 86_400.0).idle
    assert not Season(1, 3_600.0).idle
