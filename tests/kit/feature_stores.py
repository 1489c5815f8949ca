"""What any feature store must do, as tests that each implementation inherits, and features to keep in one."""

from abc import ABC, abstractmethod

import numpy as np

from contracts.ports import FeatureStore
from contracts.stored_features import FeatureSet, StoredFeatures, feature_set, stored

SYMBOLS = ("BTC-EUR", "ETH-EUR", "DOGE-EUR")
OF = feature_set("formulas", 5, bar_s=60.0, horizon_bars=30)
OTHER = feature_set("formulas", 5, bar_s=300.0, horizon_bars=30)


def some_features(
    symbols: tuple[str, ...] = SYMBOLS, *, of: FeatureSet = OF, seq: int = 7, at_ns: int = 1_000, seed: int = 3
) -> StoredFeatures:
    values = np.random.default_rng(seed).normal(size=(of.count, len(symbols)))
    values[0, 0] = np.nan
    return stored(of, symbols, values, seq=seq, at_ns=at_ns)


def same(one: StoredFeatures, other: StoredFeatures) -> bool:
    return (one.of, one.symbols, one.values.tobytes(), one.seq.tolist(), one.at_ns.tolist()) == (
        other.of, other.symbols, other.values.tobytes(), other.seq.tolist(), other.at_ns.tolist(),
    )  # fmt: skip


class FeatureStoreContract(ABC):
    """Inherit, and say what the store is and how the bytes under it are seen and changed."""

    @abstractmethod
    async def raw(self, store: FeatureStore, of: FeatureSet, symbol: str) -> bytes: ...

    @abstractmethod
    async def put_raw(self, store: FeatureStore, of: FeatureSet, symbol: str, value: bytes) -> None: ...

    @abstractmethod
    async def pass_time(self, seconds: float) -> None: ...

    async def test_what_is_written_is_read_in_the_order_asked_for(self, store):
        kept = some_features()
        await store.write(kept)
        assert same(await store.read(OF, SYMBOLS), kept)
        turned = await store.read(OF, SYMBOLS[::-1])
        assert np.array_equal(turned.values, kept.values[::-1], equal_nan=True)
        assert store.refused == {}

    async def test_a_newer_value_takes_the_place_of_an_older_one(self, store):
        await store.write(some_features(seq=1, seed=1))
        newer = some_features(SYMBOLS[:2], seq=2, seed=2)
        await store.write(newer)
        found = await store.read(OF, SYMBOLS)
        assert found.seq.tolist() == [2, 2, 1]
        assert np.array_equal(found.values[:2], newer.values, equal_nan=True)

    async def test_what_was_never_written_is_absent(self, store):
        found = await store.read(OF, SYMBOLS)
        assert not found.present.any() and np.isnan(found.values).all()
        assert store.refused == {"missing": 3}

    async def test_nothing_is_asked_and_nothing_written_for_no_instrument(self, store):
        await store.write(stored(OF, (), np.empty((OF.count, 0)), seq=1, at_ns=1))
        found = await store.read(OF, ())
        assert found.values.shape == (0, OF.count) and await store.symbols(OF) == ()

    async def test_sets_do_not_see_each_other(self, store):
        await store.write(some_features())
        assert not (await store.read(OTHER, SYMBOLS)).present.any()
        await store.write(some_features(SYMBOLS[:1], of=OTHER))
        assert await store.symbols(OTHER) == SYMBOLS[:1]
        assert await store.symbols(OF) == tuple(sorted(SYMBOLS))

    async def test_a_value_under_the_key_of_another_is_absent(self, store):
        """F91, planted bug 37: wrong key's value, old version."""
        await store.write(some_features())
        await store.write(some_features(of=OTHER))
        await self.put_raw(store, OF, SYMBOLS[0], await self.raw(store, OF, SYMBOLS[1]))
        await self.put_raw(store, OF, SYMBOLS[1], await self.raw(store, OTHER, SYMBOLS[1]))
        found = await store.read(OF, SYMBOLS)
        assert found.present.tolist() == [False, False, True]
        assert store.refused == {"other instrument": 1, "other set": 1}

    async def test_a_cut_altered_or_foreign_value_is_absent(self, store):
        await store.write(some_features())
        whole = [await self.raw(store, OF, symbol) for symbol in SYMBOLS]
        await self.put_raw(store, OF, SYMBOLS[0], whole[0][:-1])
        await self.put_raw(store, OF, SYMBOLS[1], whole[1][:60] + bytes([whole[1][60] ^ 1]) + whole[1][61:])
        await self.put_raw(store, OF, SYMBOLS[2], b"{}")
        assert not (await store.read(OF, SYMBOLS)).present.any()
        assert store.refused == {"damaged": 3}

    async def test_what_is_older_than_asked_for_is_absent(self, store):
        await store.write(some_features(at_ns=50))
        assert (await store.read(OF, SYMBOLS, since_ns=50)).present.all()
        assert not (await store.read(OF, SYMBOLS, since_ns=51)).present.any()
        assert store.refused == {"old": 3}

    async def test_values_go_after_their_time(self, store):
        await store.write(some_features())
        await self.pass_time(60.0)
        assert not (await store.read(OF, SYMBOLS)).present.any()
        assert await store.symbols(OF) == ()

    async def test_cleaning_takes_other_sets_or_all(self, store):
        await store.write(some_features())
        await store.write(some_features(of=OTHER))
        assert await store.clean(OF) == 3
        assert (await store.read(OF, SYMBOLS)).present.all()
        assert not (await store.read(OTHER, SYMBOLS)).present.any()
        assert (await store.clean(), await store.clean()) == (3, 0)
        assert not (await store.read(OF, SYMBOLS)).present.any()

    async def test_many_values_go_and_come_in_one_piece(self, store):
        symbols = tuple(f"S{number}-EUR" for number in range(500))
        kept = some_features(symbols)
        await store.write(kept)
        assert same(await store.read(OF, symbols), kept)
        assert await store.symbols(OF) == tuple(sorted(symbols))
