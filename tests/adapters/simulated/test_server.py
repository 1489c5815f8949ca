"""The socket's server with a venue in this process, over real sockets in real time."""

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from adapters.simulated.ledger import Filled, LedgerFile, Opened, Placed, Settled
from adapters.simulated.prices import MarketPrices
from adapters.simulated.protocol import FILLS_PER_LINE, LINE_MAX
from adapters.simulated.records import payment_of
from adapters.simulated.remote import RemoteVenue
from adapters.simulated.server import CONNECTIONS_MAX, VenueServer
from adapters.simulated.venue import SimulatedVenue
from contracts.ports import FeedLost, VenueSilent
from contracts.trade import OrderAccepted
from runtime.clock import WallClock
from tests.kit.venues import MARKET, QUICK, a_venue_order, broker_settings, filled_quantity
from tests.kit.virtual_time import on_a_real_loop

pytestmark = on_a_real_loop


@asynccontextmanager
async def served(path, ledger=None):
    clock = WallClock()
    venue = SimulatedVenue(broker_settings(**QUICK), MARKET.universe, MarketPrices(MARKET), clock, ledger)
    server = VenueServer(venue)
    listening = await asyncio.start_unix_server(server.serve, path, limit=LINE_MAX)
    try:
        yield server, RemoteVenue(path, clock, 10.0)
    finally:
        listening.close()
        server.close()
        await asyncio.sleep(0.01)


def a_ledger_with_fills(path, count):
    ledger = LedgerFile(path)
    ledger.append(Opened(at_ns=0, balances={"EUR": Decimal(500)}))
    for number in range(count):
        placed = Placed(
            at_ns=1,
            venue_id=f"V{number}",
            client_id=f"k1-{number:06d}-00-0",
            symbol="ETH-EUR",
            side="buy" if number % 2 else "sell",
            quantity=Decimal("0.0100"),
            limit=Decimal(3000),
            reduce_only=False,
        )
        ledger.append(placed)
        ledger.append(
            Filled(
                at_ns=1,
                venue_id=placed.venue_id,
                client_id=placed.client_id,
                symbol=placed.symbol,
                trade_id=f"T{number}",
                side=placed.side,
                quantity=placed.quantity,
                price=placed.limit,
                fee=Decimal(0),
                fee_asset="EUR",
            )
        )
    ledger.close()


async def test_a_long_drop_copy_comes_in_pages_and_whole(tmp_path):
    count = 2 * FILLS_PER_LINE + 7
    a_ledger_with_fills(tmp_path / "ledger", count)
    ledger = LedgerFile(tmp_path / "ledger")
    async with served(tmp_path / "s", ledger) as (_, venue):
        fills, cursor = await venue.fills_since(0)
        assert [fill.trade_id for fill in fills] == [f"T{number}" for number in range(count)]
        assert cursor == count
        assert (await venue.fills_since(count - 3))[0] == fills[-3:]
    ledger.close()


async def test_funding_comes_in_the_drop_copy_of_another_process_too(tmp_path):
    ledger = LedgerFile(tmp_path / "ledger")
    fact = Settled(
        at_ns=2, symbol="ETH-EUR", payment_id="p", asset="EUR", amount=Decimal("0.10"), rate=1e-4, settled_ns=1
    )
    ledger.append(Opened(at_ns=1, balances={"EUR": Decimal(500)}))
    ledger.append(fact)
    ledger.close()
    ledger = LedgerFile(tmp_path / "ledger")
    async with served(tmp_path / "s", ledger) as (_, venue):
        assert await venue.fills_since(0) == ((payment_of(fact),), 1)
        assert (await venue.snapshot()).balances == {"EUR": Decimal("499.90")}
    ledger.close()


async def test_connections_are_limited_and_reaped_when_nobody_reads_them(tmp_path):
    async with served(tmp_path / "s") as (server, venue):
        open_streams = [venue.stream() for _ in range(CONNECTIONS_MAX)]
        for stream in open_streams:
            await stream.__aenter__()
        with pytest.raises(VenueSilent):
            await venue.snapshot()
        with pytest.raises(FeedLost):
            async with venue.stream():
                pass
        for stream in open_streams:
            await stream.__aexit__(None, None, None)
        await asyncio.sleep(0.02)
        server.reap()
        await asyncio.sleep(0.02)
        assert list((await venue.snapshot()).balances) == ["EUR"]


@pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])
async def test_the_live_loop_serves_and_asks_as_the_stock_one_does(tmp_path):
    async with served(tmp_path / "s") as (_, venue):
        order = a_venue_order(WallClock(), "k1-000001-00-0")
        async with venue.stream() as events:
            assert isinstance(await venue.submit(order), OrderAccepted)
            assert filled_quantity([await anext(events)], order) > 0
    with pytest.raises(VenueSilent):
        await venue.snapshot()


async def test_what_cannot_be_read_ends_the_connection_and_nothing_else(tmp_path):
    async with served(tmp_path / "s") as (_, venue):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(b"junk\n")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        assert list((await venue.snapshot()).balances) == ["EUR"]
