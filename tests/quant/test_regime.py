"""The regime filter is the filter: equal to the reference on prefixes, and different from smoothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.regime import DEFAULT, GAP_BARS_MAX, Emission, ForwardFilter, Hmm, Market, checked, observations
from quant.regime_fit import smoothed


def a_series(n=300, seed=0, model=DEFAULT):
    """Observations drawn from the model, (n, 2)."""
    chance = np.random.default_rng(seed)
    state, rows = 0, []
    for _ in range(n):
        state = chance.choice(3, p=model.transition[state])
        rows.append(chance.multivariate_normal(model.mean[state], model.covariance[state]))
    return np.array(rows)


def filtered(model: Hmm, x) -> np.ndarray:
    forward = ForwardFilter(model)
    return np.array([forward.step(row) for row in x])


def the_reference(model: Hmm):
    from hmmlearn.hmm import GaussianHMM

    reference = GaussianHMM(n_components=3, covariance_type="full")
    reference.startprob_, reference.transmat_ = model.start, model.transition
    reference.means_, reference.covars_ = model.mean, model.covariance
    return reference


def test_the_filter_is_the_last_row_of_smoothing_on_every_prefix():
    x = a_series()
    ours = filtered(DEFAULT, x)
    for n in (1, 2, 3, 10, 50, 299, 300):
        assert ours[n - 1] == pytest.approx(smoothed(DEFAULT, x[:n])[-1], abs=1e-10)


def test_smoothed_probabilities_of_the_whole_series_are_no_filter():
    """The wrong formula: probabilities of a batch have seen tomorrow, and their labels differ."""
    x = a_series()
    wrong, right = smoothed(DEFAULT, x), filtered(DEFAULT, x)
    assert np.abs(wrong - right).max() > 0.5
    assert (wrong.argmax(axis=1) != right.argmax(axis=1)).mean() > 0.01
    assert not np.allclose(wrong[99], smoothed(DEFAULT, x[:100])[-1], atol=1e-10)


@pytest.mark.numbers
@pytest.mark.filterwarnings("ignore")
def test_filter_and_smoothing_are_those_of_the_reference():
    x, reference = a_series(), the_reference(DEFAULT)
    ours = filtered(DEFAULT, x)
    for n in (1, 2, 3, 10, 50, 299, 300):
        assert ours[n - 1] == pytest.approx(reference.predict_proba(x[:n])[-1], abs=1e-10)
    assert smoothed(DEFAULT, x) == pytest.approx(reference.predict_proba(x), abs=1e-10)


@given(st.integers(0, 10_000))
def test_probabilities_sum_to_one_whatever_is_seen(seed):
    x = np.random.default_rng(seed).normal(scale=3.0, size=(30, 2)).clip(-6, 6)
    p = filtered(DEFAULT, x)
    assert p.sum(axis=1) == pytest.approx(np.ones(30))
    assert (p >= 0.0).all()


def test_the_wilder_the_market_the_higher_the_label():
    calm, wild = np.array([0.1, -1.2]), np.array([3.0, 1.2])
    assert filtered(DEFAULT, np.tile(calm, (50, 1)))[-1].argmax() == 0
    assert filtered(DEFAULT, np.tile(wild, (50, 1)))[-1].argmax() == 2
    spread = DEFAULT.covariance[:, 0, 0]
    assert (np.diff(spread) > 0).all()


def test_states_in_order_of_variance_are_the_same_model():
    shuffle = [2, 0, 1]
    mixed = Hmm(
        DEFAULT.start[shuffle],
        DEFAULT.transition[np.ix_(shuffle, shuffle)],
        DEFAULT.mean[shuffle],
        DEFAULT.covariance[shuffle],
    )
    assert mixed.version != DEFAULT.version
    assert mixed.ordered().version == DEFAULT.version == DEFAULT.ordered().version


def test_time_that_passes_unseen_forgets():
    forward = ForwardFilter(DEFAULT)
    assert forward.step(None).tolist() == DEFAULT.start.tolist()
    for _ in range(30):
        forward.step(np.array([3.0, 1.2]))
    sure = forward.probabilities[2]
    for _ in range(2000):
        forward.step(None)
    stationary = np.linalg.matrix_power(DEFAULT.transition, 5000)[0]
    assert sure > 0.99
    assert forward.probabilities == pytest.approx(stationary, abs=1e-6)


def test_densities_of_one_and_of_many_are_the_same():
    x = a_series(n=5)
    emission = Emission(DEFAULT)
    assert emission.log_density(x) == pytest.approx(np.stack([emission.log_density(row) for row in x]))


def random_walks(n=400, width=4, seed=1):
    return 100 * np.exp(0.01 * np.random.default_rng(seed).normal(size=(n, width)).cumsum(axis=0))


@pytest.mark.numbers
@given(st.integers(0, 1000), st.floats(1e-6, 1e6))
def test_scaling_prices_or_returns_and_permuting_instruments_change_nothing(seed, factor):
    closes = random_walks(n=80, seed=seed)
    expected = observations(closes)
    permuted = np.random.default_rng(seed).permutation(4)
    assert observations(closes[:, permuted] * factor) == pytest.approx(expected, abs=1e-6)
    assert observations(closes**3) == pytest.approx(expected, abs=1e-6)


def test_one_bad_print_is_winsorised_and_soon_forgotten():
    closes = random_walks()
    spoiled = closes.copy()
    spoiled[200] *= 1000.0
    clean, dirty = observations(closes), observations(spoiled)
    assert np.abs(dirty).max() <= 6.0
    assert np.abs(dirty[-1] - clean[-1]).max() < 0.5


def test_absent_instruments_are_left_out_and_a_return_over_a_gap_is_scaled():
    market = Market(2)
    for row in random_walks(n=50, width=2):
        market.push(row)
    assert market.push(np.array([np.nan, np.nan])) is None
    state = market.state()
    assert state.age_bars.tolist() == [2.0, 2.0]
    seen = market.push(state.close * np.exp(0.02), bars=3)
    assert seen is not None
    assert seen[0] == pytest.approx(0.02 / np.sqrt(4.0) / np.sqrt(state.slow))
    assert market.push(state.close, bars=GAP_BARS_MAX + 1) is None


def test_a_market_that_does_not_move_or_has_no_instruments_has_no_scale():
    market = Market(2)
    assert all(market.push(np.array([100.0, 100.0])) is None for _ in range(100))
    assert Market(0).push(np.array([])) is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"start": np.array([0.5, 0.5])}, "shapes"),
        ({"start": np.array([0.5, 0.5, 0.5])}, "no probabilities"),
        ({"covariance": np.zeros((3, 2, 2))}, "not positive"),
    ],
)
def test_a_model_that_is_none_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        checked(DEFAULT._replace(**changed))
