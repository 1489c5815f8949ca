import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.quantiles import LEVELS, STUDENT_5
from quant.scores import pinball
from quant.tracker import OFFSET_MAX, RATE, CoverageTracker


def test_coverage_that_is_wrong_is_mended_within_the_promised_bound():
    chance = np.random.default_rng(1)
    tracker, said = CoverageTracker(), np.repeat(0.5 * STUDENT_5[:, None], 4, axis=1)
    below = []
    for _ in range(4000):
        quantiles, z = tracker.apply(said), chance.standard_t(5, 4) * np.sqrt(0.6)
        below.append((z <= quantiles).mean(axis=1))
        tracker.update(quantiles, z)
    bound = (np.abs(tracker.offsets).max() + RATE) / (RATE * 4000)
    assert (np.abs(np.mean(below, axis=0) - LEVELS) <= bound + 0.02).all()
    untouched = np.abs((chance.standard_t(5, 40_000) * np.sqrt(0.6) <= said[:, :1]).mean(axis=1) - LEVELS)
    assert np.abs(np.mean(below[2000:], axis=0) - LEVELS).max() < 0.5 * untouched.max()


def test_it_moves_slowly_and_not_far():
    tracker = CoverageTracker()
    tracker.update(np.zeros((9, 1)), np.full(1, 100.0))
    np.testing.assert_allclose(tracker.offsets, RATE * LEVELS)
    for _ in range(5000):
        tracker.update(np.zeros((9, 1)), np.full(1, 100.0))
    assert tracker.offsets.max() == OFFSET_MAX


def test_without_labels_nothing_moves():
    tracker = CoverageTracker()
    tracker.update(np.zeros((9, 2)), np.full(2, np.nan))
    tracker.update(np.full((9, 2), np.nan), np.zeros(2))
    assert (tracker.offsets == 0).all()


@given(arrays(np.float64, (9, 1), elements=st.floats(-5, 5)), st.floats(-5, 5))
def test_putting_crossing_quantiles_in_order_never_costs_pinball_loss(quantiles: np.ndarray, z: float):
    ordered = CoverageTracker().apply(quantiles)
    assert (np.diff(ordered, axis=0) >= 0).all()
    y = np.array([z])
    assert pinball(ordered, y).sum() <= pinball(quantiles, y).sum() + 1e-12
