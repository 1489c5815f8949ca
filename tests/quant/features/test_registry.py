"""A feature's hash changes exactly when its numbers may."""

from __future__ import annotations

from dataclasses import replace

import pytest

from quant.features.engine import REGISTRY
from quant.features.kernels import realised
from quant.features.registry import Feature, Registry, code_of
from quant.features.trend import line, scaled_return


def changed(name: str, **changes: object) -> Registry:
    return Registry(replace(f, **changes) if f.name == name else f for f in REGISTRY)  # type: ignore[arg-type]


def different(other: Registry) -> set[str]:
    return {name for name in REGISTRY.names if other.hashes[name] != REGISTRY.hashes[name]}


def test_a_changed_version_changes_the_feature_and_all_that_depend_on_it() -> None:
    returns = {"ret_1", "ret_5", "ret_15", "ret_60", "ret_240", "ret_1440"}
    scaled = {"ema_gap", "dist_hi_1440", "dist_lo_1440", "amihud_60", "res_60", "lead_btc_1m"}
    ranked = {"xr_60", "xr_1440", "disp_60", "breadth_60"}
    assert different(changed("ewma_vol", version=2)) == {"ewma_vol"} | returns | scaled | ranked


def test_parameters_window_and_kernel_are_part_of_the_hash() -> None:
    assert different(changed("ema_gap", params=(("fast", 12), ("slow", 27)))) == {"ema_gap"}
    assert different(changed("rv_60", window=61)) == {"rv_60", "term", "xr_vol"}
    assert different(changed("park_60", kernel=realised)) == {"park_60"}
    assert different(changed("park_60", formula="said better")) == set()


def test_the_order_is_part_of_the_schema_hash() -> None:
    features = list(REGISTRY)
    features[-1], features[-2] = features[-2], features[-1]
    assert Registry(features).schema_hash != REGISTRY.schema_hash
    assert Registry(REGISTRY).schema_hash == REGISTRY.schema_hash


def test_the_code_of_a_kernel_reaches_helpers_and_constants() -> None:
    names = [said.split("=")[0] for said in code_of(REGISTRY["rd_sent_ema6h"].kernel)]
    assert "quant.rolling.ewma" in names
    assert "quant.rolling.ewma_weights" in names
    assert "quant.rolling._ewma_of_present" in names
    assert "quant.features.reversion.SLOPE_MIN=0.0001" in code_of(REGISTRY["ou_kappa_240"].kernel)


def test_a_feature_changes_when_what_it_reduces_with_does() -> None:
    feature = REGISTRY["ou_noise_240"]
    assert feature.reduce is not None
    names = [said.split("=")[0] for said in code_of(feature.reduce)]
    assert {"quant.features.reversion.ar1", "quant.features.reversion.OU_PRESENT_MIN"} <= set(names)
    other = replace(feature, reduce=line)
    assert Registry([other]).hashes != Registry([feature]).hashes


def test_a_feature_named_twice_or_before_its_dependency_is_refused() -> None:
    feature = Feature("a", "c", realised, 2, 2, "bar", ("c",), "R1")
    with pytest.raises(ValueError, match="feature a is declared twice"):
        Registry([feature, feature])
    with pytest.raises(ValueError, match="feature b comes before what it depends on: a"):
        Registry([Feature("b", "c", scaled_return, 2, 2, "bar", ("c",), "R1", deps=("a",)), feature])
    with pytest.raises(ValueError, match="grid 'week', expected one of clock, bar"):
        Feature("a", "c", realised, 2, 2, "week", ("c",), "R1")
    with pytest.raises(ValueError, match="rule 'R99'"):
        Feature("a", "c", realised, 2, 2, "bar", ("c",), "R99")


def test_the_registry_has_the_121_features_of_the_nine_groups_and_five_more_that_agents_need() -> None:
    more = {"ewma_vol", "s_ref", "ou_gap_240", "ou_noise_240", "depth_z"}
    assert more < set(REGISTRY.names)
    assert len(REGISTRY) == 121 + len(more)


def test_a_feature_over_days_shrinks_its_window_where_a_day_has_fewer_rows() -> None:
    month, beta = REGISTRY["ret_30d"], REGISTRY["beta_btc_7d"]
    assert [month.rows(bar_s) for bar_s in (60.0, 3600.0, 14_400.0, 86_400.0)] == [721, 721, 181, 31]
    assert [beta.rows(bar_s) for bar_s in (60.0, 86_400.0)] == [168, 60]
    assert [REGISTRY["corr_mkt_1d"].rows(bar_s) for bar_s in (1.0, 60.0, 300.0, 3600.0)] == [1440, 1440, 289, 60]
