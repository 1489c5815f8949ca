"""What is usual of a number, against weights written out."""

from __future__ import annotations

import numpy as np
import pytest

from quant.agents.usual import Usual

HOUR_NS = 3600 * 10**9


def fed(values: np.ndarray, *, life_s: float = 100 * 3600.0) -> Usual:
    usual = Usual(values.shape[1], life_s)
    for step, row in enumerate(values):
        usual.add(row, (step + 1) * HOUR_NS)
    return usual


def test_the_mean_and_the_z_score_are_those_of_exponential_weights() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, (200, 2))
    values[50, 1] = np.nan
    weights = np.exp(-np.arange(199, -1, -1) / 100.0)
    for column in range(2):
        known = np.isfinite(values[:, column])
        x, w = values[known, column], weights[known] / weights[known].sum()
        mean, sd = float(w @ x), float(np.sqrt(w @ x**2 - (w @ x) ** 2))
        usual = fed(values)
        assert usual.mean()[column] == pytest.approx(mean)
        assert usual.z(np.full(2, 9.0))[column] == pytest.approx((9.0 - mean) / sd)


def test_nothing_is_unusual_before_a_tenth_of_the_life_was_seen_nor_of_what_never_varied() -> None:
    values = np.random.default_rng(2).normal(size=(60, 1))
    assert np.isnan(fed(values[:20], life_s=300 * 3600.0).z(np.ones(1))).all()
    assert np.isfinite(fed(values, life_s=300 * 3600.0).z(np.ones(1))).all()
    assert np.isnan(fed(np.full((60, 1), 3.0)).z(np.full(1, 3.0))).all()


def test_a_number_is_scaled_by_what_all_show_first_and_by_its_own_in_the_end() -> None:
    first = fed(np.array([[3.0, 4.0]]))
    together = (9.0 + 16.0) / 2
    assert first.scaled(np.array([3.0, 4.0])) == pytest.approx(
        [3.0 / np.sqrt((20 * together + 9.0) / 21), 4.0 / np.sqrt((20 * together + 16.0) / 21)]
    )
    many = fed(np.random.default_rng(3).normal(0.0, (10.0, 1.0), (4000, 2)), life_s=1e9)
    assert many.scaled(np.array([10.0, 1.0])) == pytest.approx([1.0, 1.0], rel=0.2)


def test_what_was_always_zero_stays_zero() -> None:
    assert fed(np.zeros((5, 2))).scaled(np.zeros(2)).tolist() == [0.0, 0.0]


def test_hearing_the_same_moment_again_forgets_nothing() -> None:
    usual = fed(np.ones((30, 1)))
    before = usual["count"].copy()
    usual.add(np.full(1, np.nan), 30 * HOUR_NS)
    assert usual["count"].tolist() == before.tolist()
