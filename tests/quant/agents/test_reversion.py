"""Scores of what comes back, against the processes written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.agents.reversion import reversal_score, reversion


@given(st.floats(-0.05, 0.05), st.floats(0.006, 0.34), st.floats(1e-4, 0.01), st.integers(1, 50))
def test_reversion_equals_the_process_carried_on_step_by_step(
    gap: float, kappa: float, noise: float, horizon: int
) -> None:
    x, variance, rho = gap, 0.0, np.exp(-kappa)
    for _ in range(horizon):
        x, variance = rho * x, rho**2 * variance + noise**2
    score, deviation = reversion(np.array([gap]), np.array([kappa]), np.array([noise]), float(horizon))
    assert deviation[0] == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert score[0] * deviation[0] == pytest.approx(x - gap, rel=1e-9, abs=1e-15)
    assert score[0] * gap <= 0.0


@pytest.mark.parametrize("half_life", [1.9, 121.0, np.inf])
def test_reversion_is_off_where_the_half_life_says_nothing(half_life: float) -> None:
    kappa = np.array([np.log(2.0) / half_life, np.nan, 0.05])
    score, deviation = reversion(np.full(3, 0.01), kappa, np.full(3, 0.001), 5.0)
    assert np.isnan([score[0], deviation[0], score[1]]).all()
    assert np.isfinite(score[2])


def test_reversal_is_minus_the_z_score_over_the_instruments_known() -> None:
    residual = np.array([1.0, 2.0, np.nan, 6.0])
    known = np.array([1.0, 2.0, 6.0])
    said = reversal_score(residual, np.full(4, 0.5))
    assert said[[0, 1, 3]] == pytest.approx(-(known - known.mean()) / known.std())
    assert np.isnan(said[2])


def test_reversal_fades_when_all_go_one_way() -> None:
    residual = np.array([1.0, 2.0, 6.0])
    whole = reversal_score(residual, np.full(3, 0.5))
    assert reversal_score(residual, np.full(3, 0.75)) == pytest.approx(0.5 * whole)
    assert reversal_score(residual, np.ones(3)) == pytest.approx(np.zeros(3))
    assert reversal_score(residual, np.full(3, np.nan)) == pytest.approx(whole)


@pytest.mark.parametrize("residual", [[1.0, 2.0], [np.nan, 1.0, 2.0], [5.0, 5.0, 5.0], [np.nan] * 4])
def test_there_is_no_reversal_without_a_cross_section(residual: list[float]) -> None:
    assert np.isnan(reversal_score(np.array(residual), np.full(len(residual), 0.5))).all()
