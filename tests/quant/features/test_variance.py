"""Group C against formulas written out a second time, and against TA-Lib."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.variance import VARIANCE
from tests.quant.features.written_out import ewma_sd_of, one_instrument, said_of

OF_THE_SCALE = {"har_pred_h", "seas_hw", "s_ref"}


def test_every_variance_feature_equals_its_formula_written_out() -> None:
    history = one_instrument()
    hi, lo, c = (np.log(history[name]) for name in ("high", "low", "close"))
    r = np.diff(c)
    spread, body = hi - lo, c - np.log(history["open"])
    gk = 0.5 * spread**2 - (2 * np.log(2) - 1) * body**2
    total, bipower = (r[-60:] ** 2).sum(), np.pi / 2 * np.abs(r[-60:-1] * r[-59:]).sum()
    x = r[-240:] - r[-240:].mean()
    falls = np.maximum.accumulate(c[-1440:]) - c[-1440:]
    rv = {n: np.sqrt((r[-n:] ** 2).mean()) for n in (15, 60, 240, 1440)}
    lrv = [0.5 * np.log((r[len(r) - 15 - back : len(r) - back] ** 2).mean()) for back in range(240)]
    wanted = {
        **{f"rv_{n}": value for n, value in rv.items()},
        "ewma94": ewma_sd_of(r, 0.94),
        "park_60": np.sqrt((spread[-60:] ** 2).mean() / (4 * np.log(2))),
        "gk_60": np.sqrt(gk[-60:].mean()),
        "bv_60": np.sqrt(bipower / 59),
        "jump_60": max(0.0, 1 - (bipower / 59) / (total / 60)),
        "semivar_60": (r[-60:] ** 2)[r[-60:] < 0].sum() / total,
        "volvol_240": np.std(lrv),
        "term": np.log(rv[60] / rv[1440]),
        "skew_240": (x**3).mean() / (x**2).mean() ** 1.5,
        "kurt_240": (x**4).mean() / (x**2).mean() ** 2 - 3.0,
        "maxdd_1440": falls.max(),
        "es_ratio_1440": -np.sort(r[-1440:])[:72].mean() / rv[1440],
    }
    assert set(wanted) | OF_THE_SCALE | {"rv_7d", "atr_14"} == {feature.name for feature in VARIANCE}
    assert said_of(history, *wanted) == pytest.approx(wanted, rel=1e-8)


def test_the_week_is_the_mean_of_its_hours() -> None:
    history = one_instrument(300)
    r = np.diff(np.log(history["close"]))
    assert said_of(history, "rv_7d", bar_s=3_600.0)["rv_7d"] == pytest.approx(np.sqrt((r[-168:] ** 2).mean()))


def test_the_reference_deviation_is_the_forecast_times_the_season() -> None:
    said = said_of(one_instrument(400), *sorted(OF_THE_SCALE), bar_s=3_600.0)
    assert said["s_ref"] == pytest.approx(said["har_pred_h"] * said["seas_hw"])


@pytest.mark.numbers
def test_talib_agrees_on_the_range_of_log_prices() -> None:
    talib = pytest.importorskip("talib")
    history = one_instrument(600)
    hi, lo, c = (np.log(history[name]) for name in ("high", "low", "close"))
    assert said_of(history, "atr_14")["atr_14"] == pytest.approx(talib.ATR(hi, lo, c, 14)[-1], rel=1e-7)
