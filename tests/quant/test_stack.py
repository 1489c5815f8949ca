import numpy as np
import pytest

from quant.stack import RegimeStack

ALL = np.ones(2)
CALM, WILD = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])


def taught(stack: RegimeStack, weights: dict[str, np.ndarray], *, instants: int = 600, width: int = 20) -> RegimeStack:
    chance = np.random.default_rng(1)
    for instant in range(instants):
        regimes, name = (CALM, "calm") if instant % 2 else (WILD, "wild")
        x = 0.3 * chance.standard_normal((2, width))
        stack.update(x, regimes, weights[name] @ x + chance.standard_normal(width), 1.0)
    return stack


def test_without_labels_the_mean_is_the_equal_mean_of_those_alive():
    x = np.array([[0.2, np.nan, np.nan], [0.4, 0.4, np.nan]])
    said = RegimeStack(2).mean(x, CALM, ALL)
    np.testing.assert_allclose(said.mean, [0.3, 0.4, np.nan])
    assert (said.error[:2] > 0).all()
    assert np.isnan(said.error[2])


def test_weights_of_each_regime_are_learned_with_their_sign():
    stack = taught(RegimeStack(2), {"calm": np.array([1.0, 0.0]), "wild": np.array([-0.5, 0.5])})
    calm, _, wild = stack.weights()
    np.testing.assert_allclose(calm, [1.0, 0.0], atol=0.12)
    np.testing.assert_allclose(wild, [-0.5, 0.5], atol=0.12)


def test_what_holds_in_all_regimes_is_learned_where_a_regime_was_never_seen():
    both = np.array([1.0, -0.5])
    stack = taught(RegimeStack(2), {"calm": both, "wild": both})
    np.testing.assert_allclose(stack.weights()[1], both, atol=0.25)


def test_noise_is_given_no_weight_and_its_error_is_told():
    stack = taught(RegimeStack(2), {"calm": np.zeros(2), "wild": np.zeros(2)})
    x = np.full((2, 1), 0.3)
    said = stack.mean(x, CALM, ALL)
    assert abs(said.mean[0]) < 3 * said.error[0] < 0.1


def test_an_agent_that_is_absent_adds_nothing():
    stack = taught(RegimeStack(2), {"calm": np.array([1.0, 0.0]), "wild": np.array([1.0, 0.0])})
    said = stack.mean(np.array([[0.3], [np.nan]]), CALM, ALL)
    assert said.mean[0] == pytest.approx(0.3 * (1.0 + stack.coefficients[0] + stack.coefficients[2]))


def test_an_agent_that_did_harm_is_not_followed_but_may_be_believed_the_other_way_round():
    x = np.array([[0.3], [0.3]])
    fresh = RegimeStack(2).mean(x, CALM, np.array([0.0, 1.0]))
    assert fresh.weights[:, 0].tolist() == [0.0, 0.5]
    assert fresh.mean[0] == pytest.approx(0.15)
    stack = taught(RegimeStack(2), {"calm": np.array([-1.0, 0.0]), "wild": np.array([-1.0, 0.0])})
    said = stack.mean(x, CALM, np.array([0.0, 1.0]))
    assert said.weights[0, 0] < -0.8
    assert said.mean[0] < -0.2


def test_the_order_of_instruments_does_not_matter():
    chance = np.random.default_rng(2)
    one, other = RegimeStack(2), RegimeStack(2)
    for _ in range(50):
        x, z = chance.standard_normal((2, 5)), chance.standard_normal(5)
        one.update(x, CALM, z, 0.5)
        other.update(x[:, ::-1], CALM, z[::-1], 0.5)
    np.testing.assert_allclose(other.coefficients, one.coefficients, rtol=1e-9, atol=1e-14)


def test_one_wild_outcome_counts_for_no_more_than_four_deviations():
    one, other = RegimeStack(1), RegimeStack(1)
    one.update(np.ones((1, 1)), CALM, np.array([1000.0]), 1.0)
    other.update(np.ones((1, 1)), CALM, np.array([4.0]), 1.0)
    np.testing.assert_array_equal(one.moment, other.moment)


def test_instants_without_labels_change_nothing_and_nobody_is_refused():
    stack = RegimeStack(2)
    before = stack.state()
    stack.update(np.full((2, 3), np.nan), CALM, np.ones(3), 1.0)
    stack.update(np.ones((2, 3)), CALM, np.full(3, np.nan), 1.0)
    assert all((before[name] == value).all() for name, value in stack.state().items())
    with pytest.raises(ValueError, match="at least 1"):
        RegimeStack(0)
