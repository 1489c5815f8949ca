"""Group G against formulas written out a second time, and its laws for absent, single and equal instruments."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.cross_section import CROSS_SECTION, breadth, centred_rank, dispersion, pair_gap
from quant.features.engine import REGISTRY
from quant.features.history import batch
from quant.rolling import Floats
from tests.kit.histories import a_history, bar_times

NAN = np.nan
FEATURES = [
    feature for feature in REGISTRY if feature.cross or feature.name in ("ewma_vol", "ret_60", "ret_1440", "rv_60")
]


def said(times: int, bar_s: float, leader: int | None) -> tuple[dict[str, Floats], Floats]:
    history = {name: row for name, row in a_history(times=times).items() if name in ("open", "high", "low", "close")}
    values = batch(history, bar_times(times, bar_s), bar_s=bar_s, horizon_bars=5, leader=leader, features=FEATURES)
    return {name: column[:, -1] for name, column in values.items()}, np.log(history["close"])


@pytest.mark.parametrize("leader", [0, pytest.param(None, marks=pytest.mark.numbers)])
def test_every_feature_of_the_cross_section_equals_its_formula_written_out(leader: int | None) -> None:
    values, c = said(800, 3_600.0, leader)
    r = np.diff(c, axis=1)
    mk = r.mean(axis=0)
    m = mk if leader is None else r[leader]
    weight = 0.98 ** np.arange(167, -1, -1)
    beta = (weight * r[:, -168:] * m[-168:]).sum(axis=1) / (weight * m[-168:] ** 2).sum()
    sd = values["ewma_vol"]
    ranks = {name: np.argsort(np.argsort(values[name])) / 4.0 - 0.5 for name in ("ret_60", "rv_60")}
    wanted = {
        "beta_btc_7d": beta,
        "xr_60": ranks["ret_60"],
        "xr_vol": ranks["rv_60"],
        "res_60": (r[:, -60:].sum(axis=1) - beta * m[-60:].sum()) / (sd * np.sqrt(60)),
        "corr_mkt_1d": (r[:, -60:] * mk[-60:]).sum(axis=1)
        / np.sqrt((r[:, -60:] ** 2).sum(axis=1) * (mk[-60:] ** 2).sum()),
        "disp_60": np.full(5, values["ret_60"].std()),
        "breadth_60": np.full(5, (values["ret_60"] > 0).mean()),
        "lead_btc_1m": (beta * m[-1] - r[:, -1]) / sd,
        "pair_z": np.array([_pair(c, each) for each in range(5)]),
    }
    assert set(wanted) | {"xr_1440"} == {feature.name for feature in CROSS_SECTION}
    for name, column in wanted.items():
        np.testing.assert_allclose(values[name], column, rtol=1e-8, err_msg=name)


def _pair(c: Floats, mine: int) -> float:
    before = np.diff(c[:, -721:-168], axis=1)
    both = before @ before.T
    correlation = both / np.sqrt(np.outer(np.diag(both), np.diag(both))) - 2.0 * np.eye(5)
    other = int(correlation[mine].argmax())
    if correlation[mine, other] < 0.3:
        return NAN
    gap = c[mine, -168:] - both[mine, other] / both[other, other] * c[other, -168:]
    return float((gap[-1] - gap.mean()) / gap.std())


def test_ranks_are_centred_share_ties_and_leave_out_the_absent() -> None:
    np.testing.assert_allclose(centred_rank(np.array([3.0, 1.0, NAN, 2.0])), [0.5, -0.5, NAN, 0.0])
    np.testing.assert_allclose(centred_rank(np.array([1.0, 1.0, 5.0])), [-0.25, -0.25, 0.5])


def test_alone_there_is_no_cross_section() -> None:
    alone = np.array([NAN, 2.0, NAN])
    for kernel in (centred_rank, dispersion, breadth):
        assert np.isnan(kernel(alone)).all()
    assert np.isnan(pair_gap(np.cumsum(np.random.default_rng(1).normal(size=(1, 721)), axis=1))).all()


def test_a_pair_that_was_tied_and_came_apart_is_seen_and_strangers_are_no_pair() -> None:
    rng = np.random.default_rng(2)
    common = np.cumsum(rng.normal(size=721))
    c = np.stack([common, 2.0 * common, np.cumsum(rng.normal(size=721))]) + 0.05 * rng.normal(size=(3, 721))
    c[0, -1] += 1.0
    said = pair_gap(0.001 * c)
    assert said[0] > 5.0
    assert said[1] < -5.0
    assert np.isnan(said[2])
