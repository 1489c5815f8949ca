"""Tests of significance: sizes as nominal under chance, power where there is something, agreement with others."""

import math

import numpy as np
import pytest
from scipy import stats

from quant.significance import (
    binomial_band,
    christoffersen,
    deflated_sharpe,
    diebold_mariano,
    kupiec,
    long_run_variance,
    overfitting_probability,
    uniform_chi2,
    uniform_ks,
)


def moving_sums(chance, dates, lag):
    noise = chance.normal(size=dates + lag)
    return np.convolve(noise, np.ones(lag + 1), mode="valid")


def test_labels_of_one_date_are_one_observation():
    chance = np.random.default_rng(0)
    by_date = chance.normal(size=100)
    once = diebold_mariano(by_date, np.zeros(100), np.arange(100), 0)
    many = diebold_mariano(np.repeat(by_date, 20), np.zeros(2000), np.repeat(np.arange(100), 20), 0)
    assert many == pytest.approx(once)
    assert once.t == pytest.approx(math.sqrt(100) * by_date.mean() / by_date.std())


def test_overlapping_labels_are_not_taken_for_evidence():
    """A test that ignores the overlap rejects far too often; with the lag it does not."""
    chance, lag = np.random.default_rng(1), 9
    naive, robust = [], []
    for _ in range(300):
        loss = moving_sums(chance, 500, lag)
        naive.append(abs(diebold_mariano(loss, np.zeros(500), np.arange(500), 0).t) > 1.96)
        robust.append(abs(diebold_mariano(loss, np.zeros(500), np.arange(500), 2 * lag).t) > 1.96)
    assert np.mean(naive) > 0.4
    assert np.mean(robust) < 0.15


def test_the_sign_of_t_says_who_is_better_and_nothing_differing_says_nothing():
    chance = np.random.default_rng(2)
    reference = chance.normal(size=300)
    better = diebold_mariano(reference - 0.2 + 0.1 * chance.normal(size=300), reference, np.arange(300), 4)
    assert better.t < -5
    assert better.p < 1e-6
    assert math.isnan(diebold_mariano(reference, reference, np.arange(300), 4).t)


def test_absent_losses_are_left_out():
    loss, reference = np.array([1.0, np.nan, 2.0, 4.0]), np.array([1.0, 1.0, np.nan, 1.0])
    assert diebold_mariano(loss, reference, np.arange(4), 0).dates == 2


def test_the_long_run_variance_is_that_of_newey_and_west():
    series = np.array([1.0, 3.0, 2.0, 5.0])
    x = series - series.mean()
    expected = (x @ x + 2 * 0.5 * (x[1:] @ x[:-1])) / 4
    assert long_run_variance(series, 1) == pytest.approx(expected)


@pytest.mark.parametrize(("level", "labels"), [(0.9, 500), (0.5, 37), (0.98, 2000)])
def test_the_band_is_that_of_the_binomial(level, labels):
    expected = stats.binom.ppf([0.005, 0.995], labels, level) / labels
    assert binomial_band(level, labels + 0.7) == pytest.approx(expected)
    assert binomial_band(level, 0.5) == (0.0, 1.0)


def test_rates_of_hits_are_judged_by_likelihood():
    hits = np.zeros(1000, dtype=bool)
    hits[:25] = True
    assert kupiec(hits, 0.025).p == pytest.approx(1.0)
    assert kupiec(hits, 0.05).p < 1e-3
    assert kupiec(np.zeros(1000, dtype=bool), 0.025).p < 1e-6


def test_kupiec_rejects_as_often_as_it_should():
    chance = np.random.default_rng(3)
    p = np.array([kupiec(chance.uniform(size=2000) < 0.025, 0.025).p for _ in range(400)])
    assert 0.02 < (p < 0.05).mean() < 0.09


def test_hits_in_a_row_are_seen():
    chance = np.random.default_rng(4)
    apart = chance.uniform(size=2000) < 0.05
    clustered = np.repeat(chance.uniform(size=400) < 0.05, 5)
    assert christoffersen(apart).p > 0.01
    assert christoffersen(clustered).p < 1e-6
    assert christoffersen(np.zeros(10, dtype=bool)) == (0.0, 1.0)


def test_flat_histograms_pass_and_others_do_not():
    u = np.random.default_rng(5).uniform(size=1000)
    shares = np.histogram(u, bins=10, range=(0, 1))[0] / 1000
    expected = stats.chisquare(shares * 1000)
    assert uniform_chi2(shares, 1000) == pytest.approx(tuple(expected))


def test_the_distance_from_uniform_is_that_of_kolmogorov():
    u = np.random.default_rng(6).uniform(size=500) ** 1.05
    expected = stats.kstest(u, "uniform", method="exact")
    found = uniform_ks(np.append(u, np.nan))
    assert found.value == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue, rel=0.02)
    assert math.isnan(uniform_ks(np.array([])).value)


@pytest.mark.numbers
@pytest.mark.filterwarnings("ignore")
def test_track_records_are_deflated_like_elsewhere():
    from purgedcv import deflated_sharpe_ratio, probability_of_backtest_overfitting

    chance = np.random.default_rng(7)
    returns = 0.1 + chance.standard_t(5, size=400)
    for trials in (1, 10, 100):
        expected = deflated_sharpe_ratio(returns, trials, 0.05**2)
        assert deflated_sharpe(returns, trials, 0.05) == pytest.approx(expected, abs=1e-3)
    scores = chance.normal(size=(203, 8)) + np.linspace(0, 0.1, 8)
    expected = probability_of_backtest_overfitting(scores.T, 8, metric=np.mean).pbo
    assert overfitting_probability(scores, 8) == pytest.approx(expected, abs=1e-12)


def test_the_more_trials_the_less_a_track_record_says():
    returns = 0.1 + np.random.default_rng(7).standard_t(5, size=400)
    said = [deflated_sharpe(returns, trials, 0.05) for trials in (1, 10, 100)]
    assert said == sorted(said, reverse=True)
    assert deflated_sharpe(returns - returns.mean(), 1, 0.0) == pytest.approx(0.5)


def test_the_best_of_luck_is_no_better_than_the_rest():
    chance = np.random.default_rng(8)
    assert 0.35 < np.mean([overfitting_probability(chance.normal(size=(200, 8)), 8) for _ in range(20)]) < 0.65
    assert overfitting_probability(chance.normal(size=(200, 8)) + np.arange(8), 8) == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: long_run_variance(np.ones(3), -1), "lag was -1"),
        (lambda: binomial_band(1.0, 10), "level 1.0"),
        (lambda: kupiec(np.zeros(0, dtype=bool), 0.1), "0 trials"),
        (lambda: deflated_sharpe(np.ones(10), 1, 0.0), "deviation 0.0"),
        (lambda: overfitting_probability(np.ones((10, 2)), 3), "in 3 blocks"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
