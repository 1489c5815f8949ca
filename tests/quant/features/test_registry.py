"""A feature's hash changes exactly when its numbers may."""

from __future__ import annotations

from dataclasses import replace

import pytest

from quant.features.bars import realised, scaled_return
from quant.features.engine import REGISTRY
from quant.features.registry import Feature, Registry, code_of


def changed(name: str, **changes: object) -> Registry:
    return Registry(replace(f, **changes) if f.name == name else f for f in REGISTRY)  # type: ignore[arg-type]


def different(other: Registry) -> set[str]:
    return {name for name in REGISTRY.names if other.hashes[name] != REGISTRY.hashes[name]}


def test_a_changed_version_changes_the_feature_and_all_that_depend_on_it() -> None:
    dependants = {"ewma_vol", "ret_1", "ret_5", "ret_15", "ret_60", "ret_240", "ema_gap"}
    assert different(changed("ewma_vol", version=2)) == dependants


def test_parameters_window_and_kernel_are_part_of_the_hash() -> None:
    assert different(changed("ema_gap", params=(("fast", 12), ("slow", 27)))) == {"ema_gap"}
    assert different(changed("rv_60", window=61)) == {"rv_60"}
    assert different(changed("park_60", kernel=realised)) == {"park_60"}
    assert different(changed("park_60", formula="said better")) == set()


def test_the_order_is_part_of_the_schema_hash() -> None:
    features = list(REGISTRY)
    features[-1], features[-2] = features[-2], features[-1]
    assert Registry(features).schema_hash != REGISTRY.schema_hash
    assert Registry(REGISTRY).schema_hash == REGISTRY.schema_hash


def test_the_code_of_a_kernel_reaches_helpers_and_constants() -> None:
    names = [line.split("=")[0] for line in code_of(REGISTRY["ewma_vol"].kernel)]
    assert "quant.volatility.ewma_sd" in names
    assert "quant.rolling.ewma_weights" in names
    bars = [line.split("=")[0] for line in code_of(REGISTRY["ou_kappa_240"].kernel)]
    assert "quant.features.bars._ar1" in bars
    assert "quant.features.bars.SLOPE_MIN" in bars


def test_a_feature_named_twice_or_before_its_dependency_is_refused() -> None:
    feature = Feature("a", "c", realised, 2, 2, "bar", ("c",), "R1")
    with pytest.raises(ValueError, match="feature a is declared twice"):
        Registry([feature, feature])
    with pytest.raises(ValueError, match="feature b comes before what it depends on: a"):
        Registry([Feature("b", "c", scaled_return, 2, 2, "bar", ("c",), "R1", deps=("a",)), feature])
    with pytest.raises(ValueError, match="rule 'R99'"):
        Feature("a", "c", realised, 2, 2, "bar", ("c",), "R99")
