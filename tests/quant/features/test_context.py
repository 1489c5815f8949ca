"""Group I: figures of days and texts of hours."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.context import CONTEXT
from quant.features.engine import REGISTRY, FeaturePipeline
from tests.quant.features.written_out import ema_of, one_instrument, said_of

DAY_NS = 86_400 * 10**9


def test_every_feature_of_days_equals_its_formula_written_out() -> None:
    history = one_instrument(300)
    vix = history["vix"]
    wanted = {
        **{f"{name}_chg_5d": history[name][-1] - history[name][-6] for name in ("dgs10", "hy_oas", "dxy")},
        "t10y2y": history["t10y2y"][-1],
        "vix_z": (vix[-1] - vix[-252:].mean()) / vix[-252:].std(),
    }
    assert said_of(history, *wanted, bar_s=86_400.0) == pytest.approx(wanted, rel=1e-8)


def test_every_feature_of_texts_equals_its_formula_written_out() -> None:
    history = one_instrument(300)
    mentions = np.log1p(history["rd_mentions"][-168:])
    wanted = {
        "rd_ment_z": (mentions[-1] - mentions.mean()) / mentions.std(),
        "rd_sent_ema6h": ema_of(history["rd_sentiment"], 6, 48),
        "rd_disagree": history["rd_disagree"][-1],
        "rd_age": history["rd_age_s"][-1],
    }
    assert len(wanted) + 5 == len(CONTEXT)
    assert said_of(history, *wanted, bar_s=3_600.0) == pytest.approx(wanted, rel=1e-8)


def test_over_a_weekend_the_last_figure_known_five_days_ago_is_taken() -> None:
    pipeline = FeaturePipeline(1, bar_s=60.0, horizon_bars=5)
    for day in (0, 1, 2, 7, 8):
        pipeline.push("context", day * DAY_NS, {"dgs10": np.array([float(day)])})
    assert pipeline.values()[REGISTRY.index["dgs10_chg_5d"], 0] == 8.0 - 2.0
