"""Group F: the value now, hours behind it, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.engine import REGISTRY, FeaturePipeline
from quant.features.perp import PERP
from tests.quant.features.written_out import ema_of, one_instrument, said_of


def test_every_perpetual_feature_equals_its_formula_written_out() -> None:
    history = one_instrument(800)
    funding, basis, interest = (history[name] for name in ("funding", "basis_bps", "open_interest"))
    log_interest = np.log(interest[-720:])
    wanted = {
        "fund_now": funding[-1],
        "fund_ema_3": ema_of(funding, 24, 120),
        "fund_z_30d": (funding[-1] - funding[-720:].mean()) / funding[-720:].std(),
        "t_to_fund": history["next_funding_s"][-1] / 28_800.0,
        "basis_bp": basis[-1],
        "basis_z": (basis[-1] - basis[-168:].mean()) / basis[-168:].std(),
        "oi_z_30d": (log_interest[-1] - log_interest.mean()) / log_interest.std(),
        "liq_imb_1h": history["liquidated"][-1] / interest[-1],
    }
    assert set(wanted) | {"oi_chg_1h"} == {feature.name for feature in PERP}
    assert said_of(history, *wanted, bar_s=3_600.0) == pytest.approx(wanted, rel=1e-8)
    minutes = said_of(history, "oi_chg_1h", bar_s=60.0)["oi_chg_1h"]
    assert minutes == pytest.approx(np.log(interest[-1] / interest[-61]))


def test_within_an_hour_only_the_last_rate_counts() -> None:
    pipeline = FeaturePipeline(1, bar_s=60.0, horizon_bars=5)
    for hour in range(30):
        for minute, rate in ((1, 9.0), (2, float(hour))):
            pipeline.push("perp", (hour * 3_600 + minute * 60) * 10**9, {"funding": np.array([rate])})
    hours = np.arange(30.0)
    said = pipeline.values()[REGISTRY.index["fund_z_30d"], 0]
    assert said == pytest.approx((29.0 - hours.mean()) / hours.std())


def test_open_interest_of_nothing_has_no_change() -> None:
    history = one_instrument(100)
    history["open_interest"][-1] = 0.0
    assert all(np.isnan(value) for value in said_of(history, "oi_chg_1h", "oi_z_30d", "liq_imb_1h").values())
