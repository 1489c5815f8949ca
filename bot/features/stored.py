"""The features of an instrument as somebody keeps them: a store, or the record of a run."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from adapters.redis.store import RedisFeatureStore
from bot.configuration import BadConfiguration
from bot.features.catalogue import NotThere
from bot.features.computed import Computed
from bot.features.storing import set_here
from bot.profile import Profile
from contracts.stored_features import FeatureSet, StoredFeatures
from quant.features.engine import REGISTRY

AnswerT = TypeVar("AnswerT")


class Felt(msgspec.Struct, frozen=True):
    """Features of one instrument by name, None where they are absent; `seq` is 0 where it is not known."""

    symbol: str
    at_ns: int
    seq: int
    where: str
    features: dict[str, float | None]


class Entry(msgspec.Struct, frozen=True):
    """One instrument in a store: when and by which message it was felt, and how many features are there."""

    symbol: str
    at_ns: int
    seq: int
    present: int


def in_store(profile: Profile, symbol: str) -> Felt:
    """What the profile's store has of an instrument.

    Raises NotThere where it has nothing that can be believed, BadConfiguration for a profile whose store nobody else
    can read, StoreUnavailable.
    """

    async def ask(store: RedisFeatureStore) -> tuple[StoredFeatures, dict[str, int]]:
        found = await store.read(_set(profile), (symbol,))
        return found, store.refused

    found, refused = _asked(profile, ask)
    if not found.present[0]:
        why = ", ".join(refused) or "missing"
        raise NotThere(f"the store of account {profile.account.name} has no features of {symbol!r} to believe: {why}")
    values = dict(zip(REGISTRY.names, (_finite(value) for value in found.values[0].tolist()), strict=True))
    where = f"redis, set {found.of.version[:12]}"
    return Felt(symbol, int(found.at_ns[0]), int(found.seq[0]), where, values)


def of_store(profile: Profile) -> tuple[Entry, ...]:
    """Every instrument that the profile's store has features of; raises as `in_store`."""

    async def ask(store: RedisFeatureStore) -> StoredFeatures:
        return await store.read(_set(profile), await store.symbols(_set(profile)))

    found = _asked(profile, ask)
    present = (found.values == found.values).sum(axis=1).tolist()
    rows = zip(found.symbols, found.at_ns.tolist(), found.seq.tolist(), present, strict=True)
    return tuple(Entry(*row) for row in rows if row[1])


def in_run(found: Computed, column: int, run: str) -> Felt:
    """What a run felt of an instrument at its last beat."""
    values = {name: _finite(float(table[column, -1])) for name, table in found.features.items()}
    return Felt(found.symbols[column], int(found.at_ns[-1]), 0, f"run {run}", values)


def _asked(profile: Profile, ask: Callable[[RedisFeatureStore], Awaitable[AnswerT]]) -> AnswerT:
    settings = profile.store
    if settings is None or settings.kind != "redis":
        kept = "nowhere" if settings is None else "in the daemon's own memory"
        raise BadConfiguration(
            f"profile {profile.name!r}",
            [f"its features are kept {kept}, where nobody else can read them; set store.kind to redis, or give --run"],
        )
    store = RedisFeatureStore(settings.redis, profile.account.name, settings.ttl_s)

    async def answer() -> AnswerT:
        try:
            await store.connect()
            return await ask(store)
        finally:
            await store.close()

    return asyncio.run(answer())


def _set(profile: Profile) -> FeatureSet:
    return set_here(profile.features.bar_s, profile.features.horizon_bars)


def _finite(value: float) -> float | None:
    return value if value - value == 0.0 else None
