"""Exploration: at most one slot, propensities that sum to the picks and are the frequencies they claim to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.exploration import explore, replaceable
from quant.selection import Caps

PICKS, RUNNERS = np.array([4, 2, 7]), np.array([1, 5])
PREFERRED = np.array([0.25, 0.75])


def test_frequencies_are_the_propensities_that_are_said():
    chance, count = np.random.default_rng(0), 40_000
    picked = np.zeros(8)
    for _ in range(count):
        slate = explore(PICKS, RUNNERS, PREFERRED, 0.05, chance)
        picked[slate.picks] += 1
    expected = np.array([0, 0.15 * 0.25, 1, 0, 1, 0.15 * 0.75, 0, 0.85])
    assert picked / count == pytest.approx(expected, abs=0.01)


@given(st.integers(0, 10_000), st.floats(0, 0.05))
def test_propensities_sum_to_the_picks_and_what_was_picked_says_its_own(seed, share):
    slate = explore(PICKS, RUNNERS, PREFERRED, share, np.random.default_rng(seed))
    assert slate.picks[:-1].tolist() == PICKS[:-1].tolist()
    last = share * 3
    if slate.explored:
        assert slate.propensities[-1] == pytest.approx(last * PREFERRED[RUNNERS.tolist().index(slate.picks[-1])])
    else:
        assert slate.propensities[-1] == pytest.approx(1 - last)
        assert slate.propensities.sum() + slate.runner_propensities.sum() == pytest.approx(3.0)


def test_exploration_takes_at_most_its_share_of_slots():
    chance = np.random.default_rng(1)
    explored = [explore(PICKS, RUNNERS, PREFERRED, 0.05, chance).explored for _ in range(20_000)]
    assert np.mean(explored) / len(PICKS) <= 0.055


@pytest.mark.parametrize(
    ("picks", "runners", "share"), [(PICKS, RUNNERS, 0.0), (PICKS, RUNNERS[:0], 0.05), (PICKS[:0], RUNNERS, 0.05)]
)
def test_without_a_share_or_a_choice_nothing_is_explored(picks, runners, share):
    slate = explore(picks, runners, PREFERRED[: len(runners)], share, np.random.default_rng(0))
    assert (slate.picks.tolist(), slate.explored) == (picks.tolist(), False)
    assert slate.propensities.tolist() == [1.0] * len(picks)


def test_two_numbers_are_drawn_whatever_comes_of_it():
    one, two = np.random.default_rng(3), np.random.default_rng(3)
    explore(PICKS, RUNNERS, PREFERRED, 0.05, one)
    explore(PICKS[:0], RUNNERS, PREFERRED, 0.0, two)
    assert one.random() == two.random()


def test_only_who_breaks_no_cap_may_take_a_place():
    symbol, cluster = np.array([0, 1, 2, 1, 4]), np.array([0, 0, 0, 3, 4])
    picks, runners = np.array([0, 1, 4]), np.array([2, 3])
    assert replaceable(picks, runners, symbol, cluster, Caps(3, 1, 2)).tolist() == []
    assert replaceable(picks, runners, symbol, cluster, Caps(3, 2, 3)).tolist() == [2, 3]


def test_more_than_the_largest_share_is_refused():
    with pytest.raises(ValueError, match=r"exploration was 0\.2"):
        explore(PICKS, RUNNERS, PREFERRED, 0.2, np.random.default_rng(0))
