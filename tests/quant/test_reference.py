"""The reference of training: places that hold ties, an index and a distance that others compute too."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from quant.population import TINY
from quant.reference import (
    STEPS,
    apart,
    counted,
    kept,
    kolmogorov_p,
    population_index,
    recalled,
    reference_of,
    two_samples,
    worth_of,
)

SAMPLES = arrays(np.float64, st.integers(4, 60), elements=st.integers(-5, 5).map(float))


def by_hand(one, other) -> float:
    """The population index as it is written in textbooks, with numpy's own bins."""
    edges = [-np.inf, *np.quantile(other, np.arange(1, 10) / 10, method="inverted_cdf"), np.inf]
    p, q = ([((low < each) & (each <= high)).mean() for low, high in pairwise(edges)] for each in (one, other))
    return sum((a - b) * np.log(a / b) for a, b in zip(np.maximum(p, TINY), np.maximum(q, TINY)))


@given(SAMPLES, SAMPLES)
def test_index_and_distance_of_two_samples_are_those_of_others(one, other):
    divergence, distance = two_samples(one, other)
    assert divergence == pytest.approx(by_hand(one, other), abs=1e-12)
    assert distance == pytest.approx(stats.ks_2samp(one, other, method="asymp").statistic, abs=1e-12)


def test_a_sample_of_nothing_is_apart_from_nothing():
    assert np.isnan(two_samples(np.array([np.nan]), np.array([1.0]))).all()


@pytest.mark.parametrize("distance", [0.01, 0.05, 0.2, 0.9])
@pytest.mark.parametrize("count", [20, 200, 5_000])
def test_the_probability_of_a_distance_is_nearly_the_exact_one(distance, count):
    exact = stats.kstwo.sf(distance, count)
    assert kolmogorov_p(np.array([distance]), np.array([count]))[0] == pytest.approx(exact, rel=0.05, abs=0.004)


def test_the_distance_of_a_sample_from_its_reference_is_that_of_the_samples():
    chance = np.random.default_rng(5)
    trained, live = chance.normal(size=(4_000, 1)), chance.normal(0.3, 1.2, size=(1, 900))
    reference = reference_of(trained.astype(np.float32).astype(float), np.repeat(np.arange(400), 10))
    below, known = counted(reference, live)
    found = apart(reference, below / known[:, None], np.zeros(1), np.array([900.0]))
    exact = stats.ks_2samp(live[0], trained[:, 0])
    assert exact.statistic - 1.0 / STEPS <= found.distance[0] <= exact.statistic + 1e-3
    assert found.divergence[0] == pytest.approx(by_hand(live[0], trained[:, 0]), abs=1e-3)
    assert found.p[0] < 1e-6


def test_ties_and_constants_are_no_drift_from_themselves():
    """An input of few values lies on its own places: in training they were rounded to float32."""
    chance = np.random.default_rng(6)
    values = np.stack([np.full(3_000, 0.1), chance.integers(0, 2, 3_000) * 0.7, np.full(3_000, np.nan)], axis=1)
    reference = reference_of(values.astype(np.float32).astype(float), np.arange(3_000))
    below, known = counted(reference, values[:600].T)
    found = apart(reference, below / np.maximum(known, 1.0)[:, None], np.zeros(3), np.full(3, 100.0))
    assert found.divergence[0] == 0.0 and found.distance[0] == 0.0
    assert found.divergence[1] < 0.01 and found.distance[1] < 0.05
    assert np.isnan(found.divergence[2]) and np.isnan(found.p[2])
    assert reference.absent.tolist() == [0.0, 0.0, 1.0]


def wandering(instants, rho, width=4, seed=0):
    """(instants * width, 1) values that follow themselves by rho, shared by all instruments in half."""
    chance = np.random.default_rng(seed)
    shared, rows = 0.0, []
    for _ in range(instants):
        shared = rho * shared + np.sqrt(1 - rho**2) * chance.normal()
        rows.append(shared + chance.normal(size=width))
    return np.concatenate(rows)[:, None], np.repeat(np.arange(instants), width)


def test_a_slow_input_rests_on_fewer_values_than_a_quick_one():
    worth = [reference_of(*wandering(3_000, rho)).worth[0] for rho in (0.0, 0.9, 0.99)]
    assert worth[0] > 3 * worth[1] > 6 * worth[2] > 6.0
    constant = reference_of(np.ones((300, 1)), np.arange(300))
    assert (constant.worth[0], constant.instants) == (1.0, 300)
    assert worth_of(constant, 50.0)[0] == 1.0
    assert worth_of(reference_of(*wandering(3_000, 0.0)), 300.0)[0] == pytest.approx(worth[0] / 10, rel=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_of_one_time_does_not_matter(seed):
    x, said_ns = wandering(40, 0.5)
    order = np.concatenate([at * 4 + np.random.default_rng([seed, at]).permutation(4) for at in range(40)])
    one, other = reference_of(x, said_ns), reference_of(x[order], said_ns)
    assert one.places.tobytes() == other.places.tobytes() and one.worth[0] == pytest.approx(other.worth[0])


def test_a_reference_goes_into_a_file_and_back():
    values = np.random.default_rng(7).normal(size=(200, 3))
    values[:, 1] = np.nan
    reference = reference_of(values, np.arange(200))
    again = recalled(kept(reference))
    assert all(np.array_equal(one, other, equal_nan=True) for one, other in zip(reference, again))


def test_a_reference_that_is_none_is_refused():
    whole = kept(reference_of(np.random.default_rng(8).normal(size=(200, 1)), np.arange(200)))

    for changes, says in (
        ({"places": ()}, "rows of places"),
        ({"places": ((1.0, 2.0),)}, "expected 41 that rise"),
        ({"places": (whole.places[0][::-1],)}, "expected 41 that rise"),
        ({"below": (tuple(2.0 for _ in whole.below[0]),)}, "outside of 0 to 1"),
        ({"instants": 0}, "0 instants"),
    ):
        with pytest.raises(ValueError, match=says):
            recalled(msgspec.structs.replace(whole, **changes))


@pytest.mark.parametrize("years", [1, 30, 100])
def test_a_training_of_years_is_parted_as_one_of_days(years):
    x = np.random.default_rng(3).normal(size=(1500, 2))
    days = reference_of(x, np.linspace(0, 2 * 86_400e9, 1500).astype(np.int64))
    same = reference_of(x, np.linspace(0, years * 365 * 86_400e9, 1500).astype(np.int64))
    assert np.isfinite(same.wander).all()
    np.testing.assert_array_equal(same.worth, days.worth)


def test_the_index_of_equal_shares_is_nothing():
    shares = np.full((3, 10), 0.1)
    assert population_index(shares, shares).tolist() == [0.0, 0.0, 0.0]
