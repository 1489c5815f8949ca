"""The columns of a bar: what is carried, and what follows from two bars alone."""

from __future__ import annotations

import numpy as np

from quant.features.bars import CARRY_BARS_MAX, RAW, carry, elementwise, log_deviation, market

NAN = np.nan


def test_a_carried_bar_has_the_last_price_no_range_and_no_volume() -> None:
    nothing, before = np.array([NAN, NAN, 7.0]), np.array([5.0, NAN, 6.0])
    rows = dict.fromkeys(("open", "high", "low", "close"), nothing) | dict.fromkeys(("volume", "trades"), np.ones(3))
    bar = carry(rows, before, np.array([CARRY_BARS_MAX - 1.0, 0.0, 4.0]))
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(bar.rows[name], [5.0, NAN, 7.0])
    for name in ("volume", "trades"):
        np.testing.assert_array_equal(bar.rows[name], [0.0, 1.0, 1.0])
    assert bar.stale_bars.tolist() == [CARRY_BARS_MAX, 1.0, 0.0]
    assert bar.carried.tolist() == [True, False, False]


def test_columns_of_two_bars_are_their_formulas() -> None:
    first = {"open": 99.0, "high": 101.0, "low": 98.0, "close": 100.0, "volume": 5.0, "trades": 2.0}
    last = {"open": 100.5, "high": 104.0, "low": 97.5, "close": 102.0, "volume": 7.0, "trades": 3.0}
    nothing = dict.fromkeys(("c", "hi", "lo", "tp"), np.array([NAN]))
    one = elementwise({name: np.array([first[name]]) for name in RAW}, nothing)
    two = elementwise({name: np.array([last[name]]) for name in RAW}, one)
    said = {name: float(column[0]) for name, column in two.items()}
    assert np.isnan(one["r"][0])
    np.testing.assert_allclose(said["r"], np.log(102.0 / 100.0))
    np.testing.assert_allclose(said["tr"], np.log(104.0 / 97.5))
    np.testing.assert_allclose(said["hl2"], np.log(104.0 / 97.5) ** 2)
    np.testing.assert_allclose(said["gk"], 0.5 * said["hl2"] - (2 * np.log(2) - 1) * np.log(102.0 / 100.5) ** 2)
    np.testing.assert_allclose(said["up"], np.log(104.0 / 101.0))
    assert said["down"] == 0.0
    np.testing.assert_allclose(said["dv"], 7.0 * 102.0)
    np.testing.assert_allclose(said["ill"], said["r"] / said["dv"])
    np.testing.assert_allclose(said["mf"], 7.0 * (104.0 + 97.5 + 102.0) / 3.0)
    assert (said["sv"], said["gain"], said["loss"]) == (7.0, said["r"], 0.0)


def test_the_market_is_the_mean_of_those_present_and_the_leader_is_the_reference_where_it_is_known() -> None:
    r = np.array([[0.01, NAN, NAN], [0.03, 0.02, 0.05], [NAN, 0.04, NAN]])
    mean, reference = market(r, 0)
    np.testing.assert_allclose(mean[1], [0.02, 0.03, NAN])
    np.testing.assert_allclose(reference[2], [0.01, 0.03, NAN])
    np.testing.assert_array_equal(market(r, None)[1], mean)


def test_a_stretch_without_a_move_has_no_log_deviation() -> None:
    np.testing.assert_allclose(log_deviation(np.array([[0.0, 0.0], [0.02, -0.02]])), [NAN, np.log(0.02)])
