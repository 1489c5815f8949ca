import numpy as np
import pytest

from quant.scale_stack import FACTOR_LOG_MAX, ScaleStack


def taught(shift: float = 0.0, size: float = 1.0, *, effect: float = 0.4, instants: int = 800) -> ScaleStack:
    chance = np.random.default_rng(1)
    stack = ScaleStack(2)
    for _ in range(instants):
        x = chance.standard_normal((2, 10))
        stack.update(shift + size * x, np.exp(effect * x[0]) * chance.standard_normal(10), 1.0)
    return stack


def test_without_labels_the_factor_is_1():
    np.testing.assert_array_equal(ScaleStack(2).factor(np.array([[3.0, np.nan], [-1.0, 0.0]])), 1.0)


def test_what_makes_outcomes_wide_is_learned_and_what_does_not_is_ignored():
    stack = taught()
    np.testing.assert_allclose(stack.coefficients, [0.4, 0.0], atol=0.05)
    wide, usual = stack.factor(np.array([[1.0, 0.0], [0.0, 0.0]]))
    assert wide / usual == pytest.approx(np.exp(0.4), rel=0.05)


def test_inputs_may_be_shifted_and_scaled():
    x = np.array([[0.7, -1.2], [0.1, 0.2]])
    np.testing.assert_allclose(taught(5.0, 30.0).factor(5.0 + 30.0 * x), taught().factor(x), rtol=1e-6)


def test_an_absent_input_counts_as_average():
    stack = taught()
    absent, average = stack.factor(np.array([[np.nan, stack.average[0]], [0.0, 0.0]]))
    assert absent == pytest.approx(average)


def test_the_factor_stays_within_its_bounds_and_one_wild_input_counts_little():
    stack = taught(effect=2.0)
    said = stack.factor(np.array([[1e9, -1e9], [0.0, 0.0]]))
    np.testing.assert_allclose(said, np.exp([FACTOR_LOG_MAX, -FACTOR_LOG_MAX]))


def test_an_outcome_of_exactly_0_and_an_input_that_never_moves_do_no_harm():
    stack = ScaleStack(1)
    for _ in range(300):
        stack.update(np.full((1, 3), 2.0), np.zeros(3), 1.0)
    assert np.isfinite(stack.factor(np.full((1, 1), 2.0))).all()


def test_labels_that_are_not_known_change_nothing_and_no_input_is_refused():
    stack = ScaleStack(1)
    before = stack.state()
    stack.update(np.ones((1, 2)), np.full(2, np.nan), 1.0)
    assert all((before[name] == value).all() for name, value in stack.state().items())
    with pytest.raises(ValueError, match="at least 1"):
        ScaleStack(0)
