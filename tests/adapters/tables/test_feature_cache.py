"""The cache gives back what was put, or nothing; damage is seen, said and never served."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.tables.feature_cache import MANIFEST, VALUES, FeatureCache, cache_key

FEATURES = {name: np.random.default_rng(seed).normal(size=(2, 3000)) for seed, name in enumerate(("a", "b", "c"))}
FEATURES["a"][0, :7] = np.nan
NOW_S = 2e9
BYTES = {name: values.tobytes() for name, values in FEATURES.items()}


def a_cache(path: Path) -> FeatureCache:
    cache = FeatureCache(path / "features")
    cache.put("key", "schema", FEATURES)
    return cache


def test_what_was_put_is_what_is_got_and_it_is_counted(tmp_path: Path) -> None:
    cache = a_cache(tmp_path)

    for _ in range(3):
        found = cache.get("key")
        assert found is not None
        assert list(found) == ["a", "b", "c"]
        for name, values in FEATURES.items():
            assert found[name].tobytes() == values.tobytes()
            assert not found[name].flags.writeable

    statistics = cache.statistics(NOW_S)
    assert (statistics.entries, statistics.hits, statistics.damaged, statistics.schemas) == (1, 3, 0, {"schema": 1})
    assert statistics.bytes > 3 * 2 * 3000 * 8


def test_what_was_never_put_is_not_there(tmp_path: Path) -> None:
    assert FeatureCache(tmp_path / "nothing").get("key") is None
    assert FeatureCache(tmp_path / "nothing").statistics(NOW_S).entries == 0
    assert FeatureCache(tmp_path / "nothing").clean() == (0, 0)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([VALUES, MANIFEST]), st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_any_flipped_bit_is_seen_and_the_entry_taken_away(tmp_path: Path, name: str, where: float, bit: int) -> None:
    cache = a_cache(tmp_path)
    path = cache.directory / "key" / name
    damaged = bytearray(path.read_bytes())
    damaged[int(where * len(damaged))] ^= 1 << bit
    path.write_bytes(damaged)

    found = cache.get("key")

    if found is None:
        assert not (cache.directory / "key").exists()
        cache.put("key", "schema", FEATURES)
        found = cache.get("key") or {}
    assert {given: values.tobytes() for given, values in found.items()} == BYTES
    cache.clean()


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_a_cut_file_is_never_served(tmp_path: Path, kept: float) -> None:
    cache = a_cache(tmp_path)
    path = cache.directory / "key" / VALUES
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])

    assert cache.get("key") is None
    assert cache.statistics(NOW_S).damaged == 1
    cache.put("key", "schema", FEATURES)
    assert cache.get("key") is not None


def test_an_entry_without_its_values_is_damaged_and_can_be_put_again(tmp_path: Path) -> None:
    cache = a_cache(tmp_path)
    (cache.directory / "key" / VALUES).unlink()

    assert cache.get("key") is None
    cache.put("key", "schema", FEATURES)
    assert cache.get("key") is not None


def test_values_that_changed_places_are_not_the_same_values(tmp_path: Path) -> None:
    cache = a_cache(tmp_path)
    path = cache.directory / "key" / VALUES
    values = np.fromfile(path)
    values[[5_005, 5_009]] = values[[5_009, 5_005]]
    values.tofile(path)

    assert cache.get("key") is None


def test_an_entry_under_another_name_is_not_that_entry(tmp_path: Path) -> None:
    cache = a_cache(tmp_path)
    (cache.directory / "key").rename(cache.directory / "other")

    assert cache.get("other") is None


def test_an_entry_that_is_there_stays_and_nothing_half_written_is_left(tmp_path: Path) -> None:
    cache = a_cache(tmp_path)
    cache.put("key", "another", {"z": np.zeros((1, 1))})

    assert list(cache.get("key") or ()) == ["a", "b", "c"]
    assert [path.name for path in cache.directory.iterdir()] == ["key"]


def test_cleaning_takes_other_features_old_entries_and_ruins(tmp_path: Path) -> None:
    cache = a_cache(tmp_path)
    cache.put("old", "before", FEATURES)
    cache.put("ruin", "schema", FEATURES)
    (cache.directory / "ruin" / MANIFEST).write_text("{")
    (cache.directory / ".writing-x").mkdir()

    gone, size = cache.clean("schema")
    assert (gone, size > 0) == (3, True)
    assert cache.get("key") is not None
    assert cache.clean("schema", days_max=1.0, now_s=time.time()) == (0, 0)
    assert cache.clean("schema", days_max=1.0, now_s=time.time() + 2 * 86_400.0)[0] == 1


def test_a_key_is_of_everything_the_features_depend_on() -> None:
    columns = {"close": np.arange(4.0), "at_ns": np.arange(4)}
    key = cache_key("schema", columns, bar_s=60.0, horizon_bars=30)
    others = [
        cache_key("another", columns, bar_s=60.0, horizon_bars=30),
        cache_key("schema", columns, bar_s=300.0, horizon_bars=30),
        cache_key("schema", columns, bar_s=60.0, horizon_bars=31),
        cache_key("schema", columns | {"close": np.arange(4.0) + 1e-12}, bar_s=60.0, horizon_bars=30),
        cache_key("schema", columns | {"close": np.arange(4.0).reshape(2, 2)}, bar_s=60.0, horizon_bars=30),
        cache_key("schema", {"open": np.arange(4.0), "at_ns": np.arange(4)}, bar_s=60.0, horizon_bars=30),
    ]

    assert key == cache_key("schema", dict(reversed(columns.items())), horizon_bars=30, bar_s=60.0)
    assert len({key, *others}) == 7


def test_a_disk_that_does_not_take_it_says_so_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "features").write_text("a file where the directory should be")
    with pytest.raises(OSError, match="features"):
        FeatureCache(tmp_path / "features").put("key", "schema", FEATURES)

    assert FeatureCache(tmp_path / "features").get("key") is None
