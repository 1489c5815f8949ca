"""Group E: the raw columns as they are, and z scores written out a second time."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.book import BOOK, RAW_OF
from quant.features.history import batch
from quant.rolling import Floats
from tests.kit.histories import a_history, bar_times
from tests.quant.features.written_out import one_instrument, said_of

RENAMED = {"spread_bp": "spread_bps", "micro_bp": "micro_bps"}


def z(x: Floats) -> float:
    age = 0.97 ** np.arange(119, -1, -1)
    mean = (age * x[-120:]).sum() / age.sum()
    return float((x[-1] - mean) / np.sqrt((age * (x[-120:] - mean) ** 2).sum() / age.sum()))


def test_every_book_feature_equals_its_formula_written_out() -> None:
    history = one_instrument(200)
    scored = {"spread_z": z(history["spread_bps"])}
    scored |= {"upd_rate_z": z(np.log1p(history["updates"])), "depth_z": z(np.log1p(history["depth"]))}
    wanted = scored | {
        feature.name: history[RENAMED.get(feature.name, feature.name)][-1]
        for feature in BOOK
        if feature.name not in scored
    }
    assert said_of(history, *wanted) == pytest.approx(wanted, rel=1e-9)


def test_an_absent_row_is_absent_now_and_left_out_of_the_history() -> None:
    history = a_history(width=2, times=200)
    for feature in BOOK:
        history[RAW_OF.get(feature.inputs[0], feature.inputs[0])][0, 150] = np.nan
    values = batch(history, bar_times(200), bar_s=60.0, horizon_bars=5, features=BOOK)
    assert all(np.isnan(values[feature.name][0, 150]) for feature in BOOK)
    assert all(np.isfinite(values[feature.name][0, 151]) for feature in BOOK)


def test_a_spread_that_never_changes_has_no_z() -> None:
    history = one_instrument(130) | {"spread_bps": np.full(130, 2.0)}
    said = said_of(history, "spread_z", "spread_bp")
    assert np.isnan(said["spread_z"])
    assert said["spread_bp"] == 2.0
