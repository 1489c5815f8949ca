import numpy as np
import pytest

from quant.agent_skill import FACTOR_MAX, AgentSkill


def lived(sign: np.ndarray, size: np.ndarray, *, instants: int = 500) -> AgentSkill:
    """Agents whose mean is `sign` times a real signal, and whose deviation is `size` times the true one."""
    chance = np.random.default_rng(1)
    skill = AgentSkill(len(sign))
    for _ in range(instants):
        signal = 0.2 * chance.standard_normal(10)
        z = signal + chance.standard_normal(10)
        skill.update(sign[:, None] * signal, np.repeat(size[:, None], 10, axis=1), z, 1.0)
    return skill


def test_before_any_label_nothing_is_corrected():
    fresh = AgentSkill(2)
    assert fresh.factors().tolist() == fresh.trust().tolist() == [1.0, 1.0]
    assert fresh.correlations().tolist() == fresh.gains().tolist() == [0.0, 0.0]


def test_an_overconfident_agent_is_widened_and_a_true_one_left_alone():
    factors = lived(np.zeros(3), np.array([1.0, 1 / 3, 1.1])).factors()
    assert factors[[0, 2]].tolist() == [1.0, 1.0]
    assert factors[1] == pytest.approx(3.0, rel=0.05)
    assert lived(np.zeros(1), np.array([1e-3])).factors()[0] <= FACTOR_MAX


def test_an_agent_that_does_harm_loses_trust_and_one_that_does_none_keeps_it():
    skill = lived(np.array([1.0, -1.0, 0.0]), np.ones(3))
    assert skill.trust().tolist() == [1.0, 0.0, 1.0]
    good, bad, idle = skill.correlations()
    assert good > 0.1 > 0.0 == idle > -0.1 > bad


def test_an_agent_that_says_nothing_learns_nothing():
    skill = lived(np.array([1.0, 1.0]), np.ones(2), instants=50)
    before = skill.state()
    x = np.array([[0.1], [np.nan]])
    skill.update(x, np.ones((2, 1)), np.array([1.0]), 1.0)
    for name, value in skill.state().items():
        assert (value[:, 1] == before[name][:, 1]).all()
        assert (value[:, 0] != before[name][:, 0]).any()


def test_one_wild_outcome_counts_for_no_more_than_six_deviations():
    wild, large = AgentSkill(1), AgentSkill(1)
    for skill, z in ((wild, 1e9), (large, 6.0)):
        skill.update(np.zeros((1, 1)), np.ones((1, 1)), np.array([z]), 1.0)
    np.testing.assert_array_equal(wild.deviation, large.deviation)
