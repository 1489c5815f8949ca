"""What an agent has earned: prior before labels, bounded after, true in the long run, stable under late labels."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.calibration import COEFFICIENT_MAX, FACTOR_MAX, FACTOR_MIN, Calibration


def test_before_any_label_the_coefficient_is_the_prior_and_the_factor_one() -> None:
    fresh = Calibration(prior=0.03, uniqueness=1.0)
    assert fresh.coefficient == pytest.approx(0.03)
    assert (fresh.factor, fresh.labels) == (1.0, 0.0)
    assert fresh.confidence == pytest.approx(0.03 / (0.03 + 4000.0**-0.5))
    assert Calibration(prior=0.0, uniqueness=1.0).confidence == 0.0


def test_a_real_skill_is_learned_and_none_is_unlearned() -> None:
    rng = np.random.default_rng(1)
    skilled, idle = Calibration(0.0, 1.0), Calibration(0.05, 1.0)
    for _ in range(4000):
        score = rng.normal(size=10)
        skilled.update(0.02 * (0.05 * score + rng.normal(size=10)), score, np.full(10, 0.02))
        idle.update(0.02 * rng.normal(size=10), score, np.full(10, 0.02))
    assert skilled.coefficient == pytest.approx(0.05, abs=0.015)
    assert abs(idle.coefficient) < 0.025
    assert skilled.confidence > 0.7 > idle.confidence


@given(st.integers(0, 10_000), st.floats(-0.1, 0.1), st.floats(0.01, 1.0), st.floats(1e-3, 1e3))
def test_coefficient_factor_and_confidence_stay_within_their_bounds(
    seed: int, prior: float, uniqueness: float, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    one = Calibration(prior, uniqueness)
    for _ in range(50):
        score = rng.normal(size=5)
        one.update(scale * score, score, np.full(5, 1.0))
        assert abs(one.coefficient) <= COEFFICIENT_MAX
        assert FACTOR_MIN <= one.factor <= FACTOR_MAX
        assert 0.0 <= one.confidence < 1.0


@pytest.mark.parametrize("truth", [0.6, 1.0, 1.7])
def test_the_factor_finds_the_true_deviation_even_when_labels_come_late(truth: float) -> None:
    rng = np.random.default_rng(2)
    horizon, n = 60, 10
    one = Calibration(0.0, uniqueness=1.0 / horizon)
    waiting: deque[np.ndarray] = deque()
    factors = []
    for _ in range(30_000):
        waiting.append(np.full(n, one.factor))
        if len(waiting) > horizon:
            one.update(truth * rng.normal(size=n), np.zeros(n), waiting.popleft())
        factors.append(one.factor)
    assert np.mean(factors[-10_000:]) == pytest.approx(truth, rel=0.05)
    low, high = sorted((1.0, truth))
    assert low * 0.85 <= min(factors)
    assert max(factors) <= high * 1.15


def test_labels_without_a_score_a_sigma_or_an_outcome_change_nothing() -> None:
    one = Calibration(0.02, 1.0)
    one.update(np.array([0.01]), np.array([1.0]), np.array([0.02]))
    before = one.state()
    one.update(np.array([np.nan, 1.0, 1.0, 1.0]), np.array([1.0, np.nan, 1.0, 1.0]), np.array([1.0, 1.0, 0.0, np.nan]))
    assert one.state() == before


def test_a_restored_calibration_goes_on_exactly() -> None:
    rng = np.random.default_rng(3)
    one, twin = Calibration(0.02, 0.25), Calibration(0.02, 0.25)
    for step in range(40):
        if step == 20:
            twin.load(one.state())
        labels = (rng.normal(size=4), rng.normal(size=4), np.ones(4))
        one.update(*labels)
        if step >= 20:
            twin.update(*labels)
    assert twin.state() == one.state()


def test_what_cannot_be_a_prior_or_a_weight_is_refused() -> None:
    with pytest.raises(ValueError, match=r"prior coefficient is 0\.2, expected at most 0\.1"):
        Calibration(0.2, 1.0)
    with pytest.raises(ValueError, match="uniqueness is 0"):
        Calibration(0.0, 0.0)
