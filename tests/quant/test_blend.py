"""The pool knows how uncertain it is: laws of the blend, coverage, and the textbook formula caught in the act."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.blend import Pool, harmonise, pool, pool_harmonised
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
    return {
        "mu": mu,
        "sigma": sigma,
        "confidence": confidence,
        "said_s": said_s,
        "age_s": age_s,
    }


def blended(b: dict[str, Floats], wanted_s: float = 60.0) -> Pool:
    return pool(b["mu"], b["sigma"], b["confidence"], b["said_s"], b["age_s"], wanted_s)


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
    said, (_, deviation) = blended(b), harmonised(b)
    for i in np.flatnonzero(said.n_alive):
        error_sd = np.sqrt(said.sigma[i] ** 2 - said.disagreement[i])
        harmonic = np.nanmean(deviation[:, i] ** -2.0) ** -0.5
        np.testing.assert_allclose(error_sd, harmonic, rtol=1e-6)
        assert np.nanmin(deviation[:, i]) * (1 - 1e-6) <= error_sd <= np.nanmax(deviation[:, i]) * (1 + 1e-6)


@given(beliefs(), st.randoms(use_true_random=False))
def test_the_order_of_agents_changes_nothing(b: dict[str, Floats], random: object) -> None:
    order = np.arange(len(b["mu"]))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = {name: value[order] for name, value in b.items()}
    one, other = blended(b), blended(shuffled)
    assert_equal_pools(one._replace(weights=one.weights[order]), other)


@given(beliefs())
def test_an_agent_that_is_off_changes_nothing(b: dict[str, Floats]) -> None:
    silent = {name: np.concatenate([value, value[:1]]) for name, value in b.items()}
    silent["mu"] = np.concatenate([b["mu"], np.full((1, N), np.nan)])
    one, other = blended(b), blended(silent)
    assert_equal_pools(one, other._replace(weights=other.weights[:-1]))


@pytest.mark.numbers
@given(beliefs(), st.floats(0.01, 100.0))
def test_scaling_beliefs_scales_the_answer(b: dict[str, Floats], scale: float) -> None:
    one, other = blended(b), blended(b | {"mu": scale * b["mu"], "sigma": scale * b["sigma"]})
    expected = one._replace(mu=scale * one.mu, sigma=scale * one.sigma, disagreement=scale**2 * one.disagreement)
    assert_equal_pools(other, expected)


def test_disagreement_adds_to_the_uncertainty() -> None:
    ones = np.ones((2, 1))
    agree = pool(0.0 * ones, ones, ones, np.full(2, 60.0), np.zeros(2), 60.0)
    differ = pool(np.array([[3.0], [-3.0]]), ones, ones, np.full(2, 60.0), np.zeros(2), 60.0)
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
    said = pool(mu, sigma, np.ones((k, 4000)), np.full(k, 60.0), np.zeros(k), 60.0)
    assert 0.88 <= covered(y, said) <= 0.92
    textbook = said._replace(sigma=np.sqrt(1.0 / np.sum(sigma**-2.0, axis=0)))
    assert covered(y, textbook) < 0.5


def test_an_agent_without_trust_is_heard_only_where_nobody_else_speaks() -> None:
    mean = np.array([[1.0, 1.0], [0.0, np.nan]])
    ones = np.ones((2, 2))
    said = pool_harmonised(mean, ones, ones, np.ones(2), np.array([0.0, 1.0]))
    np.testing.assert_allclose(said.weights, [[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(said.mu, [0.0, 1.0])
