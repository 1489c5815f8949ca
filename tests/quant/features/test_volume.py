"""Group D against formulas written out a second time, and against TA-Lib."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.volume import VOLUME
from tests.quant.features.written_out import ema_of, ewma_sd_of, one_instrument, said_of


def test_every_volume_feature_equals_its_formula_written_out() -> None:
    history = one_instrument(600)
    c, v, n = np.log(history["close"]), history["volume"], history["trades"]
    r = np.diff(c)
    dv = v * history["close"]
    usual = ema_of(dv, 1440, 600)
    size, balance = v / n, np.cumsum((np.sign(r) * v[1:])[-60:])
    typical = (history["high"] + history["low"] + history["close"]) / 3.0
    log_typical = np.diff((np.log(history["high"]) + np.log(history["low"]) + c) / 3.0)
    money = (typical * v)[1:][-14:]
    wanted = {
        "ldv_60": np.log(dv[-60:].mean() / usual),
        "volz_60": (v[-1] - v[-60:].mean()) / v[-60:].std(),
        "cntz_60": (n[-1] - n[-60:].mean()) / n[-60:].std(),
        "avgsize_z": (size[-1] - size[-60:].mean()) / size[-60:].std(),
        "amihud_60": (np.abs(r[-60:]) / dv[-60:]).mean() * usual / ewma_sd_of(r),
        "obv_slope_60": np.polyfit(np.arange(60.0), balance, 1)[0] / v[-60:].mean(),
        "mfi_14": 100 * money[log_typical[-14:] > 0].sum() / money.sum(),
        **{feature.name: history[feature.name][-1] for feature in VOLUME if feature.grid == "trade"},
    }
    assert set(wanted) == {feature.name for feature in VOLUME}
    assert said_of(history, *wanted, bar_s=86_400.0) == pytest.approx(wanted, rel=1e-8)


def test_a_volume_that_is_usual_for_its_hour_is_no_surprise() -> None:
    history = one_instrument(24 * 7 * 5)
    hour = (np.arange(24 * 7 * 5) + 1) % 24
    calm = 100.0 + np.random.default_rng(3).normal(size=len(hour))
    history["volume"] = calm * np.where(hour == 5, 10.0, 1.0)
    last = int(np.flatnonzero(hour == 5)[-1]) + 1
    until = {name: column[:last] for name, column in history.items()}
    assert abs(said_of(until, "volz_60", bar_s=3_600.0)["volz_60"]) < 4.0
    assert said_of(until, "volz_60", bar_s=86_400.0)["volz_60"] > 4.0


def test_no_trade_has_no_size_and_no_volume_no_price_impact() -> None:
    history = one_instrument(200)
    history["trades"][-30:] = 0.0
    history["volume"][-60:] = 0.0
    said = said_of(history, "avgsize_z", "amihud_60", "ldv_60", "mfi_14", "obv_slope_60", "volz_60")
    assert all(np.isnan(value) for value in said.values())


@pytest.mark.numbers
def test_talib_agrees_where_it_means_the_same() -> None:
    talib = pytest.importorskip("talib")
    history = one_instrument(600)
    high, low, close, volume = (history[name] for name in ("high", "low", "close", "volume"))
    balance = talib.OBV(close, volume)[-60:]
    wanted = {
        "mfi_14": talib.MFI(high, low, close, volume, 14)[-1],
        "obv_slope_60": np.polyfit(np.arange(60.0), balance, 1)[0] / volume[-60:].mean(),
    }
    assert said_of(history, *wanted) == pytest.approx(wanted, rel=1e-6)
