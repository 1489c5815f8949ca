import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.online_blend import EQUAL_SHARE, OnlineBlend
from quant.quantiles import LEVELS, STUDENT_5

ALL = np.ones(3)


def forecasts(width: int, *scales: float) -> np.ndarray:
    return np.stack([np.repeat(scale * STUDENT_5[:, None], width, axis=1) for scale in scales])


def taught(blend: OnlineBlend, *scales: float, instants: int = 800, present: np.ndarray = ALL, shift: float = 0.0):
    chance = np.random.default_rng(1)
    experts = forecasts(8, *scales) + shift
    for _ in range(instants):
        z = shift + chance.standard_t(5, 8) * np.sqrt(0.6)
        blend.update(experts, blend.weights(present), z)
    return blend


def test_before_labels_experts_have_equal_weights():
    np.testing.assert_allclose(OnlineBlend(3).weights(ALL), 1 / 3)


def test_the_expert_that_is_right_earns_the_weight_level_by_level():
    weights = taught(OnlineBlend(3), 1.0, 2.0, 0.4).weights(ALL)
    outer = np.r_[0:4, 5:9]
    assert (weights[outer, 0] > 0.7).all()
    np.testing.assert_allclose(weights[4], 1 / 3, atol=0.02)


def test_nobody_is_ever_without_a_share():
    weights = taught(OnlineBlend(3), 1.0, 5.0, 5.0).weights(ALL)
    assert (weights >= EQUAL_SHARE / 3).all()


def test_equal_experts_keep_equal_weights():
    np.testing.assert_allclose(taught(OnlineBlend(3), 1.0, 1.0, 1.0, instants=50).weights(ALL), 1 / 3)


def test_a_constant_added_to_all_changes_nothing():
    plain, moved = taught(OnlineBlend(3), 1.0, 2.0, 0.4), taught(OnlineBlend(3), 1.0, 2.0, 0.4, shift=3.0)
    np.testing.assert_allclose(moved.weights(ALL), plain.weights(ALL), atol=1e-9)


def test_an_absent_expert_has_no_weight_and_learns_nothing():
    present = np.array([1.0, 0.0, 1.0])
    blend = OnlineBlend(3)
    experts = forecasts(4, 1.0, np.nan, 2.0)
    for _ in range(50):
        blend.update(experts, blend.weights(present), np.zeros(4))
    assert (blend.weights(present)[:, 1] == 0).all()
    assert (blend.regret[:, 1] == 0).all()
    assert (blend.weights(np.zeros(3)) == 0).all()


def test_labels_that_are_not_known_change_nothing():
    blend = OnlineBlend(2)
    blend.update(forecasts(2, 1.0, 2.0), blend.weights(np.ones(2)), np.full(2, np.nan))
    assert (blend.regret == 0).all()


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(1e-6, 1e6))
def test_weights_are_shares_whatever_happens(seed: int, size: float):
    chance = np.random.default_rng(seed)
    blend = OnlineBlend(3)
    for _ in range(20):
        experts = np.sort(size * chance.standard_normal((3, len(LEVELS), 2)), axis=1)
        blend.update(experts, blend.weights(ALL), size * chance.standard_normal(2))
        weights = blend.weights(ALL)
        assert (weights >= 0).all()
        np.testing.assert_allclose(weights.sum(axis=1), 1.0)


def test_no_expert_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        OnlineBlend(0)
