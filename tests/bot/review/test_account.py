"""The account: figures by the longest period of which there are enough, months by the calendar."""

import math

import numpy as np
import pytest

from adapters.records.rows import EquityRow
from bot.review.account import account_of, figures_of, section_of
from tests.kit.reviews import DAY_NS, equity_rows, table


def account(values, **more):
    return account_of(table(EquityRow, equity_rows(values, **more)))


def test_a_run_of_days_is_measured_by_the_day() -> None:
    values = 500.0 * np.cumprod(1.0 + np.random.default_rng(2).normal(0.0005, 0.01, 90))
    values = np.round(values, 6)
    figures = figures_of(account(values))
    returns = values[1:] / values[:-1] - 1.0
    assert figures["period_s"] == 86_400
    assert figures["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(365.25))
    assert figures["profit_eur"] == pytest.approx(values[-1] - values[0])
    assert figures["annual_return"] == pytest.approx((values[-1] / values[0]) ** (365.25 / 89) - 1.0)
    assert figures["exposure_mean"] == 0.5


def test_an_hour_says_nothing_of_a_year() -> None:
    found = account(np.linspace(500.0, 501.0, 241), step_ns=15_000_000_000)
    figures = figures_of(found)
    assert figures["period_s"] == 60
    assert all(math.isnan(figures[name]) for name in ("sharpe", "sortino", "volatility", "annual_return", "calmar"))
    assert figures["total_return"] == pytest.approx(0.002)
    assert "says nothing of a year" in section_of(found).lead


def test_months_are_those_of_the_calendar_and_multiply_to_the_year() -> None:
    values = np.full(70, 500.0)
    values[20:], values[40:] = 550.0, 495.0
    heat = section_of(account(values)).heat
    assert heat is not None
    (row,) = heat.rows
    assert row[0] == "2024"
    assert list(row[1:4]) == pytest.approx([0.1, -0.1, 0.0])
    assert row[4:13] == (None,) * 9 and row[13] == pytest.approx(-0.01)


def test_what_is_said_as_a_month_ends_is_its_last_word_and_no_month_of_its_own() -> None:
    values = np.full(32, 500.0)
    values[31] = 550.0
    assert section_of(account(values)).heat is None
    heat = section_of(account(np.append(values, 495.0))).heat
    assert heat is not None
    assert list(heat.rows[0][1:3]) == pytest.approx([0.1, -0.1])


def test_a_run_inside_one_month_has_no_table_of_months() -> None:
    assert section_of(account(np.full(20, 500.0))).heat is None


def test_an_account_that_said_nothing_has_no_figures_and_no_charts() -> None:
    found = account([])
    assert all(
        math.isnan(value) for name, value in figures_of(found).items() if name not in ("period_s", "drawdown_s_max")
    )
    assert section_of(found).charts == ()


def test_the_longest_time_under_water_is_told_in_seconds() -> None:
    values = np.full(60, 500.0)
    values[10:15] = 490.0
    assert figures_of(account(values))["drawdown_s_max"] == 5 * DAY_NS / 1e9
