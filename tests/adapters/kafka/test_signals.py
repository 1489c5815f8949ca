"""Agents elsewhere where no broker is: the source says so, the writer drops; the rest needs a real one."""

import pytest

from adapters.kafka.signals import KafkaSignals, SignalWriter
from contracts.ports import SignalsLost
from contracts.remote import RemoteSignal
from tests.adapters.kafka.test_tailing import nowhere
from tests.kit.virtual_time import on_a_real_loop

ROW = RemoteSignal(agent="far", symbol="BTC-EUR", mu=0.0001, sigma=0.01, horizon_s=600.0)


@on_a_real_loop
async def test_without_a_broker_the_source_is_lost() -> None:
    with pytest.raises(SignalsLost, match=r"127\.0\.0\.1"):
        async with KafkaSignals(nowhere()).connect():
            pass


@on_a_real_loop
async def test_without_a_broker_a_belief_is_dropped_and_counted() -> None:
    writer = SignalWriter(nowhere())
    await writer.write([ROW, ROW])
    await writer.close()
    assert (writer.sent, writer.dropped) == (0, 2)
