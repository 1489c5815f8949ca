import numpy as np
import pytest

from bot.evaluation.noise import Watched, noise, noise_report, worth_trading
from contracts.belief import DriftState
from contracts.envelope import Envelope


def test_noise_has_no_drift_and_a_common_part() -> None:
    prices = noise(np.random.default_rng(1), 3000)

    returns = np.diff(np.log(prices.close), axis=0)
    assert abs(float(returns.mean() / returns.std() * np.sqrt(returns.size))) < 3.0
    assert 0.2 < np.corrcoef(returns, rowvar=False)[0, 1] < 0.55
    assert (prices.high >= prices.close).all()
    assert (prices.low <= prices.open).all()


def test_an_edge_below_its_cost_or_too_small_for_an_order_is_no_trade() -> None:
    mu = np.array([[0.0019, 0.0021, 0.01, -0.01, np.nan]])
    sigma, tail = np.full(mu.shape, 0.02), np.full(mu.shape, 0.05)

    worth = worth_trading(mu, sigma, np.full(mu.shape, 20.0), tail, tail)

    assert worth.tolist() == [[False, True, True, True, False]]
    assert not worth_trading(mu[:, :2], 50 * sigma[:, :2], np.full((1, 2), 20.0), tail[:, :2], tail[:, :2]).any()


def test_an_alarm_is_counted_when_it_begins() -> None:
    watched = Watched()
    for level in ("calm", "warn", "widen", "warn", "calm", "warn"):
        state = DriftState(level=level, reasons=(), sigma_factor=1.0, size_factor=1.0, based_on=())
        watched(Envelope(1, 1, 0, 0, "drift_watcher", state))

    assert watched.alarms == 2
    assert watched.levels == {"calm": 2, "warn": 3, "widen": 1}


@pytest.mark.numbers
def test_in_noise_hardly_anything_is_traded_and_nothing_is_lost_against_the_pool() -> None:
    report = noise_report(1, rows=1500)

    assert report.missed == ()
