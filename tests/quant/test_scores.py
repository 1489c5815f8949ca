"""Scores agree with scoringrules, are proper, and say NaN where nothing is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quant import scores
from quant.quantiles import LEVELS


def a_world(n=400, seed=0):
    """Rising quantiles (levels, n) and outcomes."""
    chance = np.random.default_rng(seed)
    mu, sigma = chance.normal(size=n), np.exp(chance.normal(size=n))
    return mu, sigma, mu + np.outer(stats.norm.ppf(LEVELS), sigma), mu + sigma * chance.standard_t(4, size=n)


@pytest.mark.filterwarnings("ignore")
def test_scores_are_those_of_the_reference_library():
    import scoringrules as reference

    mu, sigma, quantiles, y = a_world()
    each = np.array([reference.quantile_score(y, row, tau, backend="numpy") for row, tau in zip(quantiles, LEVELS)])
    assert scores.pinball(quantiles, y) == pytest.approx(each, abs=1e-10)
    quantile_crps = reference.crps_quantile(y, quantiles.T, LEVELS, backend="numpy")
    assert 2 * scores.mean_pinball(quantiles, y) == pytest.approx(quantile_crps, abs=1e-10)
    winkler = reference.interval_score(y, quantiles[1], quantiles[-2], 0.1, backend="numpy")
    assert scores.interval_score(quantiles[1], quantiles[-2], y, 0.1) == pytest.approx(winkler, abs=1e-10)
    normal = reference.crps_normal(y, mu, sigma, backend="numpy")
    assert scores.crps_normal(mu, sigma, y) == pytest.approx(normal, abs=1e-10)
    student = reference.crps_t(y, 5.0, mu, sigma, backend="numpy")
    assert scores.crps_t(5.0, mu, sigma, y) == pytest.approx(student, abs=1e-10)


def test_the_integral_over_many_levels_is_the_closed_form():
    levels = np.linspace(0.0005, 0.9995, 1000)
    mu, sigma, _, y = a_world(n=50)
    quantiles = mu + np.outer(stats.norm.ppf(levels), sigma)
    assert scores.crps(quantiles, y, levels) == pytest.approx(scores.crps_normal(mu, sigma, y), rel=3e-3)


@given(st.floats(-5, 5), st.floats(0.1, 5), st.floats(-3, 3))
def test_no_other_quantile_costs_less_than_the_true_one(mu, sigma, shift):
    grid = mu + sigma * stats.norm.ppf(np.linspace(0.0005, 0.9995, 500))
    true = mu + sigma * stats.norm.ppf(LEVELS)
    costs = [scores.pinball(np.repeat(q[:, None], 500, axis=1), grid).mean(axis=1) for q in (true, true + shift)]
    assert (costs[0] <= costs[1] + 1e-3 * sigma).all()


def test_coverage_counts_what_fell_inside():
    quantiles = np.repeat(stats.norm.ppf(LEVELS)[:, None], 4, axis=1)
    y = np.array([0.0, 1.0, 2.0, 5.0])
    assert scores.coverage(quantiles, y).tolist() == [0.25, 0.5, 0.75]
    assert scores.widths(quantiles) == pytest.approx(2 * stats.norm.ppf([0.75, 0.95, 0.99]))


def test_calibration_error_is_the_share_below_less_the_level():
    mu, sigma, quantiles, _ = a_world(n=20_000)
    y = mu + sigma * np.random.default_rng(5).normal(size=len(mu))
    assert np.abs(scores.calibration_error(quantiles, y)).max() < 0.01
    assert scores.calibration_error(quantiles, np.full(len(mu), -1e9)) == pytest.approx(1 - LEVELS)


def test_the_transform_of_normal_beliefs_is_exact_out_to_the_tails():
    mu, sigma, quantiles, y = a_world()
    assert scores.pit(quantiles, y) == pytest.approx(scores.pit_normal(mu, sigma, y), abs=1e-12)


def test_the_transform_rises_with_the_outcome_and_stays_inside():
    quantiles = np.sort(np.random.default_rng(1).normal(size=(9, 1)), axis=0)
    y = np.linspace(-40, 40, 2001)
    u = scores.pit(np.repeat(quantiles, len(y), axis=1), y)
    assert (np.diff(u) >= 0).all()
    assert u.min() >= 0.0
    assert u.max() <= 1.0


def test_equal_quantiles_give_a_number_between_0_and_1():
    u = scores.pit(np.zeros((9, 3)), np.array([-1.0, 0.0, 1.0]))
    assert np.isfinite(u).all()
    assert u[0] < 0.05 < 0.95 < u[2]


@pytest.mark.parametrize("absent", ["outcome", "quantile"])
def test_what_is_absent_scores_nan_and_is_left_out_of_averages(absent):
    _, _, quantiles, y = a_world(n=10)
    full = scores.coverage(quantiles[:, 1:], y[1:])
    if absent == "outcome":
        y[0] = np.nan
    else:
        quantiles[:, 0] = np.nan
    assert np.isnan(scores.mean_pinball(quantiles, y)).tolist() == [True] + [False] * 9
    assert np.isnan(scores.pit(quantiles, y)).tolist() == [True] + [False] * 9
    assert scores.coverage(quantiles, y).tolist() == full.tolist()
    assert np.isnan(scores.coverage(quantiles[:, :1], y[:1])).all()


def test_a_deviation_of_zero_is_no_belief():
    nothing, one = np.zeros(1), np.ones(1)
    assert np.isnan(scores.crps_normal(nothing, nothing, one)).all()
    assert np.isnan(scores.crps_t(5.0, nothing, nothing, one)).all()


def test_probabilities_of_a_rise_are_scored_by_their_definitions():
    chance = np.random.default_rng(3)
    p = np.round(chance.uniform(0.01, 0.99, size=300), 2)
    up = chance.uniform(size=300) < p
    y = np.where(up, 1.0, -1.0)
    assert scores.brier(p, y) == pytest.approx(np.mean((p - up) ** 2))
    assert scores.log_loss(p, y) == pytest.approx(-np.mean(np.log(np.where(up, p, 1 - p))))
    pairs = p[up][:, None] - p[~up]
    assert scores.auc(p, y) == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    assert np.isnan(scores.auc(p, np.ones(300)))


def test_the_information_coefficient_is_a_correlation():
    chance = np.random.default_rng(4)
    mu = np.round(chance.normal(size=200), 1)
    y = 0.3 * mu + chance.normal(size=200)
    assert scores.information_coefficient(mu, y) == pytest.approx(np.corrcoef(mu, y)[0, 1])
    assert scores.rank_information_coefficient(mu, y) == pytest.approx(stats.spearmanr(mu, y).statistic)
    assert np.isnan(scores.information_coefficient(np.ones(200), y))


def test_skill_is_the_share_of_loss_saved_where_both_are_known():
    assert scores.skill(np.array([0.5, np.nan, 1.0]), np.array([1.0, 1.0, 1.0])) == pytest.approx(0.25)
    assert np.isnan(scores.skill(np.array([1.0]), np.array([0.0])))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scores.pinball(np.zeros((3, 2)), np.zeros(2)), "quantiles of shape"),
        (lambda: scores.pinball(np.zeros((2, 2)), np.zeros(2), np.array([0.5, 0.2])), "rising"),
        (lambda: scores.coverage(np.zeros((2, 2)), np.zeros(2), np.array([0.2, 0.5])), "lack"),
        (lambda: scores.interval_score(np.zeros(1), np.ones(1), np.ones(1), 1.5), "outside was 1.5"),
        (lambda: scores.crps_t(1.0, np.zeros(1), np.ones(1), np.ones(1)), "degrees of freedom were 1.0"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
