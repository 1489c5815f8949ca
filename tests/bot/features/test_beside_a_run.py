"""A store beside a run changes nothing of it, whatever the store does (I23, S17)."""

import asyncio
import dataclasses
from functools import cache

import numpy as np
import pytest

from adapters.feature_memory import MemoryFeatureStore
from bot.features.storing import set_here
from contracts.decision import Selection
from contracts.life import GatewayFailed
from contracts.ports import StoreUnavailable
from contracts.stored_features import stored
from runtime.clock import LoopClock
from tests.kit.worlds import TestWorld, a_profile, simulate

SECONDS = 8.0


class Store(MemoryFeatureStore):
    """Behaves as told; remembers what was written to it."""

    def __init__(self, fault: str = "") -> None:
        super().__init__(LoopClock(0), ttl_s=1e9)
        self.fault = fault
        self.rows = []

    async def write(self, rows):
        self.rows.append(rows)
        if self.fault == "down":
            raise StoreUnavailable("down")
        if self.fault == "hung":
            await asyncio.sleep(1e6)
        if self.fault == "slow":
            await asyncio.sleep(1.0)
        if self.fault == "broken":
            raise RuntimeError("a defect of the store")
        await super().write(rows)
        if self.fault == "forging":
            forged = stored(
                rows.of, rows.symbols, np.full((rows.of.count, len(rows.symbols)), 9.0), seq=9**9, at_ns=9**18
            )
            await super().write(forged)
        if self.fault == "flushing":
            self.values.clear()


class StoreWorld(TestWorld):
    def __init__(self, store: Store) -> None:
        super().__init__(a_profile(store__kind="memory", store__writer__check_s=3.0))
        self.store = store

    def outside(self):
        return dataclasses.replace(super().outside(), store=self.store)


@cache
def without_a_store():
    return simulate(a_profile(), seconds=SECONDS)


def test_features_of_the_run_are_in_the_store():
    store = Store()
    run = simulate(world=StoreWorld(store), seconds=SECONDS)
    of = set_here(60.0, 30)
    assert {rows.of for rows in store.rows} == {of}
    assert len(store.rows) >= SECONDS - 1
    last = store.rows[-1]
    assert last.symbols == run.system.report.universe.symbols
    assert type(run.at(int(last.seq[0])).payload).__name__ == "FeatureFrame"
    assert np.isfinite(last.values).mean() > 0.5


@pytest.mark.parametrize("fault", ["", "down", "hung", "forging", "flushing"])
def test_not_a_byte_of_the_record_depends_on_the_store(fault):
    run = simulate(world=StoreWorld(Store(fault)), seconds=SECONDS)
    assert run.records == without_a_store().records


def test_a_store_that_is_broken_costs_its_gateway_and_no_decision():
    run = simulate(world=StoreWorld(Store("broken")), seconds=SECONDS)
    failed = {each.payload.gateway for each in run.of(GatewayFailed)}
    assert failed == {"feature_store"}
    wanted = [each.payload for each in without_a_store().of(Selection)]
    assert [each.payload.picks for each in run.of(Selection)] == [each.picks for each in wanted]
