"""A column that holds something of the future is an alarm however it is dressed; one made of the past is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.leakage import PAIRS_MIN, after, leak

TIMES = 600


def a_price(seed=0, times=TIMES):
    rng = np.random.default_rng(seed)
    return 100.0 * np.exp(np.cumsum(0.01 * rng.standard_t(5, times)))


def ahead(values, by):
    late = np.full(len(values), np.nan)
    late[: len(values) - by] = values[by:]
    return late


LEAKS = {
    "the next return": lambda price, came: came,
    "its sign": lambda price, came: np.sign(came),
    "the next close": lambda price, came: ahead(price, 1),
    "the next close in another currency": lambda price, came: 0.87 * ahead(price, 1) + 3.0,
    "a mean that looks one further": lambda price, came: (price + ahead(price, 1)) / 2.0,
    "a little of it, in another currency": lambda price, came: 0.87 * (0.9 * price + 0.1 * ahead(price, 1)) + 30.0,
    "the next return with as much noise": lambda price, came: came + 0.01 * np.random.default_rng(9).normal(size=TIMES),
}


@pytest.mark.parametrize("name", LEAKS)
def test_what_holds_the_next_return_is_an_alarm(name) -> None:
    price = a_price()
    came = after(price, 1)
    found = leak(LEAKS[name](price, came), came, price)

    assert found.alarm
    assert abs(found.delayed) < abs(found.ic) / 2


def test_a_later_close_is_found_over_as_many_times() -> None:
    price = a_price(times=4000)
    column = ahead(price, 12)

    assert leak(column, after(price, 12), price, lag=12).alarm
    assert not leak(np.concatenate((np.full(12, np.nan), price[:-12])), after(price, 12), price, lag=12).alarm


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["return", "level", "mean", "noise", "walk", "clock"]))
def test_what_is_made_of_the_past_is_no_alarm(seed, kind) -> None:
    price, rng = a_price(seed), np.random.default_rng(seed + 1)
    before = np.concatenate(([np.nan], np.diff(np.log(price))))
    column = {
        "return": before,
        "level": price,
        "mean": np.convolve(price, np.ones(9) / 9.0)[: len(price)],
        "noise": rng.normal(size=TIMES),
        "walk": np.cumsum(rng.normal(size=TIMES)),
        "clock": np.arange(TIMES, dtype=float) % 24,
    }[kind]
    assert not leak(column, after(price, 1), price).alarm


def test_a_forecast_that_is_as_good_later_is_no_leak() -> None:
    rng = np.random.default_rng(3)
    regime = np.repeat(rng.normal(size=TIMES // 50), 50)
    came = regime + 0.5 * rng.normal(size=TIMES)
    found = leak(regime, came)

    assert abs(found.ic) > 0.5
    assert not found.alarm


def test_of_few_pairs_nothing_is_said() -> None:
    price = a_price(times=PAIRS_MIN)
    came = after(price, 1)
    assert not leak(came, came, price).alarm
    assert leak(came, came, price).pairs == PAIRS_MIN - 1


def test_the_return_after_is_absent_at_the_end_and_without_a_price() -> None:
    price = np.array([1.0, np.e, np.nan, 1.0])
    np.testing.assert_allclose(after(price, 1), [1.0, np.nan, np.nan, np.nan])
    assert after(np.ones((5, 2)), 2).shape == (5, 2)
    assert np.isnan(after(np.ones((5, 2)), 9)).all()
