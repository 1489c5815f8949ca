"""CVaR against its definition, a linear programme and the Gaussian closed form; coherence; parts and scales."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.optimize import linprog

from quant.rolling import Floats
from quant.scenarios import log_returns, unshaped, variates
from quant.stress import stress_losses
from quant.tail_risk import (
    book_losses,
    component_cvar,
    cvar,
    cvar_error,
    cvars,
    largest_scale,
    unit_losses,
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
def test_the_parts_of_the_positions_sum_to_the_cvar_of_the_book(seed: int, alpha: float, n: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    returns, notional = 0.02 * rng.standard_t(3, (size, n)), rng.normal(0.0, 50.0, n)
    closing, foreign = rng.uniform(0.0, 0.002, n), rng.uniform(size=n) < 0.5
    parts = component_cvar(returns, notional, closing, foreign, alpha)
    assert parts.shape == (n,)
    whole = cvar(book_losses(returns, notional, closing, foreign), alpha)
    assert parts.sum() == pytest.approx(whole, rel=1e-12, abs=1e-12)


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


CLOSING, FOREIGN = np.array([0.0005, 0.001, 0.002]), np.array([False, True, False])


def drawn(count: int = 4096) -> Floats:
    corr = np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.5], [0.3, 0.5, 1.0]])
    sigma = np.array([0.01, 0.02, 0.03])
    return np.expm1(log_returns(variates(corr, np.random.default_rng(1), count), sigma, unshaped(3)))


def test_a_book_loses_what_moves_against_it_what_closing_costs_and_then_the_blows() -> None:
    rows, notional = drawn(50), np.array([100.0, -50.0, 0.0])
    losses = book_losses(rows, notional, CLOSING, FOREIGN)
    np.testing.assert_allclose(losses[:50], 100.0 * 0.0005 + 50.0 * 0.001 - rows @ notional)
    np.testing.assert_array_equal(losses[50:], stress_losses(notional, CLOSING, FOREIGN))
    both = book_losses(np.stack((rows, 2.0 * rows)), notional, CLOSING, FOREIGN)
    np.testing.assert_array_equal(both[0], losses)
    assert cvars(both, 0.975).tolist() == [cvar(both[0], 0.975), cvar(both[1], 0.975)]


def test_a_hedged_book_has_less_tail_than_its_legs() -> None:
    rows = drawn()
    hedged, alone, both = (
        cvar(book_losses(rows, np.array([100.0, second, 0.0]), 0.0 * CLOSING, FOREIGN), 0.975)
        for second in (-40.0, 0.0, 40.0)
    )
    assert hedged < alone < both


@given(st.integers(0, 1000), st.floats(0.0, 3.0))
def test_a_book_is_never_more_than_its_halves_and_grows_in_proportion(seed: int, scale: float) -> None:
    rng, rows = np.random.default_rng(seed), drawn(200)
    one, two = rng.normal(0.0, 50.0, 3), rng.normal(0.0, 50.0, 3)
    of = [book_losses(rows, book, CLOSING, FOREIGN) for book in (one, two, one + two, scale * one)]
    assert (of[2] <= of[0] + of[1] + 1e-9).all()
    np.testing.assert_allclose(of[3], scale * of[0], atol=1e-9)


def test_what_has_no_tail_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="alpha is 1"):
        cvar(np.zeros(3), 1.0)
    with pytest.raises(ValueError, match="no scenarios"):
        cvar(np.zeros(0), 0.9)


def test_a_loss_that_is_no_number_is_in_no_budget() -> None:
    assert not cvar(np.array([1.0, np.nan, 2.0]), 0.5) <= 1e9
    assert largest_scale(np.zeros(3), np.array([np.nan, 1.0, 2.0]), 1e9, 0.5) == 0.0
    assert largest_scale(np.zeros(3), np.ones(3), float("nan"), 0.5) == 0.0


def test_units_lose_alone_what_a_book_of_one_unit_loses() -> None:
    returns = np.stack((drawn(100), 2.0 * drawn(100)))
    closing, foreign = np.array([0.001, 0.0, 0.01]), np.array([True, False, False])
    sides = np.array([1.0, -1.0, 1.0])
    units = unit_losses(returns, sides, closing, foreign)
    for place, side in enumerate(sides):
        unit = np.zeros(3)
        unit[place] = side
        np.testing.assert_allclose(units[:, place], book_losses(returns, unit, closing, foreign), atol=1e-15)
