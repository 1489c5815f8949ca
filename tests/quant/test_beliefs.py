"""A belief is coefficient times score times deviation, bounded, and absent where anything is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.beliefs import PROMISE, believe, promised
from quant.calibration import Worth
from quant.rolling import Floats

scores = arrays(np.float64, 5, elements=st.floats(-100.0, 100.0) | st.just(float("nan")))
deviations = arrays(np.float64, 5, elements=st.floats(0.0, 0.5) | st.just(float("nan")))


@pytest.mark.numbers
@given(scores, deviations, st.floats(-0.1, 0.1))
def test_a_belief_is_bounded_signed_by_its_score_and_absent_where_anything_is(
    score: Floats, deviation: Floats, coefficient: float
) -> None:
    said = believe(score, deviation, 1.0, Worth(coefficient, 0.02))
    known = np.isfinite(score) & np.isfinite(deviation) & (deviation > 0.0)
    for column in said:
        np.testing.assert_array_equal(np.isfinite(column), known)
    assert (np.abs(said.mu[known]) <= 0.3 * said.sigma[known] * (1.0 + 1e-12)).all()
    moved = np.abs(said.mu[known]) > 0.0
    assert (np.sign(said.mu[known]) == np.sign(coefficient) * np.sign(score[known]))[moved].all()
    assert ((said.confidence[known] >= 0.0) & (said.confidence[known] <= 1.0)).all()


def test_a_belief_is_coefficient_times_score_times_deviation() -> None:
    said = believe(np.array([1.5, -9.0]), np.array([0.01, 0.02]), 2.0, Worth(0.04, 0.01), freshness=0.5)
    assert said.mu == pytest.approx([0.04 * 1.5 * 0.02, 0.04 * -3.0 * 0.04])
    assert said.sigma == pytest.approx([0.02, 0.04])
    assert said.confidence == pytest.approx([0.4, 0.4])


def test_what_is_not_fresh_is_not_sure_and_what_is_of_unknown_age_is_absent() -> None:
    said = believe(np.ones(3), np.ones(3), 1.0, Worth(0.04, 0.01), freshness=np.array([0.0, np.nan, 7.0]))
    assert said.confidence == pytest.approx([0.0, np.nan, 0.8], nan_ok=True)
    assert np.isnan(said.mu).tolist() == [False, True, False]


def test_a_promise_is_kept_by_a_coefficient_of_its_size() -> None:
    expected = np.array([0.02, -0.1, 1.0])
    said = believe(promised(expected), np.full(3, 0.01), 1.0, Worth(PROMISE, 0.01))
    assert said.mu == pytest.approx([0.02 * 0.01, -0.1 * 0.01, 0.15 * 0.01])
