"""Order-book features against formulas written out a second time."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.book import BOOK_FEATURES, COLUMNS
from quant.features.engine import batch
from quant.rolling import Floats


@pytest.fixture(scope="module")
def rows() -> dict[str, Floats]:
    rng = np.random.default_rng(9)
    return {name: rng.gamma(2.0, 1.0, (2, 200)) for name in COLUMNS}


def z(x: Floats) -> float:
    age = 0.97 ** np.arange(119, -1, -1)
    mean = (age * x[-120:]).sum() / age.sum()
    return float((x[-1] - mean) / np.sqrt((age * (x[-120:] - mean) ** 2).sum() / age.sum()))


@pytest.mark.parametrize("name", [feature.name for feature in BOOK_FEATURES])
def test_a_feature_equals_its_formula_written_out(name: str, rows: dict[str, Floats]) -> None:
    one = {column: values[1] for column, values in rows.items()}
    wanted = {
        "spread_bps": one["spread_bps"][-1],
        "imb_l1": one["imb_l1"][-1],
        "imb_l5": one["imb_l5"][-1],
        "micro_bps": one["micro_bps"][-1],
        "ofi_10s": one["ofi"][-1],
        "upd_rate": np.log(1.0 + one["updates"][-1]),
        "spread_z": z(one["spread_bps"]),
        "depth_z": z(np.log(1.0 + one["depth"])),
    }
    assert batch(rows)[name][1, -1] == pytest.approx(wanted[name], rel=1e-9)


def test_an_absent_row_is_absent_now_and_left_out_of_the_history(rows: dict[str, Floats]) -> None:
    gapped = {name: column.copy() for name, column in rows.items()}
    for column in gapped.values():
        column[0, 150] = np.nan
    values = batch(gapped)
    assert all(np.isnan(values[feature.name][0, 150]) for feature in BOOK_FEATURES)
    assert all(np.isfinite(values[feature.name][0, 151]) for feature in BOOK_FEATURES)


def test_a_spread_that_never_changes_has_no_z() -> None:
    still = {name: np.full((1, 130), 2.0) for name in COLUMNS}
    values = batch(still)
    assert np.isnan(values["spread_z"]).all()
    assert np.isfinite(values["spread_bps"]).all()
