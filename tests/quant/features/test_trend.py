"""Group A against formulas written out a second time, and against TA-Lib and talipp where they mean the same."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.history import batch
from quant.features.trend import TREND
from tests.kit.histories import bar_times
from tests.quant.features.written_out import ema_of, ewma_sd_of, one_instrument, said_of

FREE = ("macd_hist", "rsi_14", "rsi_60", "kama_gap", "adx_14", "di_diff_14", "ret_7d_skip1d", "ret_30d")


def test_every_trend_feature_equals_its_formula_written_out() -> None:
    history = one_instrument()
    c = np.log(history["close"])
    r = np.diff(c)
    sd = ewma_sd_of(r)
    t = np.arange(60.0)
    slope, level = np.polyfit(t, c[-60:], 1)
    rest = c[-60:] - slope * t - level
    error = np.sqrt((rest**2).sum() / 58 / ((t - t.mean()) ** 2).sum())
    low, high = c[-1440:].min(), c[-1440:].max()
    wanted = {
        "ewma_vol": sd,
        **{f"ret_{n}": (c[-1] - c[-1 - n]) / (sd * np.sqrt(n)) for n in (1, 5, 15, 60, 240, 1440)},
        "ema_gap": (ema_of(c, 12, 120) - ema_of(c, 26, 120)) / (sd * np.sqrt(26.0)),
        "slope_t_60": slope / error,
        "r2_60": 1.0 - (rest**2).sum() / ((c[-60:] - c[-60:].mean()) ** 2).sum(),
        "eff_ratio_60": abs(c[-1] - c[-61]) / np.abs(r[-60:]).sum(),
        "donch_60": (c[-1] - c[-60:].min()) / (c[-60:].max() - c[-60:].min()),
        "donch_1440": (c[-1] - low) / (high - low),
        "dist_hi_1440": (c[-1] - high) / (sd * np.sqrt(1440)),
        "dist_lo_1440": (c[-1] - low) / (sd * np.sqrt(1440)),
    }
    assert set(wanted) | set(FREE) == {feature.name for feature in TREND}
    assert said_of(history, *wanted) == pytest.approx(wanted, rel=1e-8)


def test_returns_of_weeks_are_taken_from_hours() -> None:
    history = one_instrument(800)
    c = np.log(history["close"])
    sd = ewma_sd_of(np.diff(c))
    wanted = {
        "ret_7d_skip1d": (c[-25] - c[-169]) / (sd * np.sqrt(144)),
        "ret_30d": (c[-1] - c[-721]) / (sd * np.sqrt(720)),
    }
    assert said_of(history, *wanted, bar_s=3_600.0) == pytest.approx(wanted, rel=1e-8)


def test_a_steady_rise_is_fully_efficient_and_a_zigzag_is_not() -> None:
    t = np.arange(100.0)
    close = np.exp(np.stack([0.001 * t, 0.001 * (t % 2)]))
    bars = dict.fromkeys(("open", "high", "low", "close"), close)
    values = batch(bars, bar_times(100), bar_s=60.0, horizon_bars=5, features=TREND)
    np.testing.assert_allclose(values["eff_ratio_60"][:, -1], [1.0, 0.0], atol=1e-9)
    assert values["slope_t_60"][0, -1] == 1e3
    assert values["donch_60"][0, -1] == 1.0


@pytest.mark.numbers
def test_talib_agrees_on_log_prices() -> None:
    talib = pytest.importorskip("talib")
    history = one_instrument()
    hi, lo, c = (np.log(history[name]) for name in ("high", "low", "close"))
    atr = talib.ATR(hi, lo, c, 14)[-1]
    wanted = {
        "rsi_14": talib.RSI(c, 14)[-1],
        "rsi_60": talib.RSI(c, 60)[-1],
        "adx_14": talib.ADX(hi, lo, c, 14)[-1],
        "di_diff_14": talib.PLUS_DI(hi, lo, c, 14)[-1] - talib.MINUS_DI(hi, lo, c, 14)[-1],
        "macd_hist": talib.MACD(c, 12, 26, 9)[2][-1] / atr,
        "kama_gap": (c[-1] - talib.KAMA(c, 10)[-1]) / atr,
    }
    assert said_of(history, *wanted) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.numbers
def test_talipp_agrees_on_log_prices() -> None:
    indicators = pytest.importorskip("talipp.indicators")
    history = one_instrument()
    c = np.log(history["close"]).tolist()
    atr = said_of(history, "atr_14")["atr_14"]
    wanted = {
        "rsi_14": indicators.RSI(14, c)[-1],
        "kama_gap": (c[-1] - indicators.KAMA(10, 2, 30, c)[-1]) / atr,
        "macd_hist": indicators.MACD(12, 26, 9, c)[-1].histogram / atr,
    }
    assert said_of(history, *wanted) == pytest.approx(wanted, rel=1e-6)
