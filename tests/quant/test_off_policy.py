"""Judged off line from logged propensities, a policy earns what it earns in the replay, within two errors."""

import math

import numpy as np
import pytest

from quant.off_policy import doubly_robust, inverse_propensity, self_normalised

ACTIONS = 4


def a_log(rows=4000, seed=0):
    """Contexts, actions of a logging policy with known propensities, rewards, and the judged policy's propensities."""
    chance = np.random.default_rng(seed)
    worth = chance.normal(size=(rows, ACTIONS)) + np.array([0.0, 0.2, 0.5, -0.3])
    logging = np.full((rows, ACTIONS), 0.1)
    logging[:, 0] = 0.7
    judged = np.full((rows, ACTIONS), 0.05)
    judged[:, 2] = 0.85
    action = (chance.random(rows)[:, None] > logging.cumsum(axis=1)).sum(axis=1)
    at = np.arange(rows)
    reward = worth[at, action] + 0.5 * chance.normal(size=rows)
    truth = float((worth * judged).sum(axis=1).mean())
    return worth, action, reward, logging[at, action], judged, truth


def test_inverse_propensities_find_the_truth_of_the_replay_within_two_errors():
    _, action, reward, logged, judged, truth = a_log()
    at = np.arange(len(action))
    for estimate in (inverse_propensity, self_normalised):
        found = estimate(reward, logged, judged[at, action])
        assert abs(found.value - truth) <= 2 * found.error
        assert found.worth < len(action) / 2


def test_the_doubly_robust_estimate_finds_it_with_less_error():
    worth, action, reward, logged, judged, truth = a_log()
    at = np.arange(len(action))
    model = worth + 0.2 * np.random.default_rng(9).normal(size=worth.shape)
    found = doubly_robust(reward, logged, judged[at, action], model[at, action], (model * judged).sum(axis=1))
    assert abs(found.value - truth) <= 2 * found.error
    assert found.error < inverse_propensity(reward, logged, judged[at, action]).error


def test_errors_are_honest_over_many_logs():
    hits = []
    for seed in range(100):
        _, action, reward, logged, judged, truth = a_log(rows=500, seed=seed)
        found = inverse_propensity(reward, logged, judged[np.arange(500), action])
        hits.append(abs(found.value - truth) <= 2 * found.error)
    assert np.mean(hits) >= 0.9


def test_judging_the_logging_policy_is_the_plain_mean():
    _, _, reward, logged, _, _ = a_log(rows=50)
    assert inverse_propensity(reward, logged, logged).value == pytest.approx(reward.mean())
    assert math.isnan(self_normalised(reward, logged, np.zeros(50)).value)


@pytest.mark.parametrize("logged", [np.array([0.0]), np.array([1.2]), np.array([])])
def test_a_propensity_that_is_none_is_refused(logged):
    with pytest.raises(ValueError, match="logged propensities"):
        inverse_propensity(np.ones(len(logged)), logged, np.ones(len(logged)))
