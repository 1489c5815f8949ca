"""CVaR against its definition, a linear programme and the Gaussian closed form; coherence; scenarios of the book."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.optimize import linprog

from quant.rolling import Floats
from quant.tail_risk import (
    GAPS,
    SPREAD_MULTIPLE,
    book_losses,
    component_cvar,
    contributions,
    cvar,
    cvar_error,
    largest_scale,
    scenarios,
    stressed,
    var,
)

losses = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e3, 1e3).map(lambda x: round(x, 6)))
alphas = st.sampled_from([0.5, 0.9, 0.95, 0.975, 0.99])


def by_definition(loss: Floats, alpha: float) -> float:
    """min over eta of eta + mean((L - eta)+)/(1 - alpha): the minimum lies at a loss."""
    return min(float(eta) + float(np.maximum(loss - eta, 0.0).mean()) / (1.0 - alpha) for eta in loss)


@given(losses, alphas)
def test_the_cvar_equals_its_definition(loss: Floats, alpha: float) -> None:
    assert cvar(loss, alpha) == pytest.approx(by_definition(loss, alpha), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("size", "alpha"), [(40, 0.975), (101, 0.975), (7, 0.9), (256, 0.99)])
def test_the_cvar_equals_the_linear_programme(size: int, alpha: float) -> None:
    loss = np.random.default_rng(size).standard_t(4, size)
    cost = np.concatenate([[1.0], np.full(size, 1.0 / ((1.0 - alpha) * size))])
    slack = np.hstack([-np.ones((size, 1)), -np.eye(size)])
    solved = linprog(cost, A_ub=slack, b_ub=-loss, bounds=[(None, None)] + [(0, None)] * size, method="highs")
    assert cvar(loss, alpha) == pytest.approx(solved.fun, rel=1e-9)


@pytest.mark.parametrize(("alpha", "factor"), [(0.95, 2.0627), (0.975, 2.3378), (0.99, 2.6652)])
def test_gaussian_losses_give_the_closed_form(alpha: float, factor: float) -> None:
    size = 200_000
    exact = stats.norm.ppf((np.arange(size) + 0.5) / size)
    assert cvar(exact, alpha) == pytest.approx(factor, abs=2e-3)
    assert var(exact, alpha) == pytest.approx(stats.norm.ppf(alpha), abs=1e-3)


def test_the_last_scenario_counts_with_its_fraction_and_rounding_of_alpha_does_not() -> None:
    assert cvar(np.arange(1.0, 7.0), 0.75) == pytest.approx((6.0 + 0.5 * 5.0) / 1.5)
    assert cvar(np.arange(2000.0), 0.975) == pytest.approx(np.arange(1950.0, 2000.0).mean(), rel=1e-14)
    assert cvar(np.array([3.0]), 0.975) == 3.0
    assert var(np.arange(10.0), 0.9) == 8.0


@given(losses, alphas)
def test_the_value_at_risk_is_the_smallest_loss_exceeded_rarely_enough_and_never_above_the_cvar(
    loss: Floats, alpha: float
) -> None:
    at = var(loss, alpha)
    allowed = (1.0 - alpha) * len(loss) + 1e-9 * len(loss)
    assert at in loss
    assert (loss > at).sum() <= allowed
    below = loss[loss < at]
    assert not below.size or (loss > below.max()).sum() > allowed - 1e-6 * len(loss) - 1e-6
    assert cvar(loss, alpha) >= at - 1e-9 * max(1.0, abs(at))


@given(losses, alphas, st.floats(0.0, 10.0), st.floats(-100.0, 100.0), st.integers(0, 1000))
def test_the_cvar_is_coherent(loss: Floats, alpha: float, scale: float, shift: float, seed: int) -> None:
    other = np.random.default_rng(seed).normal(0.0, 100.0, len(loss))
    own = cvar(loss, alpha)
    assert cvar(loss + np.abs(other), alpha) >= own - 1e-9
    assert cvar(scale * loss, alpha) == pytest.approx(scale * own, rel=1e-9, abs=1e-9)
    assert cvar(loss + shift, alpha) == pytest.approx(own + shift, rel=1e-9, abs=1e-8)
    assert cvar(loss + other, alpha) <= own + cvar(other, alpha) + 1e-8


@given(st.integers(0, 10_000), alphas, st.integers(1, 6), st.integers(1, 300))
def test_the_shares_of_the_positions_sum_to_the_cvar_of_the_book(seed: int, alpha: float, n: int, size: int) -> None:
    parts = np.random.default_rng(seed).standard_t(3, (size, n)) * 10.0
    shares = component_cvar(parts, alpha)
    assert shares.shape == (n,)
    assert shares.sum() == pytest.approx(cvar(parts.sum(axis=1), alpha), rel=1e-12, abs=1e-12)


def test_the_standard_error_is_about_what_repeated_draws_show() -> None:
    rng = np.random.default_rng(5)
    draws = rng.normal(size=(400, 2000))
    seen = np.std([cvar(row, 0.975) for row in draws])
    assert np.mean([cvar_error(row, 0.975) for row in draws]) == pytest.approx(seen, rel=0.15)


@given(st.integers(0, 10_000), st.floats(0.01, 50.0))
def test_the_largest_scale_keeps_the_budget_and_no_larger_one_does(seed: int, budget: float) -> None:
    rng = np.random.default_rng(seed)
    held, added = rng.normal(0.0, 1.0, 400), rng.normal(-0.1, 3.0, 400)
    scale = largest_scale(held, added, budget, 0.975)
    before = cvar(held, 0.975)
    if scale == 0.0:
        assert before > budget or cvar(held + 1e-9 * added, 0.975) > budget - 1e-6
    else:
        assert cvar(held + scale * added, 0.975) <= budget
    if 0.0 < scale < 1.0:
        assert cvar(held + (scale + 1e-9) * added, 0.975) > budget
    assert largest_scale(held, added, 1.5 * budget, 0.975) >= scale


def test_a_book_over_budget_lets_only_what_brings_it_back_within() -> None:
    held = np.linspace(-10.0, 10.0, 101)
    assert largest_scale(held, -0.9 * held, 2.0, 0.975) == 1.0
    assert largest_scale(held, 0.1 * held, 2.0, 0.975) == 0.0
    assert largest_scale(held, -2.0 * held, 2.0, 0.975) == 0.0


CORR = np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.5], [0.3, 0.5, 1.0]])
SIGMA = np.array([0.01, 0.02, 0.03])


def drawn(count: int = 200_000, seed: int = 1, mu: Floats | None = None) -> Floats:
    mean = np.zeros(3) if mu is None else mu
    return scenarios(mean, SIGMA, CORR, np.random.default_rng(seed), count)


def test_drawn_rows_have_the_deviations_tails_and_correlations_asked_for() -> None:
    logs = np.log1p(drawn()[:160_000])
    np.testing.assert_allclose(logs.std(axis=0), SIGMA, rtol=0.02)
    np.testing.assert_allclose(np.corrcoef(logs.T), CORR, atol=0.02)
    np.testing.assert_allclose(logs.mean(axis=0), 0.0, atol=1e-12)
    t6 = stats.t(6, scale=np.sqrt(4.0 / 6.0))
    np.testing.assert_allclose(np.quantile(logs / SIGMA, 0.01, axis=0), t6.ppf(0.01), rtol=0.03)


def test_the_last_fifth_of_the_drawn_rows_is_a_rout() -> None:
    logs = np.log1p(drawn()[160_000:200_000])
    np.testing.assert_allclose(np.corrcoef(logs.T), np.where(np.eye(3) > 0, 1.0, 0.8), atol=0.02)


def test_rows_come_in_antithetic_pairs_and_the_gaps_close_the_set() -> None:
    mu = np.array([0.001, -0.002, 0.0])
    rows = drawn(100, mu=mu)
    pairs = np.log1p(rows[0:100:2]) + np.log1p(rows[1:100:2])
    np.testing.assert_allclose(pairs, 2.0 * mu * np.ones((50, 3)), atol=1e-15)
    np.testing.assert_array_equal(rows[100:], np.array(GAPS)[:, None] * np.ones(3))


def test_the_same_generator_gives_the_same_rows() -> None:
    assert drawn(100).tobytes() == drawn(100).tobytes()
    assert drawn(100).tobytes() != drawn(100, seed=2).tobytes()


def test_stressed_correlations_are_at_least_four_fifths_and_can_be_drawn_from() -> None:
    corr = np.array([[1.0, -0.9, 0.99], [-0.9, 1.0, -0.9], [0.99, -0.9, 1.0]])
    raised = stressed(corr)
    assert raised.min() >= 0.8 - 1e-6
    assert np.linalg.eigvalsh(raised)[0] > 0.0


def test_what_positions_lose_sums_to_the_loss_of_the_book_and_knows_what_closing_costs() -> None:
    rows = drawn(50)
    notional, half_spread = np.array([100.0, -50.0, 0.0]), np.array([0.0005, 0.001, 0.002])
    parts = contributions(rows, notional, half_spread)
    cost = 100.0 * 0.0005 + 50.0 * 0.001
    np.testing.assert_allclose(parts[:-1].sum(axis=1), cost - rows @ notional)
    assert parts[-1].sum() == pytest.approx(SPREAD_MULTIPLE * cost)
    assert len(parts) == 50 + len(GAPS) + 1
    np.testing.assert_allclose(book_losses(rows, notional, half_spread), parts.sum(axis=1), rtol=1e-12, atol=1e-12)


def test_a_hedged_book_has_less_tail_than_its_legs() -> None:
    rows = drawn(4096)
    nothing = np.zeros(3)
    hedged = cvar(contributions(rows, np.array([100.0, -40.0, 0.0]), nothing).sum(axis=1), 0.975)
    alone = cvar(contributions(rows, np.array([100.0, 0.0, 0.0]), nothing).sum(axis=1), 0.975)
    both = cvar(contributions(rows, np.array([100.0, 40.0, 0.0]), nothing).sum(axis=1), 0.975)
    assert hedged < alone < both


def test_what_cannot_be_drawn_is_refused_by_name() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="sigma of instrument 1 is nan, expected a finite number"):
        scenarios(np.zeros(3), np.array([1.0, np.nan, 1.0]), CORR, rng, 10)
    with pytest.raises(ValueError, match="count is 5, expected an even number"):
        scenarios(np.zeros(3), SIGMA, CORR, rng, 5)
    with pytest.raises(ValueError, match="alpha is 1"):
        cvar(np.zeros(3), 1.0)
    with pytest.raises(ValueError, match="no scenarios"):
        cvar(np.zeros(0), 0.9)
