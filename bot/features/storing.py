"""Which feature store a profile asks for, and the store itself."""

from typing import Literal

import msgspec

from actors.gateways.feature_store import FeatureWriterSettings
from actors.settings import more_than_zero
from adapters.redis.settings import TTL_S_MAX, RedisSettings
from contracts.ports import Clock, FeatureStore
from contracts.quantities import Seconds
from contracts.stored_features import FeatureSet, feature_set
from quant.features.engine import REGISTRY


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where features are kept for others to read, and for how long.

    Raises:
        ValueError: a time to live that is not positive, or longer than a year.
    """

    kind: Literal["memory", "redis"] = "memory"
    ttl_s: Seconds = 3600.0
    writer: FeatureWriterSettings = FeatureWriterSettings()
    redis: RedisSettings = RedisSettings()

    def __post_init__(self) -> None:
        more_than_zero("the feature store", ttl_s=self.ttl_s)
        if self.ttl_s > TTL_S_MAX:
            raise ValueError(f"the feature store: ttl_s was {self.ttl_s:g}, expected at most {TTL_S_MAX:g}")

    def refuse_plaintext(self, world: str) -> None:
        """Raises ValueError where a profile that is not simulated would speak in the clear over a network (S16)."""
        redis = self.redis
        if self.kind == "redis" and world != "simulated" and not (redis.tls or redis.unix_socket):
            raise ValueError(f"store.redis.tls was false in a {world} profile, expected tls = true or a unix_socket")


def store_of(settings: StoreSettings, account: str, clock: Clock, *, virtual: bool = False) -> FeatureStore:
    """The store of an account, connected to nothing yet; raises RedisMissing, SecretUnreadable.

    Where time is virtual no server can keep up with it, and features stay in memory.
    """
    if settings.kind == "redis" and not virtual:
        from adapters.redis.store import RedisFeatureStore

        return RedisFeatureStore(settings.redis, account, settings.ttl_s)
    from adapters.feature_memory import MemoryFeatureStore

    return MemoryFeatureStore(clock, settings.ttl_s)


def check_store(settings: StoreSettings | None, *, virtual: bool) -> None:
    """Raises what stands in the way of a store before anything is begun: RedisMissing, SecretUnreadable."""
    if settings is not None and settings.kind == "redis" and not virtual:
        from adapters.redis.store import RedisFeatureStore

        RedisFeatureStore(settings.redis, "check", settings.ttl_s)


def set_here(bar_s: Seconds, horizon_bars: int) -> FeatureSet:
    """The set of the features that this code feels on such bars."""
    return feature_set(REGISTRY.schema_hash, len(REGISTRY), bar_s=bar_s, horizon_bars=horizon_bars)
