"""Features of a table of prices: the same from the kernels and from the cache."""

from pathlib import Path

import numpy as np
import pytest

from adapters.tables.feature_cache import VALUES, FeatureCache
from adapters.tables.prices import PriceTable, read_prices
from bot.features.computed import cache_directory, computed
from quant.features.engine import REGISTRY, FeaturePipeline
from tests.kit.belief_chain import closes


@pytest.fixture
def table(tmp_path: Path) -> PriceTable:
    days = np.arange("2020-01-01", "2020-06-01", dtype="datetime64[D]")
    rows = [f"{day},{a:.4f},{b:.4f}" for day, (a, b) in zip(days, closes(width=2, bars=len(days)), strict=True)]
    path = tmp_path / "closes.csv"
    path.write_text("\n".join(["Date,AAA,BTC-EUR", *rows]))
    return read_prices(path)


def test_a_table_becomes_every_feature_at_every_time(table: PriceTable) -> None:
    found = computed(table, None)

    assert tuple(found.features) == REGISTRY.names
    assert found.features["ret_1"].shape == (2, len(table))
    assert np.isfinite(found.features["ret_5"][:, -1]).all()
    assert np.isnan(found.features["simb_60s"]).all()
    assert not found.cached


def test_they_are_those_that_a_stream_says(table: PriceTable) -> None:
    found = computed(table, None, horizon_bars=5)
    pipeline = FeaturePipeline(2, bar_s=86_400.0, horizon_bars=5, leader=1)
    for at_ns, close in zip(table.close_ns().tolist(), table.close, strict=True):
        pipeline.push("bar", at_ns, {"close": close})

    last = np.stack([values[:, -1] for values in found.features.values()])
    np.testing.assert_allclose(pipeline.values(), last, rtol=1e-9, atol=1e-12)


def test_the_second_time_comes_from_the_cache_and_is_the_same(table: PriceTable, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "cache")
    cold, warm = computed(table, cache), computed(table, cache)

    assert (cold.cached, warm.cached) == (False, True)
    assert {name: values.tobytes() for name, values in warm.features.items()} == {
        name: np.ascontiguousarray(values).tobytes() for name, values in cold.features.items()
    }
    assert not computed(table, cache, horizon_bars=31).cached


def test_a_damaged_entry_is_computed_anew(table: PriceTable, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "cache")
    cold = computed(table, cache)
    (path,) = cache.directory.glob(f"*/{VALUES}")
    path.write_bytes(path.read_bytes()[:-8] + bytes(8))

    again = computed(table, cache)

    assert (again.cached, cache.statistics(0.0).damaged) == (False, 1)
    np.testing.assert_array_equal(again.features["ret_5"], cold.features["ret_5"])
    assert computed(table, cache).cached


def test_a_single_row_has_no_length_of_bars(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("date,close\n2020-01-01,1\n")
    with pytest.raises(ValueError, match="expected two rows or --bar SECONDS"):
        computed(read_prices(tmp_path / "one.csv"), None)


def test_the_cache_is_where_it_was_said_or_in_that_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")

    assert cache_directory() == Path("/somewhere/keel/features")
    assert cache_directory(Path("here")) == Path("here")
