import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.isotonic import IsotonicRegression

from quant.isotonic import LABELS_MIN, EarnedIsotonic, isotonic_fit


@settings(max_examples=40)
@given(
    arrays(np.float64, 40, elements=st.integers(0, 15).map(float)),
    arrays(np.float64, 40, elements=st.sampled_from([0.0, 1.0])),
)
def test_the_fit_is_that_of_scikit_learn(x: np.ndarray, y: np.ndarray):
    places, values = isotonic_fit(x, y)
    np.testing.assert_allclose(values, IsotonicRegression().fit(x, y).predict(places), atol=1e-12)
    assert (np.diff(values) >= 0).all()


def lived(one: EarnedIsotonic, true_of: float, *, instants: int, seed: int = 1) -> EarnedIsotonic:
    """Probabilities said around a half; the true ones lie `true_of` times as far from it."""
    chance = np.random.default_rng(seed)
    for _ in range(instants):
        said = 0.5 + 0.2 * (chance.random(20) - 0.5)
        up = chance.random(20) < 0.5 + true_of * (said - 0.5)
        one.update(said, np.where(up, 0.01, -0.01), 1.0)
    return one


def test_probabilities_go_through_unchanged_until_there_is_evidence():
    one = lived(EarnedIsotonic(), 4.0, instants=LABELS_MIN // 20)
    p = np.array([0.45, np.nan, 0.55])
    np.testing.assert_array_equal(one.apply(p), p)


def test_a_map_that_proves_better_out_of_sample_is_believed():
    one = lived(EarnedIsotonic(), 4.0, instants=600)
    low, high = one.apply(np.array([0.42, 0.58]))
    assert low < 0.35 < 0.65 < high
    assert one.share[0] > 0.0


@pytest.mark.parametrize("seed", [2, 3])
def test_on_signals_that_are_true_or_without_skill_nothing_is_changed(seed: int):
    for true_of in (1.0,):
        one = lived(EarnedIsotonic(), true_of, instants=500, seed=seed)
        assert one.share[0] == 0.0


def test_outcomes_of_exactly_0_and_unknown_ones_tell_nothing():
    one = EarnedIsotonic()
    one.update(np.array([0.5, np.nan, 0.5]), np.array([0.0, 0.01, np.nan]), 1.0)
    assert one.cursor[0] == 0.0
