import asyncio
from decimal import Decimal

import msgspec
import pytest

from adapters.simulated.instruments import MAKER_BPS
from adapters.simulated.market import Market
from adapters.simulated.prices import MarketPrices, QuoteBoard
from adapters.simulated.settings import MarketSettings
from adapters.simulated.venue import SimulatedVenue
from contracts.market import Tick
from contracts.ports import FeedLost
from contracts.trade import OrderAccepted, OrderCancelled, OrderQuery, OrderRejected
from runtime.clock import LoopClock
from tests.kit.venues import MARKET, START_NS, VenueContract, VenueWorld, a_venue_order, broker_settings, collect


def a_venue(clock, *, market=MARKET, **changed):
    return SimulatedVenue(broker_settings(**changed), market.universe, MarketPrices(market), clock)


class TestInProcess(VenueContract):
    @pytest.fixture
    def world(self):
        clock = LoopClock(START_NS)
        return VenueWorld(a_venue(clock), clock, wait_s=0.9)


async def test_latency_lies_within_its_bounds():
    clock = LoopClock(START_NS)
    venue = a_venue(clock)
    for number in range(20):
        before_ns = clock.now()
        await venue.submit(a_venue_order(clock, f"k1-{number:06d}-00-0", rests=True))
        assert 50e6 <= clock.now() - before_ns <= 500e6


async def test_an_order_whose_sender_gave_up_still_arrives():
    clock = LoopClock(START_NS)
    venue = a_venue(clock)
    order = a_venue_order(clock, "k1-000001-00-0")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await venue.submit(order)
    await asyncio.sleep(3)
    report = await venue.query(OrderQuery(order.client_id, order.symbol, 1))
    assert (report.state, report.filled) == ("filled", order.quantity)


async def test_a_fill_may_come_before_the_answer_and_after_a_cancellation():
    clock = LoopClock(START_NS)
    venue = a_venue(clock, split_rate=1.0)
    order_of_events = []
    for number in range(40):
        order = a_venue_order(clock, f"k1-{number:06d}-00-0", side="buy" if number % 2 else "sell")
        async with venue.stream() as events, asyncio.TaskGroup() as tasks:

            async def send(order=order, tasks=tasks):
                await venue.submit(order)
                order_of_events.append("answer")

            tasks.create_task(send())
            await collect(events, bool)
            order_of_events.append("fill")
    assert "fill answer" in " ".join(order_of_events)
    first = order_of_events[::2]
    assert {"fill", "answer"} == set(first)


async def test_reading_too_early_says_absent_without_proof():
    clock = LoopClock(START_NS)
    venue = a_venue(clock, read_lag_ms_max=10_000.0)
    order = a_venue_order(clock, "k1-000001-00-0")
    assert isinstance(await venue.submit(order), OrderAccepted)
    reports = [await venue.query(OrderQuery(order.client_id, order.symbol, 1)) for _ in range(30)]
    assert {(report.state, report.authoritative) for report in reports} == {("absent", False), ("filled", True)}


async def test_a_resting_order_fills_at_its_own_price_when_the_market_comes_to_it():
    market = Market(MarketSettings(seed=11, symbols=("DOGE-EUR",), volatility=3.0))
    clock = LoopClock(START_NS)
    venue = a_venue(clock, market=market)
    instrument = market.universe.instruments[0]
    best = int(market.ladder(0, market.step_at(0, START_NS)).bid_ticks[0])
    limit = instrument.price(round(best * 0.9995))
    order = a_venue_order(clock, "k1-000001-00-0", limit=limit, quantity=Decimal(1000))
    order = msgspec.structs.replace(order, symbol="DOGE-EUR")
    async with venue.stream() as events:
        assert isinstance(await venue.submit(order), OrderAccepted)
        (fill,) = await collect(events, bool)
    assert (fill.price, fill.fee) == (limit, limit * 1000 * Decimal(str(MAKER_BPS)) / 10_000)
    column_step = market.step_at(0, fill.event_ns)
    assert market.ladder(0, column_step).ask_ticks[0] <= instrument.ticks(limit)


async def test_quotes_from_a_recording_are_what_is_traded_against():
    clock = LoopClock(START_NS)
    venue = SimulatedVenue(broker_settings(split_rate=0.0), MARKET.universe, QuoteBoard(), clock)
    order = a_venue_order(clock, "k1-000001-00-0", quantity=Decimal("0.0100"), limit=Decimal("3000.00"))
    answer = await venue.submit(order)
    assert isinstance(answer, OrderRejected)
    venue.on_tick(Tick("ETH-EUR", 299_000, 299_500, 40, 60, START_NS, 1, 1))
    venue.on_tick(Tick("ETH-EUR", 299_900, 299_500, 40, 60, START_NS, 1, 2))
    async with venue.stream() as events:
        await venue.submit(a_venue_order(clock, "k1-000002-00-0", quantity=Decimal("0.0100"), limit=Decimal("3000.00")))
        (fill,) = await collect(events, bool)
        assert (fill.price, fill.quantity) == (Decimal("2995.00"), Decimal("0.0060"))
        venue.on_tick(Tick("ETH-EUR", 299_600, 300_100, 40, 60, START_NS, 1, 3))
        await asyncio.sleep(2)
        venue.on_tick(Tick("ETH-EUR", 299_600, 299_900, 40, 60, START_NS, 1, 4))
        (rest,) = await collect(events, bool)
        assert (rest.price, rest.quantity) == (Decimal("3000.00"), Decimal("0.0040"))


async def test_an_order_meets_the_quote_that_stood_when_it_arrived():
    clock = LoopClock(START_NS)
    settings = broker_settings(split_rate=0.0, latency_ms_min=400.0, latency_ms_max=400.0)
    venue = SimulatedVenue(settings, MARKET.universe, QuoteBoard(), clock)
    venue.on_tick(Tick("ETH-EUR", 299_000, 299_500, 400, 600, START_NS, 1, 1))
    order = a_venue_order(clock, "k1-000001-00-0", quantity=Decimal("0.0100"), limit=Decimal("3000.00"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(venue.submit(order))
        await asyncio.sleep(0.3)
        venue.on_tick(Tick("ETH-EUR", 298_000, 298_500, 400, 600, START_NS, 1, 2))
    (fill,), _ = await venue.fills_since(0)
    assert fill.price == Decimal("2995.00")


def test_a_venue_with_a_market_of_its_own_takes_no_quotes():
    with pytest.raises(TypeError, match="MarketPrices, which takes no quotes"):
        a_venue(LoopClock(START_NS)).on_tick(Tick("ETH-EUR", 1, 2, 1, 1, 0, 1, 1))


async def test_a_stream_nobody_reads_is_cut():
    clock = LoopClock(START_NS)
    venue = a_venue(clock)
    async with venue.stream() as events:
        listener = venue.broker._listeners[0]
        for number in range(10_001):
            listener.put(clock.now(), number, OrderCancelled("k1-000001-00-0", Decimal(0)))
        with pytest.raises(FeedLost, match="was not read"):
            await collect(events, lambda seen: False)
