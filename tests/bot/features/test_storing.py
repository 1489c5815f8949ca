"""Which store a profile asks for: memory where nothing is said, a server only where time is real."""

import pytest

from adapters.feature_memory import MemoryFeatureStore
from adapters.redis.settings import RedisSettings
from adapters.redis.store import RedisFeatureStore
from bot.features.storing import StoreSettings, set_here, store_of
from runtime.clock import FixedClock


def test_memory_is_what_is_meant_else():
    assert isinstance(store_of(StoreSettings(), "canary", FixedClock()), MemoryFeatureStore)


def test_redis_is_asked_for_by_name_and_only_in_real_time():
    settings = StoreSettings(kind="redis")
    assert isinstance(store_of(settings, "canary", FixedClock()), RedisFeatureStore)
    assert isinstance(store_of(settings, "canary", FixedClock(), virtual=True), MemoryFeatureStore)


def test_a_live_profile_speaks_to_redis_by_tls_or_a_socket():
    plain = StoreSettings(kind="redis")
    plain.refuse_plaintext("simulated")
    with pytest.raises(ValueError, match=r"expected tls = true or a unix_socket"):
        plain.refuse_plaintext("live")
    for redis in (RedisSettings(tls=True), RedisSettings(unix_socket="/run/redis.sock")):
        StoreSettings(kind="redis", redis=redis).refuse_plaintext("live")
    StoreSettings().refuse_plaintext("live")


@pytest.mark.parametrize("ttl_s", [0.0, float("inf"), 1e9])
def test_a_time_to_live_has_bounds(ttl_s):
    with pytest.raises(ValueError, match="ttl_s was"):
        StoreSettings(ttl_s=ttl_s)


def test_other_bars_are_another_set():
    assert set_here(60.0, 30) != set_here(300.0, 30) != set_here(300.0, 12)
    assert set_here(60.0, 30) == set_here(60, 30)
