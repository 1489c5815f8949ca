"""Scenarios: a t copula over believed margins, checked against scipy and against what a broken copula would show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from quant.quantiles import LEVELS, student_quantiles
from quant.rolling import Floats
from quant.scenarios import (
    STRESS_CORRELATION,
    UNIT_T,
    curve,
    log_returns,
    normal_scores,
    shapes_of,
    stressed,
    uncorrelated,
    unshaped,
    variates,
)

CORR = np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.5], [0.3, 0.5, 1.0]])
SIGMA = np.array([0.01, 0.02, 0.03])
SCORES = stats.norm.ppf(LEVELS)


def drawn(count: int = 100_000, seed: int = 1) -> Floats:
    return variates(CORR, np.random.default_rng(seed), count)


def test_variates_are_student_with_the_correlations_asked_for_and_a_fifth_of_them_a_rout() -> None:
    rows = drawn()
    calm, rout = rows[:80_000], rows[80_000:]
    np.testing.assert_allclose(stats.spearmanr(calm).statistic, 6 / np.pi * np.arcsin(CORR / 2), atol=0.02)
    raised = np.where(np.eye(3) > 0, 1.0, STRESS_CORRELATION)
    np.testing.assert_allclose(stats.spearmanr(rout).statistic, 6 / np.pi * np.arcsin(raised / 2), atol=0.02)
    seen, exact = np.quantile(rows, [0.01, 0.2], axis=0), stats.t(6).ppf([0.01, 0.2])
    np.testing.assert_allclose(seen, np.outer(exact, np.ones(3)), rtol=0.04)


def test_extremes_come_together_as_they_do_in_no_independent_or_gaussian_draw() -> None:
    rows = variates(np.array([[1.0, 0.5], [0.5, 1.0]]), np.random.default_rng(3), 200_000)[:160_000]
    far = rows < stats.t(6).ppf(0.01)
    together = float((far[:, 0] & far[:, 1]).sum() / far[:, 0].sum())
    assert together > 0.19, "a Gaussian copula gives 0.13, an independent one 0.01"


def test_rows_come_in_antithetic_pairs_and_the_same_generator_gives_the_same() -> None:
    rows = drawn(100)
    np.testing.assert_array_equal(rows[0::2], -rows[1::2])
    assert rows.tobytes() == drawn(100).tobytes()
    assert rows.tobytes() != drawn(100, seed=2).tobytes()


def test_normal_scores_are_those_of_the_t_distribution() -> None:
    x = np.concatenate([np.linspace(-59.0, 59.0, 20_001), [0.0, 1e-9, -1e-9]])
    exact = np.sign(x) * -special.ndtri(stats.t.cdf(-np.abs(x), 6))
    np.testing.assert_allclose(normal_scores(x), exact, atol=1e-6)
    assert normal_scores(np.array([1e9]))[0] == normal_scores(np.array([60.0]))[0]


@given(st.integers(0, 10_000), st.floats(1.0, 2.0))
def test_a_curve_goes_through_its_quantiles_never_falls_and_is_steeper_beyond_them(seed: int, slope: float) -> None:
    rng = np.random.default_rng(seed)
    quantiles = np.sort(rng.normal(0.0, 0.02, (9, 3)), axis=0)
    sigma = np.full(3, 1e-3)
    shapes = shapes_of(LEVELS, quantiles, np.zeros(3), sigma, slope)
    known = np.isfinite(shapes.values).all(axis=0)
    at = np.broadcast_to(SCORES[:, None], (9, 3))
    np.testing.assert_allclose(curve(shapes, at)[:, known], shapes.values[:, known], atol=1e-9)
    scores = np.sort(rng.normal(0.0, 3.0, (200, 3)), axis=0)
    assert (np.diff(curve(shapes, scores)[:, known], axis=0) >= -1e-12).all()
    inner = (shapes.values[1] - shapes.values[0]) / (SCORES[1] - SCORES[0])
    outer = curve(shapes, np.full((1, 3), SCORES[0]))[0] - curve(shapes, np.full((1, 3), SCORES[0] - 1.0))[0]
    np.testing.assert_allclose(outer[known], slope * inner[known], rtol=1e-9, atol=1e-12)


def test_gaussian_quantiles_give_gaussian_margins_with_the_mean_taken_out() -> None:
    mu, sigma = np.array([0.01, -0.02, 0.0]), SIGMA
    shapes = shapes_of(LEVELS, mu + SCORES[:, None] * sigma, mu, sigma, 1.0)
    np.testing.assert_allclose(shapes.values, SCORES[:, None] * np.ones(3), atol=1e-6)
    logs = log_returns(drawn(), sigma, shapes)
    np.testing.assert_allclose(logs.std(axis=0), sigma, rtol=0.01)
    np.testing.assert_allclose(np.quantile(logs / sigma, 0.01, axis=0), stats.norm.ppf(0.01), rtol=0.03)


@pytest.mark.parametrize(("slope", "nu", "ratio"), [(1.5, 4, 0.985), (1.5, 5, 1.000), (1.5, 8, 1.016), (1.0, 5, 0.962)])
def test_the_expected_shortfall_of_student_quantiles_is_near_the_exact_one(slope: float, nu: int, ratio: float) -> None:
    unit = np.sqrt((nu - 2) / nu)
    quantiles = (stats.t(nu).ppf(LEVELS) * unit)[:, None]
    bare = shapes_of(LEVELS, quantiles, np.zeros(1), np.ones(1), slope)
    probability = (np.arange(400_000) + 0.5) / 400_000
    values = curve(bare, stats.norm.ppf(probability)[:, None])[:, 0]
    narrowed = quantiles[0, 0] / bare.values[0, 0]
    found = -values[:10_000].mean() * narrowed
    at = stats.t(nu).ppf(0.025)
    exact = stats.t(nu).pdf(at) / 0.025 * (nu + at * at) / (nu - 1) * unit
    assert found / exact == pytest.approx(ratio, abs=0.005)


def test_a_belief_narrower_than_its_own_sigma_is_widened_to_it() -> None:
    quantiles = student_quantiles(np.zeros(1), np.array([0.005]))
    claimed = shapes_of(LEVELS, quantiles, np.zeros(1), np.array([0.01]), 1.25)
    honest = shapes_of(LEVELS, quantiles, np.zeros(1), np.array([0.005]), 1.25)
    np.testing.assert_allclose(claimed.values, honest.values, atol=0.05)


def test_what_is_no_curve_is_a_t_with_the_deviation_that_is_known() -> None:
    falling, equal, missing = SCORES[::-1], np.zeros(9), np.where(LEVELS == 0.5, np.nan, SCORES)
    quantiles = np.stack((SCORES, falling, equal, missing), axis=1)
    shapes = shapes_of(LEVELS, quantiles, np.zeros(4), np.ones(4), 1.25)
    assert np.isfinite(shapes.values).all(axis=0).tolist() == [True, False, False, False]
    for sigma in (0.0, -1.0, np.nan):
        assert np.isnan(shapes_of(LEVELS, quantiles, np.zeros(4), np.full(4, sigma), 1.25).values).all()
    rows = drawn(1000)
    np.testing.assert_allclose(log_returns(rows, SIGMA, unshaped(3)), UNIT_T * rows * SIGMA, rtol=1e-15)


def test_one_instrument_and_a_singular_correlation_can_be_drawn_from() -> None:
    rng = np.random.default_rng(1)
    assert variates(np.ones((1, 1)), rng, 10).shape == (10, 1)
    alike = variates(np.ones((3, 3)), rng, 1000)
    np.testing.assert_allclose(alike[:, 0], alike[:, 1], rtol=1e-2, atol=1e-2)
    assert variates(np.zeros((0, 0)), rng, 10).shape == (10, 0)


def test_stressed_correlations_are_at_least_four_fifths_and_can_be_drawn_from() -> None:
    corr = np.array([[1.0, -0.9, 0.99], [-0.9, 1.0, -0.9], [0.99, -0.9, 1.0]])
    assert stressed(corr).min() == 0.8
    rout = variates(corr, np.random.default_rng(1), 100_000)[80_000:]
    assert stats.spearmanr(rout).statistic.min() > 0.75
    mixed = np.array([[1.0, 0.99, 0.0], [0.99, 1.0, 0.99], [0.0, 0.99, 1.0]])
    assert np.linalg.eigvalsh(mixed)[0] < 0.0, "what is no correlation matrix is repaired"
    assert np.isfinite(variates(mixed, np.random.default_rng(1), 1000)).all()


def test_the_same_chance_gives_an_instrument_the_same_draws_however_many_others_there_are() -> None:
    few, many = (uncorrelated(np.random.default_rng(1), width, 100) for width in (3, 40))
    np.testing.assert_array_equal(few, many[:, :3])


def test_what_cannot_be_drawn_is_refused_by_name() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="sigma of instrument 1 is nan, expected a finite number"):
        log_returns(drawn(10), np.array([1.0, np.nan, 1.0]), unshaped(3))
    with pytest.raises(ValueError, match="count is 5, expected an even number"):
        variates(CORR, rng, 5)
    with pytest.raises(ValueError, match=r"tail slope is 0\.5"):
        shapes_of(LEVELS, np.zeros((9, 1)), np.zeros(1), np.ones(1), 0.5)
    with pytest.raises(ValueError, match="levels are"):
        shapes_of(LEVELS[::-1], np.zeros((9, 1)), np.zeros(1), np.ones(1), 1.0)
