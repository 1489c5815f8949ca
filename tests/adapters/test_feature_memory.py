"""Features in memory: the same contract as a server's, and never more than so many."""

import asyncio

import pytest

from adapters.feature_memory import MemoryFeatureStore
from runtime.clock import LoopClock
from tests.kit.feature_stores import OF, SYMBOLS, FeatureStoreContract, some_features


@pytest.fixture
def store() -> MemoryFeatureStore:
    return MemoryFeatureStore(LoopClock(0), ttl_s=60.0)


class TestTheContract(FeatureStoreContract):
    async def raw(self, store, of, symbol):
        return store.values[(of.version, symbol)][0]

    async def put_raw(self, store, of, symbol, value):
        store.values[(of.version, symbol)] = (value, store.values[(of.version, symbol)][1])

    async def pass_time(self, seconds):
        await asyncio.sleep(seconds)


async def test_the_oldest_go_where_there_are_too_many():
    store = MemoryFeatureStore(LoopClock(0), ttl_s=60.0, values_max=2)
    await store.write(some_features())
    assert await store.symbols(OF) == tuple(sorted(SYMBOLS[1:]))
    await store.write(some_features(SYMBOLS[1:2], seq=9))
    await store.write(some_features(SYMBOLS[:1], seq=10))
    assert (await store.read(OF, SYMBOLS)).seq.tolist() == [10, 9, 0]
    await store.close()
