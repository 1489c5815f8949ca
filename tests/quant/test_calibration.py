"""What an agent has earned: prior before labels, bounded after, true in the long run, stable under late labels."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
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


def late_labels(truth: float, labels: int, *, horizon: int = 30, n: int = 40, seed: int = 2) -> np.ndarray:
    """Mean of (y/sigma)^2 of each instant, said over a raw deviation of 1 where the truth is `truth`."""
    rng = np.random.default_rng(seed)
    one = Calibration(0.0, uniqueness=1.0 / horizon)
    waiting: deque[tuple[int, np.ndarray]] = deque()
    ratios = []
    for instant in range(1, labels + 1):
        one.say(instant)
        waiting.append((instant, np.full(n, one.factor)))
        if len(waiting) > horizon:
            said_ns, sigma = waiting.popleft()
            y = truth * rng.normal(size=n)
            one.update(y, np.zeros(n), sigma, said_ns)
            ratios.append(float(np.mean((y / sigma) ** 2)))
    return np.array(ratios)


@pytest.mark.parametrize("truth", [1 / 3, 1.0, 3.0])
def test_an_agent_three_times_too_sure_is_repaired_however_late_its_labels_come(truth: float) -> None:
    ratios = late_labels(truth, 6000)
    assert 0.95 <= ratios[-4000:].mean() <= 1.05


def test_a_factor_that_learns_from_the_corrected_deviation_would_overshoot() -> None:
    """Against the factor of now instead of the one in force, late labels of a repaired agent are counted twice."""
    rng = np.random.default_rng(3)
    horizon, n = 60, 10
    one = Calibration(0.0, uniqueness=1.0 / horizon)
    waiting: deque[np.ndarray] = deque()
    factors = []
    for _ in range(3000):
        waiting.append(np.full(n, one.factor))
        if len(waiting) > horizon:
            one.update(3.0 * rng.normal(size=n), np.zeros(n), waiting.popleft())
        factors.append(one.factor)
    assert max(factors) > 3.2
    assert all(factor <= 3.2 for factor in _factors_of_a_noted_agent(3.0))


def _factors_of_a_noted_agent(truth: float) -> list[float]:
    rng = np.random.default_rng(3)
    horizon, n = 60, 10
    one = Calibration(0.0, uniqueness=1.0 / horizon)
    waiting: deque[tuple[int, np.ndarray]] = deque()
    factors = []
    for instant in range(1, 3001):
        one.say(instant)
        waiting.append((instant, np.full(n, one.factor)))
        if len(waiting) > horizon:
            said_ns, sigma = waiting.popleft()
            one.update(truth * rng.normal(size=n), np.zeros(n), sigma, said_ns)
        factors.append(one.factor)
    return factors


def test_one_absurd_print_does_not_undo_what_was_learned() -> None:
    one = Calibration(0.0, 1.0)
    rng = np.random.default_rng(4)
    for _ in range(500):
        one.update(rng.normal(size=4), np.ones(4), np.ones(4))
    before = one.factor
    one.update(np.array([1e6, 0.0, 0.0, 0.0]), np.ones(4), np.ones(4))
    assert one.factor < 1.05 * before


def test_labels_that_err_together_are_worth_less_than_their_number() -> None:
    rng = np.random.default_rng(5)
    alone, together = Calibration(0.0, 1.0), Calibration(0.0, 1.0)
    for _ in range(2000):
        score = np.ones(20)
        alone.update(rng.normal(size=20), score, np.ones(20))
        together.update(np.full(20, rng.normal()), score, np.ones(20))
    assert alone.design_effect < 1.2
    assert together.design_effect > 10.0
    assert together.worth.error > 2.0 * alone.worth.error


@settings(max_examples=10)
@given(st.integers(1, 30), st.integers(0, 1000))
def test_what_was_said_is_remembered_no_longer_than_until_its_outcome(delay: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = Calibration(0.0, 1.0)
    for instant in range(1, 200):
        one.say(instant)
        if instant > delay:
            one.update(rng.normal(size=3), np.ones(3), np.ones(3), instant - delay)
    assert len(one.state().factors) <= delay + 1


def test_labels_without_a_sigma_or_an_outcome_change_nothing() -> None:
    one = Calibration(0.02, 1.0)
    one.update(np.array([0.01]), np.array([1.0]), np.array([0.02]))
    before = one.state()
    one.update(np.array([np.nan, 1.0, 1.0]), np.ones(3), np.array([1.0, 0.0, np.nan]))
    assert one.state() == before


def test_a_label_without_a_score_teaches_the_deviation_alone() -> None:
    one = Calibration(0.02, 1.0)
    one.update(np.array([3.0]), np.array([np.nan]), np.array([1.0]))
    assert (one.coefficient, one.factor > 1.0) == (pytest.approx(0.02), True)


def test_a_restored_calibration_goes_on_exactly() -> None:
    rng = np.random.default_rng(3)
    one, twin = Calibration(0.02, 0.25), Calibration(0.02, 0.25)
    for step in range(40):
        if step == 20:
            twin.load(one.state())
        labels = (rng.normal(size=4), rng.normal(size=4), np.ones(4), step - 5)
        for each in (one, twin) if step >= 20 else (one,):
            each.say(step + 1)
            each.update(*labels)
    assert twin.state() == one.state()


def test_what_cannot_be_a_prior_or_a_weight_is_refused() -> None:
    with pytest.raises(ValueError, match=r"prior coefficient is 0\.2, expected at most 0\.1"):
        Calibration(0.2, 1.0)
    with pytest.raises(ValueError, match="uniqueness is 0"):
        Calibration(0.0, 0.0)
