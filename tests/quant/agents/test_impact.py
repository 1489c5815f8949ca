"""What a score of the book is worth over seconds, learned from the mids that followed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.agents.impact import IMPACT_MAX, PRIOR_LABELS, Impact

S_NS = 10**9


def watched(effect: float, *, steps: int = 1500, width: int = 4, every_s: int = 1, seed: int = 1) -> Impact:
    """A market in which the score of now moves the mid by `effect` deviations within the next second."""
    rng = np.random.default_rng(seed)
    impact, sd = Impact(width, 0.0), 1e-4
    price, score = np.zeros(width), np.zeros(width)
    for step in range(steps):
        price = price + sd * (effect * score + rng.normal(size=width))
        at_ns = (1 + step * every_s) * S_NS
        impact.hear(np.exp(price), at_ns, np.full(width, sd / np.sqrt(every_s)))
        score = rng.normal(size=width)
        impact.say(score, np.exp(price), at_ns)
    return impact


def shrunk(coefficient: float, horizon_s: float, labels: float = 6000.0) -> float:
    """What is left of a coefficient after the prior of a thousand labels."""
    return coefficient * (labels / horizon_s) / (labels / horizon_s + PRIOR_LABELS)


def test_an_effect_of_one_second_is_found_and_fades_with_the_root_of_time() -> None:
    impact = watched(0.3)
    for horizon_s in (1.0, 5.0, 10.0):
        assert impact.worth(horizon_s).coefficient == pytest.approx(
            shrunk(0.3 / np.sqrt(horizon_s), horizon_s), abs=0.03
        )
    assert impact.worth(1.0).confidence > 0.9
    assert impact.worth(1.0).coefficient > impact.worth(2.0).coefficient > impact.worth(5.0).coefficient


def test_without_an_effect_none_is_found() -> None:
    impact = watched(0.0)
    assert all(abs(impact.worth(each).coefficient) < 3.0 * impact.worth(each).error for each in (1.0, 10.0, 60.0))


def test_a_mid_that_comes_later_than_twice_the_horizon_answers_another_question() -> None:
    impact = watched(0.3, steps=400, every_s=15)
    assert impact["squares"].tolist()[:2] == [0.0, 0.0]
    assert all(each > 0.0 for each in impact["squares"].tolist()[2:])


@settings(max_examples=20)
@given(st.floats(-5.0, 5.0), st.integers(0, 99))
def test_what_is_learned_is_bounded(effect: float, seed: int) -> None:
    impact = watched(effect, steps=30, seed=seed)
    assert all(abs(impact.worth(each).coefficient) <= IMPACT_MAX for each in (0.5, 1.0, 7.0, 60.0, 600.0))


def test_before_any_label_it_is_worth_its_prior() -> None:
    assert Impact(2, 0.08).worth(30.0).coefficient == pytest.approx(0.08)


def test_what_has_never_moved_teaches_nothing() -> None:
    impact = Impact(2, 0.0)
    impact.say(np.array([1.0, 1.0]), np.array([100.0, 100.0]), S_NS)
    impact.hear(np.array([100.0, 101.0]), 2 * S_NS, np.array([0.0, 1e-4]))
    assert impact["squares"][0] == 1.0
