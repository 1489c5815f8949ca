"""Figures of an account: plain cases by hand, laws, and agreement with an independent library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant import performance_measures as measures

EQUITY = np.array([100.0, 110.0, 99.0, 99.0, 120.0])
DAYS = 365.25
SERIES = st.lists(st.floats(-0.5, 0.5).filter(lambda x: abs(x) > 1e-6), min_size=3, max_size=40).map(np.array)


def test_returns_are_simple_and_end_where_nothing_is_left() -> None:
    np.testing.assert_allclose(measures.returns_of(EQUITY), [0.1, -0.1, 0.0, 120 / 99 - 1])
    assert np.isnan(measures.returns_of(np.array([100.0, 0.0, 5.0]))).tolist() == [False, True]
    assert measures.total_return(EQUITY) == pytest.approx(0.2)
    assert measures.annual_return(EQUITY, 4.0) == pytest.approx(0.2)
    assert measures.annual_return(EQUITY, 8.0) == pytest.approx(0.44)


def test_a_drawdown_counts_from_the_highest_so_far() -> None:
    np.testing.assert_allclose(measures.drawdowns(EQUITY), [0.0, 0.0, 0.1, 0.1, 0.0])
    assert measures.max_drawdown(EQUITY) == pytest.approx(0.1)
    assert measures.drawdown_periods_max(EQUITY) == 2
    assert measures.drawdown_periods_max(np.array([3.0, 2.0, 1.0])) == 2
    assert measures.calmar(EQUITY, 4.0) == pytest.approx(2.0)


def test_figures_of_trades_count_an_even_one_as_no_win() -> None:
    profits = np.array([3.0, -1.0, 0.0, 1.0])
    assert measures.hit_rate(profits) == 0.5
    assert measures.profit_factor(profits) == 4.0
    assert measures.payoff(profits) == 2.0
    assert measures.turnover(1000.0, EQUITY, 0.5) == pytest.approx(1000.0 / 105.6 / 0.5)


@pytest.mark.parametrize("empty", [np.array([]), np.array([np.nan, 0.1, 0.2])])
def test_what_cannot_be_measured_is_nan(empty) -> None:
    assert all(math.isnan(each(empty, DAYS)) for each in (measures.volatility, measures.sharpe, measures.sortino))
    of_trades = (measures.profit_factor, measures.hit_rate, measures.payoff)
    assert all(math.isnan(each(empty)) for each in (measures.total_return, measures.max_drawdown, *of_trades))
    assert math.isnan(measures.tail_loss(empty, 0.975))


def test_a_ratio_over_nothing_is_nan_not_infinite() -> None:
    steady = np.full(9, 0.01)
    assert math.isnan(measures.sharpe(steady, DAYS)) and math.isnan(measures.sortino(steady, DAYS))
    assert measures.volatility(steady, DAYS) == 0.0
    assert math.isnan(measures.profit_factor(np.array([1.0, 2.0])))
    assert math.isnan(measures.calmar(np.array([1.0, 2.0]), DAYS))
    assert np.isnan(measures.rolling_sharpe(steady, 3, DAYS)).all()


def test_a_rolling_figure_is_that_of_its_window() -> None:
    returns = np.random.default_rng(1).normal(0.0, 0.01, 50)
    rolled = measures.rolling_sharpe(returns, 20, DAYS)
    assert np.isnan(rolled[:19]).all()
    assert rolled[19] == pytest.approx(measures.sharpe(returns[:20], DAYS))
    assert rolled[-1] == pytest.approx(measures.sharpe(returns[-20:], DAYS))
    with pytest.raises(ValueError, match="window was 1"):
        measures.rolling_sharpe(returns, 1, DAYS)


def test_a_grid_has_the_last_value_before_each_of_its_times() -> None:
    at, values = measures.on_grid(np.array([12, 15, 31]), np.array([1.0, 2.0, 3.0]), 10)
    assert (at.tolist(), values.tolist()) == ([10, 20, 30, 40], [1.0, 2.0, 2.0, 3.0])
    assert measures.on_grid(np.array([10, 20]), np.array([1.0, 2.0]), 10)[1].tolist() == [1.0, 2.0]
    assert measures.on_grid(np.array([], dtype=np.int64), np.array([]), 10)[0].size == 0
    with pytest.raises(ValueError, match="never fall"):
        measures.on_grid(np.array([2, 1]), np.array([1.0, 1.0]), 10)


@given(SERIES, st.floats(0.1, 10.0))
def test_law_no_ratio_knows_how_large_the_account_is(returns, factor) -> None:
    equity = np.cumprod(np.concatenate([[1.0], 1.0 + returns]))
    for figure in (measures.max_drawdown, measures.total_return):
        assert figure(factor * equity) == pytest.approx(figure(equity), rel=1e-9, abs=1e-12)
    assert 0.0 <= measures.max_drawdown(equity) < 1.0


@given(SERIES)
def test_law_the_tail_is_never_better_than_the_mean(returns) -> None:
    assert measures.tail_loss(returns, 0.975) >= -float(returns.mean()) - 1e-12


@pytest.mark.numbers
@pytest.mark.parametrize("seed", range(5))
def test_figures_agree_with_skfolio(seed: int) -> None:
    from skfolio import measures as theirs

    returns = 0.01 * np.random.default_rng(seed).standard_t(4, 700) + 0.0003
    equity = np.cumprod(np.concatenate([[1.0], 1.0 + returns]))
    deviation = theirs.standard_deviation(returns)
    below = theirs.semi_deviation(returns, min_acceptable_return=0.0, biased=True)
    fallen = theirs.get_drawdowns(returns, compounded=True)
    expected = {
        measures.volatility(returns, DAYS): deviation * math.sqrt(DAYS),
        measures.sharpe(returns, DAYS): theirs.mean(returns) / deviation * math.sqrt(DAYS),
        measures.sortino(returns, DAYS): theirs.mean(returns) / below * math.sqrt(DAYS),
        measures.max_drawdown(equity): theirs.max_drawdown(fallen),
        measures.tail_loss(returns, 0.975): theirs.cvar(returns, beta=0.975),
        measures.total_return(equity): theirs.get_cumulative_returns(returns, compounded=True)[-1] - 1.0,
    }
    for ours, other in expected.items():
        assert ours == pytest.approx(other, rel=1e-10)
    np.testing.assert_allclose(measures.drawdowns(equity)[1:], -fallen, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(measures.returns_of(equity), returns, rtol=1e-9)
