import math

import numpy as np
import pytest

from bot.evaluation import baselines
from quant.quantiles import LEVELS


def closes(rows: int = 400, width: int = 3, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 50.0 * np.exp(np.cumsum(0.01 * rng.standard_normal((rows, width)), axis=0))


def test_the_scale_is_the_weighted_mean_of_squares_over_the_horizon() -> None:
    close = closes(width=1)
    returns = np.diff(np.log(close[:, 0]))
    weights = 0.97 ** np.arange(len(returns) - 1, -1, -1)

    scale = baselines.ewma_scale(close, 4)

    assert scale[-1, 0] == pytest.approx(math.sqrt(4 * (weights @ returns**2) / weights.sum()), rel=1e-12)
    assert np.isnan(scale[: baselines.RETURNS_MIN]).all()
    assert np.isfinite(scale[baselines.RETURNS_MIN :]).all()


def test_nothing_that_has_not_moved_has_a_scale() -> None:
    assert np.isnan(baselines.ewma_scale(np.full((100, 1), 7.0), 1)).all()


def test_a_hole_in_the_closes_changes_no_scale_until_there_are_returns_again() -> None:
    close = closes(width=1)
    holed = close.copy()
    holed[200:210] = np.nan

    scale = baselines.ewma_scale(holed, 1)

    assert (scale[200:211] == scale[199]).all()
    assert scale[211] != scale[210]


def test_simulation_uses_closed_labels_alone_and_orders_them_exactly() -> None:
    rng = np.random.default_rng(2)
    y, sigma = rng.standard_normal((500, 2)), 0.5 + rng.random((500, 2))
    mu = 0.1 * rng.standard_normal((500, 2))
    h = 5

    said = baselines.historical(mu, sigma, y, h)

    row = 450
    known = ((y - mu) / sigma)[: row - h + 1].ravel()
    wanted = mu[row] + np.quantile(known, LEVELS)[:, None] * sigma[row]
    assert np.allclose(said[row], wanted, rtol=1e-12, atol=1e-12)


def test_simulation_forgets_the_oldest_beyond_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "POOLED_MAX", 400)
    rng = np.random.default_rng(3)
    y = np.round(rng.standard_normal((900, 2)), 1)  # ties must leave one at a time

    said = baselines.historical(np.zeros(y.shape), np.ones(y.shape), y, 1)

    assert np.allclose(said[-1, :, 0], np.quantile(y[-201:-1].ravel(), LEVELS), atol=1e-12)


def test_before_enough_labels_simulation_is_normal() -> None:
    y = np.ones((20, 1))

    said = baselines.historical(np.zeros((20, 1)), np.ones((20, 1)), y, 1)

    assert np.allclose(said[10, :, 0], baselines.NORMAL)


def test_a_calm_and_a_wild_market_are_told_apart_by_har() -> None:
    rng = np.random.default_rng(4)
    wild = np.repeat([0.005, 0.02], 600)[:, None]
    close = 100.0 * np.exp(np.cumsum(wild * rng.standard_normal((1200, 1)), axis=0))

    scale = baselines.har_scale(close, 5, (1, 5, 22, 66))

    assert np.nanmedian(scale[700:]) > 2.0 * np.nanmedian(scale[400:600])


def test_har_before_its_first_fit_says_nothing() -> None:
    scale = baselines.har_scale(closes(width=1), 5, (1, 5, 22, 66))

    assert np.isnan(scale[:300]).all()
    assert np.isfinite(scale[390:]).all()


def test_an_hour_that_moves_more_is_found_wider() -> None:
    rng = np.random.default_rng(5)
    slots = np.arange(168 * 60) % 168
    z = rng.standard_normal((len(slots), 2)) * np.where(slots == 40, 3.0, 1.0)[:, None]

    factor = baselines.hour_of_week_factor(z, slots, 1)

    assert factor[-168 + 40, 0] > 1.7
    assert abs(float(np.median(factor[-168:, 0])) - 1.0) < 0.1


@pytest.mark.parametrize("function", ["scale", "har", "simulation", "season"])
def test_no_baseline_sees_the_future(function: str) -> None:
    close, cut, h = closes(rows=800), 600, 4
    poisoned = close.copy()
    poisoned[cut:] = 1e6

    def said(prices: np.ndarray) -> np.ndarray:
        y = np.full(prices.shape, np.nan)
        y[:-h] = np.log(prices[h:] / prices[:-h])
        scale = baselines.ewma_scale(prices, h)
        return {
            "scale": lambda: scale,
            "har": lambda: baselines.har_scale(prices, h, (1, 5, 22, 66)),
            "simulation": lambda: baselines.historical(np.zeros(y.shape), scale, y, h),
            "season": lambda: baselines.hour_of_week_factor(y / scale, np.arange(len(y)) % 168, h),
        }[function]()

    assert said(close)[:cut].tobytes() == said(poisoned)[:cut].tobytes()


def test_dead_agents_take_no_part_in_any_average() -> None:
    mu = np.array([[[0.1], [np.nan], [0.3]]])
    sigma = np.array([[[1.0], [1.0], [2.0]]])
    confidence = np.ones(mu.shape)

    vincent = baselines.vincentised(mu, sigma)
    mean, deviation = baselines.pooled(mu, sigma, confidence)

    assert np.allclose(vincent[0, :, 0], 0.2 + 1.5 * baselines.NORMAL)
    weights = 0.5 * np.array([0.8, 0.2]) + 0.25
    assert mean[0, 0] == pytest.approx(weights @ [0.1, 0.3])
    spread = weights @ (np.array([0.1, 0.3]) - mean[0, 0]) ** 2
    assert deviation[0, 0] ** 2 == pytest.approx(1.0 / np.mean([1.0, 0.25]) + spread)


def test_where_nobody_lives_nothing_is_said() -> None:
    nobody = np.full((1, 2, 1), np.nan)

    assert np.isnan(baselines.vincentised(nobody, nobody)).all()
    assert np.isnan(baselines.pooled(nobody, nobody, nobody)[1]).all()
    assert np.isnan(baselines.independent(nobody)).all()


def test_independent_agents_are_far_too_sure() -> None:
    sigma = np.ones((1, 9, 1))

    assert baselines.independent(sigma)[0, 0] == pytest.approx(1.0 / 3.0)
    assert baselines.pooled(np.zeros(sigma.shape), sigma, sigma)[1][0, 0] == pytest.approx(1.0)
