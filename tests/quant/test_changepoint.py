"""Change points are found a few bars late, rarely where there are none, and by the published recursion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quant.changepoint import FRESH_BARS, HAZARD, RUN_MAX, RunLength


def fresh(x) -> np.ndarray:
    """Probability of a fresh run after each observation."""
    run, seen = RunLength(), []
    for value in x:
        run.update(float(value))
        seen.append(run.fresh)
    return np.array(seen)


def test_the_recursion_is_that_of_the_paper():
    """Written out plainly: predictive Student-t of every run, growth and change probabilities, posterior."""
    x = np.random.default_rng(0).normal(size=40)
    p, params, run = np.array([1.0]), [(0.0, 1.0, 1.0, 1.0)], RunLength()
    for value in x:
        run.update(float(value))
        predictive = np.array(
            [stats.t.pdf(value, 2 * a, loc=m, scale=np.sqrt(b * (k + 1) / (a * k))) for m, k, a, b in params]
        )
        joint = p * predictive
        p = np.concatenate([[HAZARD * joint.sum()], (1 - HAZARD) * joint])
        p /= p.sum()
        after = [
            ((k * m + value) / (k + 1), k + 1, a + 0.5, b + k * (value - m) ** 2 / (2 * (k + 1)))
            for m, k, a, b in params
        ]
        params = [(0.0, 1.0, 1.0, 1.0), *after]
    assert run.state().p[:41] == pytest.approx(p, abs=1e-12)
    assert run.state().mean[:41] == pytest.approx([each[0] for each in params])
    assert run.state().rate[:41] == pytest.approx([each[3] for each in params])


def test_a_threefold_deviation_is_seen_within_a_few_bars():
    delays = []
    for seed in range(10):
        x = np.random.default_rng(seed).normal(size=330)
        x[300:] *= 3.0
        seen = fresh(x)[300:] > 0.5
        delays.append(int(np.argmax(seen)) + 1 if seen.any() else 99)
    assert np.median(delays) <= 5
    assert max(delays) <= 15


@pytest.mark.numbers
def test_alarms_where_nothing_changes_are_few():
    alarms = []
    for seed in range(10):
        above = fresh(np.random.default_rng(seed).normal(size=1000))[100:] > 0.5
        alarms.append(int((above[1:] & ~above[:-1]).sum()))
    assert np.mean(alarms) <= 3.0


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=30))
def test_probabilities_sum_to_one_and_signs_do_not_matter(x):
    run, negated = RunLength(), RunLength()
    for value in x:
        run.update(value)
        negated.update(-value)
    assert run.state().p.sum() == pytest.approx(1.0)
    assert negated.state().p.tolist() == run.state().p.tolist()


def test_runs_longer_than_the_cap_are_one_cell_that_stays_sane():
    run = RunLength()
    for value in np.random.default_rng(2).normal(size=3 * RUN_MAX):
        run.update(float(value))
    state = run.state()
    assert state.p.sum() == pytest.approx(1.0)
    assert run.expected > 0.5 * RUN_MAX
    assert 0.7 < state.rate[-1] / (1.0 + RUN_MAX / 2.0) < 1.3, "the variance of the longest run"


def test_what_is_not_finite_changes_nothing_and_state_goes_round():
    run = RunLength()
    for value in (0.3, -1.0, 2.0):
        run.update(value)
    before = run.state()
    run.update(np.nan)
    assert run.state() is before
    again = RunLength()
    again.load(before)
    again.update(0.5)
    run.update(0.5)
    assert again.state().p.tobytes() == run.state().p.tobytes()
    assert (again.fresh, again.expected) == (run.fresh, run.expected)
    assert FRESH_BARS < RUN_MAX


def test_a_state_or_hazard_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="hazard is 0"):
        RunLength(0.0)
    with pytest.raises(ValueError, match="shapes"):
        RunLength().load((np.ones(3), np.ones(3), np.ones(3)))
