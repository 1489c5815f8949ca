"""Scores of what goes on, against their formulas written out."""

from __future__ import annotations

import numpy as np
import pytest

from quant.agents.trend import break_width, breakout_score, calm_score, momentum_score


def test_momentum_is_the_mean_of_scaled_returns_without_the_last_bar() -> None:
    rng = np.random.default_rng(1)
    r = rng.normal(0.2, 1.0, (61, 3))
    sd = 1.3
    bars = np.array([15.0, 60.0])
    rets = np.stack([r[-15:].sum(axis=0), r[-60:].sum(axis=0)]) / (sd * np.sqrt(bars))[:, None]
    skipped = np.stack([r[-15:-1].sum(axis=0) / np.sqrt(14.0), r[-60:-1].sum(axis=0) / np.sqrt(59.0)]) / sd
    said = momentum_score(r[-1] / sd, rets, bars)
    np.testing.assert_allclose(said, np.clip(skipped, -3.0, 3.0).mean(axis=0))


def test_momentum_leaves_cold_windows_out_and_is_absent_when_all_are() -> None:
    rets = np.array([[1.0, np.nan], [np.nan, np.nan]])
    said = momentum_score(np.zeros(2), rets, np.array([15.0, 60.0]))
    assert said[0] == pytest.approx(np.sqrt(15.0 / 14.0))
    assert np.isnan(said[1])


def test_a_breakout_counts_in_full_while_volatility_rises_and_half_otherwise() -> None:
    place = np.array([1.0, 1.0, 0.0, 0.5, 1.0, np.nan])
    term = np.array([0.2, -0.2, 0.2, 0.2, np.nan, 0.2])
    assert breakout_score(place, term) == pytest.approx([2.0, 1.0, -2.0, 0.0, 1.0, np.nan], nan_ok=True)


def test_at_an_end_of_its_channel_a_range_is_wider() -> None:
    assert break_width(np.array([0.0, 0.01, 0.99, 1.0, np.nan])).tolist() == [1.1, 1.0, 1.0, 1.1, 1.0]


def test_storms_are_held_against_an_instrument_less_the_stormier_it_is() -> None:
    said = calm_score(np.array([1.0, 1.0, -1.0, 9.0, 1.0]), np.array([1.0, 1.6, 0.25, 1.0, np.nan]))
    assert said == pytest.approx([-1.0, -0.625, 2.0, -3.0, np.nan], nan_ok=True)
