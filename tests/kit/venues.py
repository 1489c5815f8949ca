"""What every order venue must do: the contract suite of `contracts.ports.OrderVenue`.

A subclass of `VenueContract` gives a fixture `world`; the tests leave orders and positions behind and compare only what
they changed themselves, so one world may serve several of them.
"""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from itertools import count
from typing import Any

from adapters.simulated.market import Market
from adapters.simulated.settings import BrokerSettings, MarketSettings
from contracts.ports import Clock, OrderVenue
from contracts.quantities import SECOND_NS, Side, sign
from contracts.trade import (
    CancelOrder,
    CancelRejected,
    Fill,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderQuery,
    OrderRejected,
    OrderReport,
)

START_NS = 20_000 * 86_400 * SECOND_NS + 10 * 3_600 * SECOND_NS
"""2024-10-04, 10:00 UTC."""

MARKET = Market(MarketSettings(seed=7, symbols=("BTC-EUR", "ETH-EUR", "XRP-EUR")))
"""A pure function of time, so all tests share it."""

QUICK: dict[str, Any] = {
    "latency_ms_min": 1.0,
    "latency_ms_max": 10.0,
    "stream_ms_max": 10.0,
    "read_lag_ms_max": 5.0,
    "split_ms_max": 20.0,
    "recv_window_s": 1.5,
}
"""Manners of a venue for tests in real time; the window is long enough for a machine that is busy elsewhere."""


def broker_settings(**changed: Any) -> BrokerSettings:
    """An account of EUR 500."""
    facts: dict[str, Any] = {"seed": 1, "balances": {"EUR": Decimal(500)}}
    return BrokerSettings(**(facts | changed))


def a_venue_order(
    clock: Clock, client_id: str, symbol: str = "ETH-EUR", side: Side = "buy", *, rests: bool = False, **changed: Any
) -> Order:
    """An order for about EUR 15 that can be filled at once, or one that rests 3 % away."""
    column = MARKET.universe.positions[symbol]
    instrument = MARKET.universe.instruments[column]
    ladder = MARKET.ladder(column, MARKET.step_at(column, clock.now()))
    away = (-0.03 if rests else 0.01) * sign(side)
    ticks = int(int(ladder.ask_ticks[0] if side == "buy" else ladder.bid_ticks[0]) * (1 + away))
    limit = instrument.price(ticks)
    facts: dict[str, Any] = {
        "decision": 1,
        "leg": 0,
        "attempt": 0,
        "quantity": instrument.quantity(instrument.lots_within(15 / float(limit))),
        "limit": limit,
        "reduce_only": False,
        "expires_ns": clock.now() + 5 * SECOND_NS,
        "intent_seq": 1,
    }
    return Order(client_id=client_id, symbol=symbol, side=side, **(facts | changed))


class VenueWorld:
    """A venue, its clock, and ids that were never used before."""

    def __init__(self, venue: OrderVenue, clock: Clock, wait_s: float, window_s: float | None = None) -> None:
        self.venue = venue
        self.clock = clock
        self.wait_s = wait_s
        self.window_s = 8 * wait_s if window_s is None else window_s
        self._ids = count(1)

    def order(self, symbol: str = "ETH-EUR", side: Side = "buy", **changed: Any) -> Order:
        """An order with an id of its own."""
        return a_venue_order(self.clock, f"k{id(self)}-{next(self._ids):06d}-00-0", symbol, side, **changed)

    async def wait(self, seconds: float | None = None) -> None:
        """Let everything under way arrive."""
        await self.clock.sleep_until(self.clock.now() + round((seconds or self.wait_s) * SECOND_NS))

    async def settled(self, order: Order, state: str) -> OrderReport:
        """The report once the order is in that state, or the last one after fifty looks."""
        for _ in range(50):
            await self.wait()
            report = await self.venue.query(OrderQuery(order.client_id, order.symbol, 1))
            if report.state == state:
                break
        return report

    async def filled(self, side: Side = "buy") -> Order:
        """An order that was sent and filled to its end."""
        order = self.order(side=side)
        assert isinstance(await self.venue.submit(order), OrderAccepted)
        assert (await self.settled(order, "filled")).state == "filled"
        return order


async def collect(events: AsyncIterator[Any], done: Callable[[list[Any]], bool]) -> list[Any]:
    """Events of a stream until they suffice."""
    collected: list[Any] = []
    while not done(collected):
        collected.append(await anext(events))
    return collected


def filled_quantity(events: list[Any], order: Order) -> Decimal:
    """What the distinct fills of an order add up to."""
    fills = {
        event.trade_id: event for event in events if isinstance(event, Fill) and event.client_id == order.client_id
    }
    return sum((fill.quantity for fill in fills.values()), Decimal(0))


class VenueContract:
    """The laws; collected through subclasses only."""

    async def test_a_marketable_order_fills_on_the_stream_and_in_the_drop_copy_alike(self, world: VenueWorld):
        order = world.order()
        _, cursor = await world.venue.fills_since(0)
        async with world.venue.stream() as events:
            assert isinstance(await world.venue.submit(order), OrderAccepted)
            told = await collect(events, lambda seen: filled_quantity(seen, order) == order.quantity)
        copied, _ = await world.venue.fills_since(cursor)
        assert sorted(fill.trade_id for fill in told) == sorted(fill.trade_id for fill in copied)
        assert all(fill.price <= order.limit and fill.fee > 0 and fill.fee_asset == "EUR" for fill in copied)
        report = await world.settled(order, "filled")
        assert (report.state, report.filled) == ("filled", order.quantity)

    async def test_positions_and_cash_are_the_sum_of_the_fills(self, world: VenueWorld):
        before = await world.venue.snapshot()
        _, cursor = await world.venue.fills_since(0)
        sides: tuple[Side, ...] = ("buy", "sell", "buy")
        for side in sides:
            await world.filled(side)
        fills, _ = await world.venue.fills_since(cursor)
        after = await world.venue.snapshot()
        moved = sum((fill.quantity * sign(fill.side) for fill in fills), Decimal(0))
        paid = sum((fill.quantity * fill.price * sign(fill.side) + fill.fee for fill in fills), Decimal(0))
        none = Decimal(0)
        assert after.positions.get("ETH-EUR", none) - before.positions.get("ETH-EUR", none) == moved
        assert after.balances["EUR"] - before.balances["EUR"] == -paid
        assert len(fills) >= 3

    async def test_an_order_off_the_grid_is_rejected_and_never_fills(self, world: VenueWorld):
        order = world.order(quantity=Decimal("0.00001"))
        answer = await world.venue.submit(order)
        assert isinstance(answer, OrderRejected)
        assert "off the grid of 0.0001" in answer.reason
        report = await world.settled(order, "rejected")
        assert (report.state, report.filled, report.authoritative) == ("rejected", Decimal(0), True)

    async def test_a_resting_order_is_open_until_it_is_cancelled(self, world: VenueWorld):
        order = world.order("XRP-EUR", rests=True)
        assert isinstance(await world.venue.submit(order), OrderAccepted)
        assert (await world.settled(order, "open")).state == "open"
        shown = {each.client_id: each for each in (await world.venue.snapshot()).open_orders}
        assert (shown[order.client_id].quantity, shown[order.client_id].filled) == (order.quantity, Decimal(0))
        answer = await world.venue.cancel(CancelOrder(order.client_id, order.symbol, 1, "test"))
        assert answer == OrderCancelled(order.client_id, Decimal(0))
        assert (await world.settled(order, "cancelled")).state == "cancelled"

    async def test_a_cancellation_of_what_is_not_open_is_rejected(self, world: VenueWorld):
        unknown = await world.venue.cancel(CancelOrder("k9-000001-00-0", "ETH-EUR", 1, "test"))
        assert isinstance(unknown, CancelRejected)
        order = await world.filled()
        assert isinstance(
            await world.venue.cancel(CancelOrder(order.client_id, order.symbol, 1, "test")), CancelRejected
        )

    async def test_cancel_all_leaves_nothing_open(self, world: VenueWorld):
        for symbol in ("XRP-EUR", "ETH-EUR"):
            await world.venue.submit(world.order(symbol, rests=True))
        assert len((await world.venue.snapshot()).open_orders) >= 2
        await world.venue.cancel_all()
        assert (await world.venue.snapshot()).open_orders == ()

    async def test_absence_is_proven_only_after_the_window_for_late_arrivals(self, world: VenueWorld):
        query = OrderQuery(world.order().client_id, "ETH-EUR", 1)
        first = await world.venue.query(query)
        assert (first.state, first.authoritative) == ("absent", False)
        await world.wait(world.window_s)
        proven = await world.venue.query(query)
        assert (proven.state, proven.authoritative) == ("absent", True)
        assert proven.asked_ns > first.asked_ns

    async def test_a_repeated_sending_makes_no_second_order(self, world: VenueWorld):
        order = world.order("XRP-EUR", rests=True)
        first = await world.venue.submit(order)
        assert await world.venue.submit(order) == first
        opened = [each for each in (await world.venue.snapshot()).open_orders if each.client_id == order.client_id]
        assert len(opened) == 1

    async def test_the_drop_copy_goes_on_from_its_cursor(self, world: VenueWorld):
        await world.filled()
        everything, cursor = await world.venue.fills_since(0)
        assert everything
        assert await world.venue.fills_since(cursor) == ((), cursor)
        await world.filled()
        later, end = await world.venue.fills_since(cursor)
        assert end == cursor + len(later)
        assert (await world.venue.fills_since(0))[0] == (*everything, *later)

    async def test_a_stream_tells_of_cancellations_too(self, world: VenueWorld):
        order = world.order("XRP-EUR", rests=True)
        await world.venue.submit(order)
        async with world.venue.stream() as events:
            await world.venue.cancel_all()
            told = await collect(events, lambda seen: any(each.client_id == order.client_id for each in seen))
        assert OrderCancelled(order.client_id, Decimal(0)) in told
