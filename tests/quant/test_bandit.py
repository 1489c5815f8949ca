"""What candidates are worth is learned from all of them; what executions cost from those that were."""

import numpy as np
import pytest

from quant.bandit import (
    INPUTS,
    PRIOR_MEAN,
    PRIOR_SD,
    BayesianRidge,
    Odds,
    evidence,
    preferred,
    spread_bucket,
)
from quant.quantiles import LEVELS


def a_ridge(inputs=3, sd=1.0, half_life_s=1e12) -> BayesianRidge:
    return BayesianRidge(np.zeros(inputs), np.full(inputs, sd), half_life_s)


def test_the_posterior_is_that_of_the_closed_form():
    chance = np.random.default_rng(0)
    x, y = chance.normal(size=(50, 3)), chance.normal(size=50)
    ridge = BayesianRidge(np.array([1.0, 0.0, -1.0]), np.array([0.5, 1.0, 2.0]), 1e12)
    ridge.update(x[:20], y[:20])
    ridge.update(x[20:], y[20:])
    precision = np.diag([4.0, 1.0, 0.25])
    expected = np.linalg.solve(x.T @ x + precision, x.T @ y + precision @ [1.0, 0.0, -1.0])
    assert ridge.mean() == pytest.approx(expected)


def test_without_labels_a_candidate_is_worth_its_net_edge():
    mu, sigma, cost = np.array([0.02, -0.03]), np.array([0.1, 0.2]), np.array([0.001, 0.002])
    quantiles = mu + np.linspace(-2, 2, len(LEVELS))[:, None] * sigma
    x = evidence(mu, sigma, cost, quantiles)
    ridge = BayesianRidge(np.array(PRIOR_MEAN), np.array(PRIOR_SD), 1.0)
    assert x.shape == (2, len(INPUTS))
    assert sigma * (x @ ridge.mean()) == pytest.approx(np.abs(mu) - cost)


def test_evidence_is_the_same_for_a_mirrored_belief():
    mu, sigma, cost = np.array([0.02]), np.array([0.1]), np.array([0.001])
    quantiles = (mu + np.array([-3, -2, -1, -0.5, 0, 0.6, 1.5, 2.5, 4])[:, None] * sigma).reshape(9, 1)
    mirrored = evidence(-mu, sigma, cost, -quantiles[::-1])
    assert mirrored == pytest.approx(evidence(mu, sigma, cost, quantiles))
    assert np.isnan(evidence(mu, np.zeros(1), cost, quantiles)[0, 0])


def test_what_was_seen_fades_and_what_is_absent_teaches_nothing():
    chance = np.random.default_rng(1)
    x = chance.normal(size=(200, 3))
    ridge = a_ridge(half_life_s=10.0)
    ridge.update(x, x @ [1.0, 0.0, 0.0])
    learned = ridge.mean()[0]
    before = ridge.state().information
    ridge.update(np.full((1, 3), np.nan), np.ones(1), elapsed_s=0.0)
    assert ridge.state().information.tolist() == before.tolist()
    ridge.update(np.zeros((1, 3)), np.zeros(1), elapsed_s=200.0)
    assert learned > 0.9
    assert abs(ridge.mean()[0]) < 0.01


def test_state_goes_round_and_another_shape_is_refused():
    one, two = a_ridge(), a_ridge()
    one.update(np.eye(3), np.ones(3))
    two.load(one.state())
    assert two.mean().tolist() == one.mean().tolist()
    with pytest.raises(ValueError, match="for 2 inputs"):
        a_ridge(2).load(one.state())
    with pytest.raises(ValueError, match="half-life 0"):
        a_ridge(half_life_s=0.0)


def regrets(seed, rounds, candidates=40, inputs=12, picks=5, signal=0.1) -> tuple[float, float]:
    """Of learning from all candidates, and of linear Thompson sampling that hears its own picks alone."""
    chance = np.random.default_rng(seed)
    theta = chance.normal(size=inputs)
    theta /= np.linalg.norm(theta)
    noise = np.sqrt(1 / signal)
    full, own = a_ridge(inputs, inputs**-0.5), a_ridge(inputs, inputs**-0.5)
    lost = np.zeros(2)
    for _ in range(rounds):
        x = chance.normal(size=(candidates, inputs))
        worth = x @ theta
        y = worth + noise * chance.normal(size=candidates)
        greedy, drawn = (np.argsort(-(x @ each))[:picks] for each in (full.mean(), own.draw(chance)))
        lost += np.sort(worth)[-picks:].sum() - np.array([worth[greedy].sum(), worth[drawn].sum()])
        full.update(x / noise, y / noise)
        own.update(x[drawn] / noise, y[drawn] / noise)
    return lost[0], lost[1]


def test_learning_from_all_candidates_regrets_less_than_a_third_of_a_bandit():
    full, own = regrets(seed=0, rounds=300)
    assert full <= own / 3


@pytest.mark.numbers
def test_learning_from_all_candidates_regrets_less_than_a_third_in_the_whole_bench_world():
    full, own = np.sum([regrets(seed, rounds=1500) for seed in range(4)], axis=0)
    assert full <= own / 3


def test_odds_learn_from_orders_and_fills():
    odds = Odds()
    for _ in range(100):
        odds = odds.after_order(0.5).after_fill(2.0)
    assert odds.fill == pytest.approx(70.0 / 121.0)
    assert odds.mean_bps == pytest.approx(200.0 / 110.0)
    assert Odds().fill > 0.9


def test_preference_is_a_distribution_that_favours_what_fills():
    poor = Odds(filled=10.0, missed=90.0)
    expected = np.array([0.1 * 0.95, 0.1 * 0.95, 0.001])
    shares = preferred(expected, np.full(3, 100.0), [Odds(), Odds(), poor], np.random.default_rng(0))
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] == pytest.approx(0.5, abs=0.15)
    assert shares[2] < 0.05


def test_the_same_chance_prefers_the_same():
    calls = [preferred(np.ones(4), np.ones(4), [Odds()] * 4, np.random.default_rng(5)).tolist() for _ in range(2)]
    assert calls[0] == calls[1]


@pytest.mark.parametrize(("spread", "bucket"), [(np.nan, -1), (-1.0, -1), (0.2, 0), (1.0, 1), (3.9, 2), (1e9, 8)])
def test_spreads_fall_into_buckets_that_double(spread, bucket):
    assert spread_bucket(spread) == bucket
