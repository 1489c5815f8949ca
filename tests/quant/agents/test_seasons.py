"""Hours of the week that pay, and those that do not."""

from __future__ import annotations

import numpy as np
import pytest

from quant.agents.seasons import HOUR_NS, SLOTS, Seasons, hour_of_week


def test_the_week_begins_on_monday() -> None:
    monday = 4 * 24 * HOUR_NS  # 1970-01-05
    assert hour_of_week(monday) == 0
    assert hour_of_week(monday - 1) == SLOTS - 1
    assert hour_of_week(monday + 25 * HOUR_NS) == 25


def test_a_mean_that_stands_out_is_shrunk_by_fifty_labels_and_others_are_zero() -> None:
    seasons, rng = Seasons(2), np.random.default_rng(1)
    seen = rng.normal((0.8, 0.0), 1.0, (40, 2))
    for row in seen:
        seasons.learn(7, row, 1.0)
    keep = 0.5 ** (np.arange(39, -1, -1) / 100.0)
    mean, n = float(keep @ seen[:, 0] / keep.sum()), keep.sum()
    assert seasons.expected(7) == pytest.approx([mean * n / (n + 50.0), 0.0])
    assert seasons.expected(8).tolist() == [0.0, 0.0]


def test_few_labels_and_equal_ones_say_nothing() -> None:
    seasons = Seasons(1)
    for _ in range(3):
        seasons.learn(0, np.array([1.0]), 1.0)
    assert seasons.expected(0).tolist() == [0.0]
    for _ in range(50):
        seasons.learn(0, np.array([np.nan]), 1.0)
    assert seasons["count"][0, 0] <= 3.0


def test_labels_that_overlap_count_for_their_uniqueness() -> None:
    whole, parts = Seasons(1), Seasons(1)
    for _ in range(10):
        whole.learn(0, np.array([1.0]), 1.0)
        for _ in range(4):
            parts.learn(0, np.array([1.0]), 0.25)
    assert parts["count"][0, 0] == pytest.approx(whole["count"][0, 0], rel=0.01)
