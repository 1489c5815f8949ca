"""Scores against numerical integration and their own laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quant.quantiles import LEVELS, student_quantiles
from quant.scores import coverage, crps, pinball, pit


def test_the_pinball_loss_is_the_written_out_formula() -> None:
    said = pinball(np.array([2.0, -1.0]), np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0.1, 0.9]))
    np.testing.assert_allclose(said, [[0.2, 0.9], [0.9, 0.2]])


def test_the_crps_on_a_fine_grid_is_that_of_the_normal_distribution() -> None:
    levels = (np.arange(20_000) + 0.5) / 20_000
    y = np.array([-1.3, 0.0, 0.4, 2.5])
    quantiles = np.repeat(stats.norm.ppf(levels)[:, None], 4, axis=1)
    closed = y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / np.sqrt(np.pi)
    np.testing.assert_allclose(crps(y, quantiles, levels), closed, atol=1e-3)


@given(st.floats(-0.5, 0.5), st.floats(0.5, 2.0))
def test_the_true_distribution_scores_best_on_average(shift: float, scale: float) -> None:
    truth = stats.t.ppf((np.arange(4000) + 0.5) / 4000, 5) * np.sqrt(3 / 5)
    honest = student_quantiles(np.zeros(4000), np.ones(4000))
    other = student_quantiles(np.full(4000, shift), np.full(4000, scale))
    for level in range(len(LEVELS)):
        own = pinball(truth, honest, LEVELS)[level].mean()
        assert own <= pinball(truth, other, LEVELS)[level].mean() + 1e-3


def test_coverage_counts_known_outcomes_only() -> None:
    y = np.array([0.0, 2.0, np.nan, 1.0])
    assert coverage(y, np.zeros(4), np.ones(4)) == pytest.approx(2 / 3)
    assert np.isnan(coverage(np.array([np.nan]), np.zeros(1), np.ones(1)))


def test_honest_beliefs_have_uniform_transforms() -> None:
    truth = stats.t.ppf((np.arange(4000) + 0.5) / 4000, 5) * np.sqrt(3 / 5)
    quantiles = student_quantiles(np.zeros(4000), np.ones(4000))
    said = pit(truth, quantiles, LEVELS)
    assert said.min() == pytest.approx(0.005)
    assert said.max() == pytest.approx(0.995)
    for level in LEVELS:
        assert (said <= level).mean() == pytest.approx(level, abs=2e-3)
    assert (np.diff(said) >= 0.0).all()


def test_an_absent_outcome_has_an_absent_score() -> None:
    quantiles = student_quantiles(np.zeros(2), np.array([1.0, np.nan]))
    for score in (crps, pit):
        said = score(np.array([np.nan, 0.0]), quantiles, LEVELS)
        assert np.isnan(said).all()
