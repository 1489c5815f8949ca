"""Scores and beliefs of the first three agents against their written-out formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.beliefs import believe, flow_freshness, flow_score, momentum_score, reversion
from quant.calibration import Calibration
from quant.features.history import batch
from quant.rolling import Floats
from quant.volatility import over_horizon
from tests.kit.histories import bar_times

scores = arrays(np.float64, 5, elements=st.floats(-100.0, 100.0) | st.just(float("nan")))
deviations = arrays(np.float64, 5, elements=st.floats(0.0, 0.5) | st.just(float("nan")))


@given(scores, deviations, st.floats(-0.1, 0.1))
def test_a_belief_is_bounded_signed_by_its_score_and_absent_where_anything_is(
    score: Floats, deviation: Floats, prior: float
) -> None:
    said = believe(score, deviation, Calibration(prior, 1.0))
    known = np.isfinite(score) & np.isfinite(deviation) & (deviation > 0.0)
    for column in said:
        np.testing.assert_array_equal(np.isfinite(column), known)
    assert (np.abs(said.mu[known]) <= 0.3 * said.sigma[known] * (1.0 + 1e-12)).all()
    moved = np.abs(said.mu[known]) > 0.0
    assert (np.sign(said.mu[known]) == np.sign(prior) * np.sign(score[known]))[moved].all()
    assert ((said.confidence[known] >= 0.0) & (said.confidence[known] <= 1.0)).all()


def test_a_belief_is_coefficient_times_score_times_deviation() -> None:
    said = believe(np.array([1.5, -9.0]), np.array([0.01, 0.02]), Calibration(0.04, 1.0), freshness=0.5)
    assert said.mu == pytest.approx([0.04 * 1.5 * 0.01, 0.04 * -3.0 * 0.02])
    assert said.sigma == pytest.approx([0.01, 0.02])
    assert said.confidence[0] == pytest.approx(0.5 * Calibration(0.04, 1.0).confidence)


def test_momentum_is_the_mean_of_scaled_returns_without_the_last_bar() -> None:
    rng = np.random.default_rng(1)
    r = rng.normal(0.2, 1.0, (61, 3))
    sd = 1.3
    bars = np.array([15.0, 60.0])
    rets = np.stack([r[-15:].sum(axis=0), r[-60:].sum(axis=0)]) / (sd * np.sqrt(bars))[:, None]
    skipped = np.stack([r[-15:-1].sum(axis=0) / np.sqrt(14.0), r[-60:-1].sum(axis=0) / np.sqrt(59.0)]) / sd
    said = momentum_score(r[-1] / sd, rets, bars)
    np.testing.assert_allclose(said, np.clip(skipped, -3.0, 3.0).mean(axis=0))


def test_momentum_leaves_cold_windows_out_and_is_absent_when_all_are() -> None:
    rets = np.array([[1.0, np.nan], [np.nan, np.nan]])
    said = momentum_score(np.zeros(2), rets, np.array([15.0, 60.0]))
    assert said[0] == pytest.approx(np.sqrt(15.0 / 14.0))
    assert np.isnan(said[1])


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


def test_the_flow_score_is_linear_near_zero_bounded_and_fades() -> None:
    np.testing.assert_allclose(flow_score(np.array([0.0, 0.01, -0.01])), [0.0, 0.01, -0.01], rtol=1e-4)
    assert np.abs(flow_score(np.array([-1e3, 1e3]))).max() <= 3.0
    assert np.isnan(flow_score(np.array([np.nan]))).all()
    np.testing.assert_allclose(flow_freshness(np.array([0.0, 10.0, -5.0])), [1.0, np.exp(-1.0), 1.0])


def a_reverting_market(seed: int, n: int = 12, times: int = 2500) -> Floats:
    """Closes (n, times) around a slow random walk they revert to with a half-life of 14 bars."""
    rng = np.random.default_rng(seed)
    noise, walk = 0.001 * rng.normal(size=(n, times)), np.cumsum(0.0003 * rng.normal(size=(n, times)), axis=1)
    gap = np.zeros((n, times))
    for t in range(1, times):
        gap[:, t] = 0.95 * gap[:, t - 1] + noise[:, t]
    return np.exp(gap + walk)


def test_in_a_reverting_market_reversion_earns_its_coefficient_and_momentum_loses_its_own() -> None:
    close, horizon = a_reverting_market(1), 15
    bars = dict.fromkeys(("open", "high", "low", "close"), close)
    values = batch(bars, bar_times(close.shape[1]), bar_s=60.0, horizon_bars=1)
    reverts, trends = Calibration(0.0, 1.0 / horizon), Calibration(0.02, 1.0 / horizon)
    windows = np.array([15.0, 60.0, 240.0])
    for t in range(260, close.shape[1] - horizon):
        now = {name: column[:, t] for name, column in values.items()}
        y = np.log(close[:, t + horizon] / close[:, t])
        score, deviation = reversion(now["ou_gap_240"], now["ou_kappa_240"], now["ou_noise_240"], float(horizon))
        said = believe(score, deviation, reverts)
        reverts.update(y, said.score, said.sigma)
        score = momentum_score(now["ret_1"], np.stack([now[f"ret_{int(n)}"] for n in windows]), windows)
        said = believe(score, over_horizon(now["ewma_vol"], horizon, 1.0), trends)
        trends.update(y, said.score, said.sigma)
    assert reverts.coefficient > 0.05
    assert trends.coefficient < 0.0
