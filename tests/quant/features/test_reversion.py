"""Group B against formulas written out a second time, against TA-Lib, and on prices made to revert."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.engine import REGISTRY
from quant.features.history import batch
from quant.features.reversion import REVERSION
from tests.kit.histories import bar_times
from tests.quant.features.written_out import ema_of, one_instrument, said_of


def test_every_reversion_feature_equals_its_formula_written_out() -> None:
    history = one_instrument(600)
    hi, lo, c = (np.log(history[name]) for name in ("high", "low", "close"))
    volume, tp = history["volume"], (hi + lo + c) / 3.0
    r = np.diff(c)
    atr = said_of(history, "atr_14")["atr_14"]
    slope, level = np.polyfit(c[-240:-1], c[-239:], 1)
    residual = c[-239:] - slope * c[-240:-1] - level
    x = r[-60:] - r[-60:].mean()
    kappa = -np.log(np.clip(slope, 1e-4, 1.0))
    day = [
        t
        for t, at_ns in enumerate(bar_times(600))
        if (at_ns - 1) // 86_400_000_000_000 == (bar_times(600)[-1] - 1) // 86_400_000_000_000
    ]
    typical = (history["high"] + history["low"] + history["close"]) / 3.0
    day_level = (typical * volume)[day].sum() / volume[day].sum()
    wanted = {
        **{f"z_{n}": (c[-1] - c[-n:].mean()) / c[-n:].std() for n in (20, 120)},
        "bb_pctb_20": (c[-1] - c[-20:].mean() + 2 * c[-20:].std()) / (4 * c[-20:].std()),
        "vwap_gap_60": (c[-1] - np.log((np.exp(tp[-60:]) * volume[-60:]).sum() / volume[-60:].sum())) / atr,
        "vwap_gap_day": (c[-1] - np.log(day_level)) / atr,
        "ou_gap_240": c[-1] - ema_of(c, 240, 240),
        "ou_kappa_240": kappa,
        "ou_half_life": np.clip(np.log(2.0) / kappa, 1.0, 1e4),
        "ou_noise_240": np.sqrt((residual**2).sum() / 237),
        "ac1_60": (x[1:] * x[:-1]).sum() / (x**2).sum(),
        **{f"vr{q}_{n}": _variance_ratio(c[-n - 1 :], q) for q, n in ((5, 240), (20, 480))},
        "stoch_k_14": 100 * (c[-1] - lo[-14:].min()) / (hi[-14:].max() - lo[-14:].min()),
        "cci_20": (tp[-1] - tp[-20:].mean()) / (0.015 * np.abs(tp[-20:] - tp[-20:].mean()).mean()),
    }
    assert set(wanted) == {feature.name for feature in REVERSION}
    assert said_of(history, *wanted) == pytest.approx(wanted, rel=1e-7)


def _variance_ratio(c: np.ndarray, q: int) -> float:
    drift = (c[-1] - c[0]) / (len(c) - 1)
    one, many = np.diff(c) - drift, c[q:] - c[:-q] - q * drift
    return float((many**2).mean() / (q * (one**2).mean()))


def test_a_reverting_price_is_measured_as_it_was_made() -> None:
    rng = np.random.default_rng(8)
    x = np.zeros((60, 240))
    for t in range(1, 240):
        x[:, t] = 0.9 * x[:, t - 1] + 0.001 * rng.normal(size=60)
    bars = dict.fromkeys(("open", "high", "low", "close"), np.exp(x))
    wanted = [REGISTRY[name] for name in ("ou_kappa_240", "ou_half_life", "ou_noise_240")]
    values = batch(bars, bar_times(240), bar_s=60.0, horizon_bars=5, features=wanted)
    assert np.median(np.exp(-values["ou_kappa_240"][:, -1])) == pytest.approx(0.88, abs=0.03)
    assert np.median(values["ou_noise_240"][:, -1]) == pytest.approx(0.001, rel=0.05)
    assert np.median(values["ou_half_life"][:, -1]) == pytest.approx(np.log(2) / -np.log(0.88), rel=0.2)


@pytest.mark.numbers
def test_talib_agrees_on_log_prices() -> None:
    talib = pytest.importorskip("talib")
    history = one_instrument(600)
    hi, lo, c = (np.log(history[name]) for name in ("high", "low", "close"))
    upper, _, lower = talib.BBANDS(c, 20, 2.0, 2.0)
    wanted = {
        "bb_pctb_20": (c[-1] - lower[-1]) / (upper[-1] - lower[-1]),
        "stoch_k_14": talib.STOCHF(hi, lo, c, 14, 1)[0][-1],
        "cci_20": talib.CCI(hi, lo, c, 20)[-1],
    }
    assert said_of(history, *wanted) == pytest.approx(wanted, rel=1e-6)
