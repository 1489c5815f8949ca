"""Price features against formulas written out a second time, one instrument and one moment at a time."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.bars import BAR_FEATURES, CARRY_BARS_MAX, carry
from quant.features.engine import bar_columns, batch
from quant.rolling import Floats

TIMES = 300


@pytest.fixture(scope="module")
def prices() -> dict[str, Floats]:
    rng = np.random.default_rng(7)
    close = 40.0 * np.exp(np.cumsum(0.002 * rng.standard_t(5, TIMES)))
    high = close * np.exp(np.abs(rng.normal(0.0, 0.001, TIMES)))
    low = close * np.exp(-np.abs(rng.normal(0.0, 0.001, TIMES)))
    return {"high": high, "low": low, "close": close, "volume": rng.gamma(2.0, 3.0, TIMES)}


def wanted(prices: dict[str, Floats]) -> dict[str, float]:
    c, volume = np.log(prices["close"]), prices["volume"]
    r = np.diff(c)
    age = 0.97 ** np.arange(119, -1, -1)
    sd = np.sqrt((age * r[-120:] ** 2).sum() / age.sum())
    path = np.abs(r[-60:]).sum()
    spread = np.log(prices["high"] / prices["low"])
    slope, level = np.polyfit(c[-240:-1], c[-239:], 1)
    residual = c[-239:] - slope * c[-240:-1] - level

    def ema(x: Floats, span: int) -> float:
        weight = (1.0 - 2.0 / (span + 1)) ** np.arange(len(x) - 1, -1, -1)
        return float((weight * x).sum() / weight.sum())

    return {
        "ewma_vol": sd,
        **{f"ret_{n}": (c[-1] - c[-1 - n]) / (sd * np.sqrt(n)) for n in (1, 5, 15, 60, 240)},
        **{f"z_{n}": (c[-1] - c[-n:].mean()) / c[-n:].std() for n in (20, 120)},
        **{f"rv_{n}": np.sqrt((r[-n:] ** 2).sum() / n) for n in (15, 60)},
        "park_60": np.sqrt((spread[-60:] ** 2).mean() / (4.0 * np.log(2.0))),
        "ema_gap": (ema(c[-120:], 12) - ema(c[-120:], 26)) / (sd * np.sqrt(26.0)),
        "eff_ratio_60": abs(c[-1] - c[-61]) / path,
        "volz_60": (volume[-1] - volume[-60:].mean()) / volume[-60:].std(),
        "ou_gap_240": c[-1] - ema(c[-240:], 240),
        "ou_kappa_240": -np.log(np.clip(slope, 1e-4, 1.0)),
        "ou_noise_240": np.sqrt((residual**2).sum() / 237),
    }


@pytest.mark.parametrize("name", [feature.name for feature in BAR_FEATURES])
def test_a_feature_equals_its_formula_written_out(name: str, prices: dict[str, Floats]) -> None:
    said = batch(bar_columns(*(column[None, :] for column in prices.values())))[name][0, -1]
    assert said == pytest.approx(wanted(prices)[name], rel=1e-8)


def test_a_reverting_price_is_measured_as_it_was_made() -> None:
    rng = np.random.default_rng(8)
    x = np.zeros((60, 240))
    for t in range(1, 240):
        x[:, t] = 0.9 * x[:, t - 1] + 0.001 * rng.normal(size=60)
    close = np.exp(x)
    values = batch(bar_columns(close, close, close, np.ones_like(close)))
    assert np.median(np.exp(-values["ou_kappa_240"][:, -1])) == pytest.approx(0.88, abs=0.03)
    assert np.median(values["ou_noise_240"][:, -1]) == pytest.approx(0.001, rel=0.05)


def test_a_steady_rise_is_fully_efficient_and_a_zigzag_is_not() -> None:
    t = np.arange(100.0)
    close = np.exp(np.stack([0.001 * t, 0.001 * (t % 2)]))
    values = batch(bar_columns(close, close, close, np.ones_like(close)))
    np.testing.assert_allclose(values["eff_ratio_60"][:, -1], [1.0, 0.0], atol=1e-9)


def test_a_carried_bar_has_the_last_price_no_range_and_no_volume() -> None:
    nothing, before = np.array([np.nan, np.nan, 7.0]), np.array([5.0, np.nan, 6.0])
    bar = carry(nothing, nothing, nothing, np.ones(3), before, np.array([CARRY_BARS_MAX - 1, 0, 4]))
    np.testing.assert_array_equal(bar.close, [5.0, np.nan, 7.0])
    np.testing.assert_array_equal(bar.high, bar.low)
    np.testing.assert_array_equal(bar.volume, [0.0, 1.0, 1.0])
    assert bar.stale_bars.tolist() == [CARRY_BARS_MAX, 1, 0]
    assert bar.carried.tolist() == [True, False, False]
