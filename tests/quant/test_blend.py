"""The pool knows how uncertain it is: laws of the blend, coverage, and the textbook formula caught in the act."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.blend import ErrorCorrelation, Pool, harmonise, pool
from quant.rolling import Floats

K_MAX, N = 6, 3


@st.composite
def beliefs(draw: st.DrawFn) -> dict[str, Floats]:
    k = draw(st.integers(1, K_MAX))
    mu = draw(arrays(np.float64, (k, N), elements=st.floats(-0.05, 0.05) | st.just(float("nan"))))
    sigma = draw(arrays(np.float64, (k, N), elements=st.floats(1e-4, 0.2)))
    confidence = draw(arrays(np.float64, (k, N), elements=st.just(0.0) | st.floats(1e-6, 1.0)))
    said_s = draw(arrays(np.float64, k, elements=st.floats(10.0, 1000.0)))
    age_s = draw(arrays(np.float64, k, elements=st.floats(0.0, 50.0)))
    loading = draw(arrays(np.float64, k, elements=st.floats(0.0, 1.0)))
    rho = np.outer(loading, loading)
    np.fill_diagonal(rho, 1.0)
    return {
        "mu": mu,
        "sigma": sigma,
        "confidence": confidence,
        "said_s": said_s,
        "age_s": age_s,
        "error_correlation": rho,
    }


def blended(b: dict[str, Floats], wanted_s: float = 60.0) -> Pool:
    return pool(b["mu"], b["sigma"], b["confidence"], b["said_s"], b["age_s"], wanted_s, b["error_correlation"])


def harmonised(b: dict[str, Floats], wanted_s: float = 60.0) -> tuple[Floats, Floats]:
    mean, deviation = harmonise(b["mu"], b["sigma"], b["said_s"], wanted_s, b["age_s"])
    return mean, np.where(np.isnan(mean), np.nan, deviation)


def assert_equal_pools(one: Pool, other: Pool) -> None:
    for name, a, b in zip(Pool._fields, one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-15, err_msg=name)


@given(beliefs())
def test_weights_sum_to_one_and_the_mean_lies_between_the_agents(b: dict[str, Floats]) -> None:
    said, (mean, _) = blended(b), harmonised(b)
    for i in range(N):
        alive = mean[:, i][~np.isnan(mean[:, i])]
        assert said.n_alive[i] == len(alive)
        if len(alive):
            np.testing.assert_allclose(said.weights[:, i].sum(), 1.0, rtol=1e-12)
            assert alive.min() - 1e-12 <= said.mu[i] <= alive.max() + 1e-12
            assert (said.weights[:, i] >= 0.0).all()
        else:
            assert np.isnan([said.mu[i], said.sigma[i], said.disagreement[i]]).all()
            assert said.confidence[i] == 0.0
            assert (said.weights[:, i] == 0.0).all()


@given(beliefs())
def test_with_errors_as_one_the_pool_lies_between_the_agents_deviations(b: dict[str, Floats]) -> None:
    one = b | {"error_correlation": np.ones_like(b["error_correlation"])}
    said, (_, deviation) = blended(one), harmonised(one)
    for i in np.flatnonzero(said.n_alive):
        error_sd = np.sqrt(said.sigma[i] ** 2 - said.disagreement[i])
        harmonic = np.nanmean(deviation[:, i] ** -2.0) ** -0.5
        np.testing.assert_allclose(error_sd, harmonic, rtol=1e-6)
        assert np.nanmin(deviation[:, i]) * (1 - 1e-6) <= error_sd <= np.nanmax(deviation[:, i]) * (1 + 1e-6)


@given(beliefs(), st.floats(0.0, 1.0))
def test_more_error_correlation_never_lowers_the_uncertainty(b: dict[str, Floats], share: float) -> None:
    rho = b["error_correlation"]
    more = blended(b | {"error_correlation": rho + share * (1.0 - rho)})
    independent = blended(b | {"error_correlation": np.eye(len(rho))})
    said = blended(b)
    known = said.n_alive > 0
    assert (more.sigma[known] >= said.sigma[known] * (1 - 1e-12)).all()
    assert (said.sigma[known] >= independent.sigma[known] * (1 - 1e-12)).all()
    assert (said.sigma[known] ** 2 >= said.disagreement[known]).all()


@given(beliefs(), st.randoms(use_true_random=False))
def test_the_order_of_agents_changes_nothing(b: dict[str, Floats], random: object) -> None:
    order = np.arange(len(b["mu"]))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = {name: value[order] for name, value in b.items()}
    shuffled["error_correlation"] = b["error_correlation"][np.ix_(order, order)]
    one, other = blended(b), blended(shuffled)
    assert_equal_pools(one._replace(weights=one.weights[order]), other)


@given(beliefs())
def test_an_agent_that_is_off_changes_nothing(b: dict[str, Floats]) -> None:
    silent = {name: np.concatenate([value, value[:1]]) for name, value in b.items() if name != "error_correlation"}
    silent["mu"] = np.concatenate([b["mu"], np.full((1, N), np.nan)])
    rho = np.eye(len(b["mu"]) + 1)
    rho[:-1, :-1] = b["error_correlation"]
    one, other = blended(b), blended(silent | {"error_correlation": rho})
    assert_equal_pools(one, other._replace(weights=other.weights[:-1]))


@given(beliefs(), st.floats(0.01, 100.0))
def test_scaling_beliefs_scales_the_answer(b: dict[str, Floats], scale: float) -> None:
    one, other = blended(b), blended(b | {"mu": scale * b["mu"], "sigma": scale * b["sigma"]})
    expected = one._replace(mu=scale * one.mu, sigma=scale * one.sigma, disagreement=scale**2 * one.disagreement)
    assert_equal_pools(other, expected)


def test_disagreement_adds_to_the_uncertainty() -> None:
    ones = np.ones((2, 1))
    agree = pool(0.0 * ones, ones, ones, np.full(2, 60.0), np.zeros(2), 60.0, np.ones((2, 2)))
    differ = pool(np.array([[3.0], [-3.0]]), ones, ones, np.full(2, 60.0), np.zeros(2), 60.0, np.ones((2, 2)))
    np.testing.assert_allclose([agree.sigma[0], differ.sigma[0]], [1.0, np.sqrt(10.0)])
    np.testing.assert_allclose(differ.disagreement, [9.0])


def test_a_belief_ages_out_and_a_mean_does_not_grow_past_its_own_horizon() -> None:
    mu, sigma = np.ones((3, 1)), np.ones((3, 1))
    said_s, age_s = np.array([30.0, 120.0, 60.0]), np.array([0.0, 0.0, 61.0])
    mean, deviation = harmonise(mu, sigma, said_s, 60.0, age_s)
    np.testing.assert_allclose(mean[:, 0], [1.0, 0.5, np.nan])
    np.testing.assert_allclose(deviation[:, 0], [np.sqrt(2.0), np.sqrt(0.5), np.nan])
    aged = harmonise(mu, sigma, said_s, 60.0, np.array([15.0, 0.0, 0.0]))[1]
    np.testing.assert_allclose(aged[0, 0], np.sqrt(3.0))


def a_world(rng: np.random.Generator, k: int, times: int) -> tuple[Floats, Floats, Floats]:
    """Outcomes (times,), and agents' means and honest deviations (k, times): they share the market's noise."""
    signal, noise = 0.2 * rng.normal(size=times), rng.normal(size=times)
    own = 0.3 * rng.normal(size=(k, times))
    mu = 0.5 * signal + 0.1 * own
    deviation = np.full((k, times), np.sqrt(1.0 + 0.1**2 + 0.03**2))
    return signal + noise, mu, deviation


def covered(y: Floats, said: Pool) -> float:
    return float(np.mean(np.abs(y - said.mu) <= 1.6448536269514722 * said.sigma))


def test_the_pool_covers_what_it_says_and_the_textbook_formula_does_not() -> None:
    rng = np.random.default_rng(11)
    y, mu, sigma = a_world(rng, 8, 4000)
    k = len(mu)
    errors = ErrorCorrelation(k)
    for t in range(2000):
        errors.update(((y[t] - mu[:, t]) / sigma[:, t])[:, None])
    common = (mu[:, 2000:], sigma[:, 2000:], np.ones((k, 2000)), np.full(k, 60.0), np.zeros(k), 60.0)
    outcome = y[2000:]
    assert 0.88 <= covered(outcome, pool(*common, np.ones((k, k)))) <= 0.92
    assert 0.88 <= covered(outcome, pool(*common, errors.matrix())) <= 0.92
    textbook = pool(*common, np.ones((k, k)))._replace(sigma=np.sqrt(1.0 / np.sum(sigma[:, 2000:] ** -2.0, axis=0)))
    assert covered(outcome, textbook) < 0.5


def test_agents_whose_errors_really_differ_earn_a_narrower_pool() -> None:
    rng = np.random.default_rng(12)
    k = 6
    errors = ErrorCorrelation(k)
    before = errors.matrix()
    for _ in range(3000):
        errors.update(rng.normal(size=(k, 4)))
    np.testing.assert_array_equal(before, np.ones((k, k)))
    off = errors.matrix()[~np.eye(k, dtype=bool)]
    assert off.max() < 0.4
    assert off.min() >= 0.2


def test_the_error_correlation_is_never_below_what_was_measured() -> None:
    rng = np.random.default_rng(13)
    shared, own = rng.normal(size=(4000, 1)), rng.normal(size=(4000, 3))
    e = np.sqrt(0.7) * shared + np.sqrt(0.3) * own
    errors = ErrorCorrelation(3, half_life=1e6)
    for row in e:
        errors.update(row[:, None])
    measured = (e.T @ e) / np.sqrt(np.outer((e * e).sum(0), (e * e).sum(0)))
    assert (errors.matrix() >= measured - 1e-3).all()
    np.testing.assert_allclose(errors.matrix()[0, 1], 0.7, atol=0.05)


def test_absent_errors_leave_the_estimate_of_a_pair_as_it_was_and_the_state_goes_on_bit_for_bit() -> None:
    rng = np.random.default_rng(14)
    one, twin = ErrorCorrelation(3), ErrorCorrelation(3)
    for _ in range(50):
        one.update(rng.normal(size=(3, 5)))
    twin.load(one.state())
    before = one.matrix()
    absent = np.array([[np.nan] * 5, [0.3] * 5, [0.1] * 5])
    one.update(absent)
    twin.update(absent)
    assert one.matrix()[0, 1] == before[0, 1]
    assert one.matrix()[1, 2] != before[1, 2]
    assert one.matrix().tobytes() == twin.matrix().tobytes()
