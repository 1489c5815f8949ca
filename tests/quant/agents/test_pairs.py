"""Pairs: the test of their spread against known regressions, the hedge against the one that was planted."""

from __future__ import annotations

import numpy as np
import pytest

from quant.agents.pairs import SAMPLES_MIN, Pairs, adf_t

HOUR_S = 3600.0


def market(*, steps: int, slope: float = 0.7, keep: float = 0.9, width: int = 4, seed: int = 1) -> np.ndarray:
    """Closes (steps, width): the second follows the first by `slope` but for a spread; the others walk alone."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(0.004 * rng.normal(size=(steps, width)), axis=0)
    spread = np.zeros(steps)
    for step in range(1, steps):
        spread[step] = keep * spread[step - 1] + 0.002 * rng.normal()
    walk[:, 1] = slope * walk[:, 0] + spread
    return 100.0 * np.exp(walk)


def followed(close: np.ndarray) -> Pairs:
    pairs = Pairs(close.shape[1], HOUR_S)
    for row in close:
        pairs.push(row)
    return pairs


def test_the_statistic_of_dickey_and_fuller_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(1)
    series = np.stack([np.cumsum(rng.normal(size=300)), rng.normal(size=300)], axis=1)
    for column, said in enumerate(adf_t(series)):
        level = series[:, column]
        steps = np.diff(level)
        x = np.stack([np.ones(298), level[1:-1], steps[:-1]], axis=1)
        fit, *_ = np.linalg.lstsq(x, steps[1:], rcond=None)
        variance = ((steps[1:] - x @ fit) ** 2).sum() / (298 - 3)
        assert said == pytest.approx(fit[1] / np.sqrt(variance * np.linalg.inv(x.T @ x)[1, 1]), rel=1e-9)


def test_the_statistic_is_unknown_where_nothing_moves_or_something_is_absent() -> None:
    series = np.random.default_rng(2).normal(size=(100, 3))
    series[:, 0] = 5.0
    series[7, 1] = np.nan
    assert np.isnan(adf_t(series)).tolist() == [True, True, False]


def test_walks_that_wander_are_seldom_taken_for_pairs() -> None:
    series = np.cumsum(np.random.default_rng(3).normal(size=(720, 400)), axis=0)
    assert 0.02 < (adf_t(series) < -2.9).mean() < 0.08


def test_a_pair_is_found_hedged_and_tested() -> None:
    pairs = followed(market(steps=720))
    assert pairs["partner"][:2].tolist() == [1, 0]
    assert pairs["slope"][1] == pytest.approx(0.7, abs=0.1)
    assert (pairs["t"][:2] < -2.9).all()
    gap, kappa, noise = pairs.reversion()
    assert kappa[1] == pytest.approx(-np.log(0.9), abs=0.08)
    assert noise[1] == pytest.approx(0.002, rel=0.2)
    assert np.isfinite(gap[:2]).all()


def test_nothing_is_paired_before_enough_is_known_and_one_alone_never() -> None:
    assert (followed(market(steps=SAMPLES_MIN - 30))["partner"] == -1).all()
    assert (followed(market(steps=400)[:, :1])["partner"] == -1).all()


def test_a_bar_without_a_close_changes_nothing_of_its_pairs() -> None:
    close = market(steps=500)
    close[470, 1] = np.nan
    pairs = followed(close[:470])
    before = pairs.state()
    pairs.push(close[470])
    for name in ("intercept", "slope", "noise", "xx"):
        assert pairs[name][:2].tolist() == before[name][:2].tolist()
    assert np.isnan(pairs["spread"][:2]).all()


def test_a_partner_that_moved_is_followed_and_one_that_left_is_let_go() -> None:
    pairs = followed(market(steps=500))
    pairs.lay_out(np.array([3, 1, 0]))
    assert pairs["partner"].tolist()[1:] == [2, 1]
    pairs.lay_out(np.array([1, -1]))
    assert pairs["partner"].tolist() == [-1, -1]
    pairs.push(np.array([100.0, 101.0]))


def test_equal_and_still_instruments_make_no_spread() -> None:
    close = market(steps=400)
    close[:, 1], close[:, 2] = close[:, 0], 50.0
    pairs = followed(close)
    assert not (pairs["t"][:3] < -2.9).any()
    assert np.isfinite(pairs["slope"][np.isfinite(pairs["t"])]).all()
