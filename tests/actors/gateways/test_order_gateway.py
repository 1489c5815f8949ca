"""The order gateway: nothing leaves before it is on the disk, and silence proves nothing."""

import asyncio
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from itertools import pairwise

import pytest

from actors.gateways.order_gateway import OrderGateway, OrderGatewaySettings
from contracts.envelope import Envelope
from contracts.market import FeedStatus
from contracts.ports import FeedLost, JournalFailed, VenueSilent
from contracts.trade import (
    CancelOrder,
    CancelRejected,
    Fill,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderNotSent,
    OrderQuery,
    OrderUnknown,
    VenueSnapshot,
    VenueStatus,
)
from runtime.clock import LoopClock
from tests.kit.market import NOON_NS, at
from tests.kit.orders import a_fill, a_gate_state, a_report, a_snapshot, an_order

ID = "k1-000001-00-0"


def settings(**changed):
    return OrderGatewaySettings(**({"dry_run": False} | changed))


class Disk:
    """A journal that is durable when the test says so."""

    def __init__(self, *, works=True):
        self.reached = asyncio.Event()
        self.fails = False
        self.asked = []
        if works:
            self.reached.set()

    async def durable(self, seq):
        self.asked.append(seq)
        await self.reached.wait()
        if self.fails:
            raise JournalFailed("no space left on device")


class Venue:
    """A venue that notes what reached it and answers what it was told to."""

    name = "fake"

    def __init__(self, clock):
        self.clock = clock
        self.got = []
        self.silent = False
        self.answer_s = 0.1
        self.fills = []
        self.fills_during_snapshot = []
        self.events = asyncio.Queue()
        self.streams = 0

    async def _reach(self, what):
        self.got.append((self.clock.now(), what))
        await self.clock.sleep_until(self.clock.now() + round(self.answer_s * 1e9))
        if self.silent:
            raise VenueSilent("connection reset")

    async def submit(self, order):
        await self._reach(order)
        return OrderAccepted(order.client_id, "v1")

    async def cancel(self, cancel):
        await self._reach(cancel)
        return OrderCancelled(cancel.client_id, Decimal(0))

    async def query(self, query):
        await self._reach(query)
        return a_report("open")

    async def snapshot(self):
        await self._reach("snapshot")
        asked_ns = self.clock.now()
        if self.fills_during_snapshot:
            self.fills.append(self.fills_during_snapshot.pop())
        return a_snapshot(asked_ns=asked_ns)

    async def fills_since(self, cursor):
        await self._reach("fills")
        return tuple(self.fills[cursor:]), len(self.fills)

    @asynccontextmanager
    async def stream(self):
        self.streams += 1
        yield self._events()

    async def _events(self):
        while True:
            event = await self.events.get()
            if isinstance(event, Exception):
                raise event
            yield event

    def sent(self, kind):
        return [what for _, what in self.got if type(what) is kind]


class Inbox:
    """What the test tells; None is the end."""

    def __init__(self):
        self.messages = asyncio.Queue()

    def unread(self):
        while not self.messages.empty():
            yield self.messages.get_nowait()

    def put_nowait(self, envelope):
        self.messages.put_nowait(envelope)

    def __aiter__(self):
        return self

    async def __anext__(self):
        envelope = await self.messages.get()
        if envelope is None:
            raise StopAsyncIteration
        return envelope


class World:
    """A gateway, what it was told and what it admitted; `after(s)` lets virtual time pass."""

    def __init__(self, *, works=True, state="TRADING", **changed):
        self.clock = LoopClock(NOON_NS)
        self.venue = Venue(self.clock)
        self.disk = Disk(works=works)
        self.admitted = []
        self.inbox = Inbox()
        self.seq = 0
        self.seq_of = {}
        self.late = False
        self.gateway = OrderGateway(self.venue, self.disk, self.clock, settings(**changed), lagging=lambda: self.late)
        self.tell(a_gate_state(state))
        self.task = asyncio.get_running_loop().create_task(self.gateway.run(self.inbox, self.admit))

    def admit(self, payload):
        self.seq += 1
        self.admitted.append(payload)
        return Envelope(self.seq, self.seq, 0, self.clock.now(), "venue", payload)

    def tell(self, *messages):
        for message in messages:
            self.seq += 1
            self.seq_of[getattr(message, "client_id", "")] = self.seq
            self.inbox.put_nowait(Envelope(self.seq, 1, 0, NOON_NS, "desk", message))

    async def after(self, seconds):
        await asyncio.sleep(seconds)
        return self

    def all(self, kind):
        return [each for each in self.admitted if type(each) is kind]

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        with suppress(asyncio.CancelledError, JournalFailed, RuntimeError):
            await self.task


async def test_an_order_is_sent_and_its_answer_admitted():
    async with World() as world:
        world.tell(an_order())
        await world.after(1)
        assert world.venue.sent(Order) == [an_order()]
        assert world.all(OrderAccepted) == [OrderAccepted(ID, "v1")]


async def test_i1_no_order_leaves_before_its_record_is_durable():
    async with World(works=False) as world:
        world.tell(an_order())
        await world.after(1)
        assert world.venue.sent(Order) == []
        world.disk.reached.set()
        await world.after(1)
        assert world.venue.sent(Order) == [an_order()]


async def test_bug_20_what_is_waited_for_is_the_record_of_that_order():
    async with World() as world:
        world.tell(a_gate_state("TRADING"), an_order())
        await world.after(1)
        assert world.disk.asked == [world.seq_of[ID]]


async def test_i21_when_the_journal_fails_nothing_is_sent_and_the_gateway_ends():
    async with World(works=False) as world:
        world.tell(an_order(), an_order(client_id="k1-000001-01-0", symbol="ETH-EUR"))
        await world.after(1)
        world.disk.fails = True
        world.disk.reached.set()
        with pytest.raises(JournalFailed, match="no space left"):
            await world.task
        assert world.venue.sent(Order) == []
        assert world.all(OrderNotSent)[0] == OrderNotSent(ID, "its record could not be kept: no space left on device")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (a_gate_state("HALTED"), "the account is HALTED"),
        (a_gate_state("REDUCING"), "the account is REDUCING"),
        (a_gate_state("RECONCILING"), "the account is RECONCILING"),
        (FeedStatus("test", "gap", 1, ("BTC-EUR",), ""), "feed of BTC-EUR is gap"),
        (FeedStatus("test", "down", 1, (), ""), "feed of BTC-EUR is down"),
        (CancelOrder(ID, "BTC-EUR", 1, "by hand"), "cancelled before it was sent: by hand"),
    ],
)
async def test_i11_what_changed_while_it_waited_for_the_disk_stops_an_order(message, reason):
    async with World(works=False) as world:
        world.tell(an_order())
        await world.after(0.5)
        world.tell(message)
        await world.after(0.5)
        world.disk.reached.set()
        await world.after(0.5)
        assert world.all(OrderNotSent) == [OrderNotSent(ID, reason)]
        assert world.venue.sent(Order) == []
        assert world.venue.sent(CancelOrder) == []


async def test_an_order_is_never_sent_at_or_after_its_expiry():
    async with World(works=False) as world:
        world.tell(an_order(expires_ns=at(1)))
        await world.after(1)
        world.disk.reached.set()
        await world.after(1)
        assert world.all(OrderNotSent) == [OrderNotSent(ID, "expired 0.000 s ago")]


async def test_a_reducing_order_leaves_while_the_account_is_reducing():
    async with World(state="REDUCING") as world:
        world.tell(an_order(reduce_only=True))
        await world.after(1)
        assert len(world.venue.sent(Order)) == 1


async def test_a_gateway_that_has_heard_no_state_sends_nothing():
    async with World(state="RECOVERING") as world:
        world.tell(an_order())
        await world.after(1)
        assert world.all(OrderNotSent) == [OrderNotSent(ID, "the account is RECOVERING")]


async def test_a_dry_run_does_everything_but_send():
    async with World(dry_run=True) as world:
        world.tell(an_order(), CancelOrder("manual", "BTC-EUR", 1, "halted"))
        await world.after(1)
        assert world.venue.sent(Order) == world.venue.sent(CancelOrder) == []
        assert world.all(OrderNotSent) == [OrderNotSent(ID, "dry run")]
        assert world.all(CancelRejected) == [CancelRejected("manual", "dry run")]
        assert world.all(VenueSnapshot) != []


async def test_f19_silence_is_unknown_and_never_a_rejection():
    async with World() as world:
        world.venue.silent = True
        world.tell(an_order())
        await world.after(1)
        assert world.all(OrderUnknown) == [OrderUnknown(ID, "no answer to the order: connection reset")]


async def test_an_answer_that_takes_too_long_is_unknown():
    async with World(answer_timeout_s=2.0) as world:
        world.venue.answer_s = 60.0
        world.tell(an_order())
        await world.after(2.5)
        assert world.all(OrderUnknown) == [OrderUnknown(ID, "no answer to the order in 2.0 s")]


async def test_f24_a_question_without_an_answer_says_nothing():
    async with World() as world:
        world.tell(OrderQuery(ID, "BTC-EUR", 1))
        await world.after(1)
        assert len([each for each in world.admitted if type(each).__name__ == "OrderReport"]) == 1
        world.venue.silent = True
        world.tell(OrderQuery(ID, "BTC-EUR", 2))
        await world.after(1)
        assert len([each for each in world.admitted if type(each).__name__ == "OrderReport"]) == 1
        assert world.all(OrderUnknown) == []


async def test_f34_a_cancel_without_an_answer_is_unknown():
    async with World() as world:
        world.venue.silent = True
        world.tell(CancelOrder(ID, "BTC-EUR", 1, "old"))
        await world.after(1)
        assert world.all(OrderUnknown) == [OrderUnknown(ID, "no answer to the cancellation: connection reset")]


async def test_i15_bug_29_a_burst_of_orders_is_paced_and_cancels_do_not_wait_behind_it():
    async with World(orders_per_s=1.0, orders_burst=2, senders=2) as world:
        orders = [an_order(client_id=f"k1-000001-{leg:02d}-0", expires_ns=at(600)) for leg in range(10)]
        world.tell(*orders)
        await world.after(0.05)
        world.tell(CancelOrder("k1-000000-00-0", "ETH-EUR", 1, "old"))
        await world.after(30)
        times = [when for when, what in world.venue.got if isinstance(what, Order)]
        assert len(times) == 10
        for window_s in (1, 3, 10):
            crowd = max(sum(start <= other < start + window_s * 10**9 for other in times) for start in times)
            assert crowd <= 2 + window_s
        cancelled = next(when for when, what in world.venue.got if isinstance(what, CancelOrder))
        assert cancelled <= at(0.06)


async def test_i15_bug_29_questions_and_repeated_cancellations_keep_their_pace():
    async with World(queries_per_s=1.0, cancels_per_s=1.0, cancels_burst=1) as world:
        world.tell(*[OrderQuery(ID, "BTC-EUR", attempt) for attempt in range(1, 6)])
        world.tell(*[CancelOrder(ID, "BTC-EUR", attempt, "old") for attempt in range(1, 6)])
        await world.after(10)
        for kind in (OrderQuery, CancelOrder):
            times = [when for when, what in world.venue.got if isinstance(what, kind)]
            assert len(times) == 5
            assert all(later - sooner >= 10**9 for sooner, later in pairwise(times)), kind


async def test_i26_bug_32_a_gateway_that_ends_leaves_no_task_behind():
    before = asyncio.all_tasks()
    async with World() as world:
        await world.after(1)
        assert len(asyncio.all_tasks()) > len(before) + 1
    assert asyncio.all_tasks() == before


async def test_c16_a_halt_stops_the_orders_that_wait_for_their_turn():
    async with World(orders_per_s=1.0, orders_burst=1) as world:
        world.tell(*[an_order(client_id=f"k1-000001-{leg:02d}-0", expires_ns=at(600)) for leg in range(5)])
        await world.after(0.5)
        world.tell(a_gate_state("HALTED"))
        await world.after(20)
        assert len(world.venue.sent(Order)) == 1
        assert [each.reason for each in world.all(OrderNotSent)] == ["the account is HALTED"] * 4


@pytest.mark.parametrize(
    "message",
    [a_gate_state("HALTED"), FeedStatus("test", "down", 1, (), ""), CancelOrder(ID, "BTC-EUR", 1, "by hand")],
)
async def test_i12_a_halt_said_in_the_pass_of_the_loop_that_would_send_an_order_stops_it(message):
    async with World(works=False) as world:
        world.tell(an_order())
        await world.after(0.5)
        world.disk.reached.set()
        world.tell(message)
        await world.after(0.5)
        assert world.venue.sent(Order) == []
        assert len(world.all(OrderNotSent)) == 1


async def test_one_slow_answer_does_not_hold_up_the_other_orders():
    async with World() as world:
        world.venue.answer_s = 3.0
        world.tell(*[an_order(client_id=f"k1-000001-{leg:02d}-0") for leg in range(4)])
        await world.after(0.5)
        assert len(world.venue.sent(Order)) == 4


async def test_on_start_it_asks_for_fills_and_snapshot_and_says_live():
    async with World() as world:
        world.venue.fills = [a_fill()]
        await world.after(1)
        assert [type(each) for each in world.admitted] == [VenueStatus, VenueStatus, Fill, VenueSnapshot]
        assert [each.state for each in world.all(VenueStatus)] == ["connecting", "live"]


async def test_i13_a_snapshot_is_admitted_only_with_every_fill_that_came_before_it():
    async with World() as world:
        world.venue.fills_during_snapshot = [a_fill(trade_id="t1")]
        await world.after(1)
        assert [type(each) for each in world.admitted][2:] == [Fill, VenueSnapshot]


async def test_f30_a_fill_that_the_stream_lost_is_found_by_the_drop_copy_within_its_period():
    async with World(reconcile_s=30.0) as world:
        await world.after(1)
        world.venue.fills.append(a_fill())
        await world.after(30)
        assert world.all(Fill) == [a_fill()]


async def test_fills_of_the_stream_are_admitted_as_they_come():
    async with World() as world:
        world.venue.events.put_nowait(a_fill())
        world.venue.events.put_nowait(OrderCancelled(ID, Decimal(0)))
        await world.after(0)
        await world.after(0.01)
        assert world.all(Fill) == [a_fill()]
        assert world.all(OrderCancelled) == [OrderCancelled(ID, Decimal(0))]


async def test_a_lost_stream_is_said_sought_again_and_followed_by_a_reconciliation():
    async with World(reconcile_s=1_000.0) as world:
        await world.after(1)
        before = len(world.all(VenueSnapshot))
        world.venue.events.put_nowait(FeedLost("reset by peer"))
        await world.after(2)
        assert [each.state for each in world.all(VenueStatus)][2:] == ["down", "connecting", "live"]
        assert world.all(VenueStatus)[2].detail == "reset by peer"
        assert world.venue.streams == 2
        assert len(world.all(VenueSnapshot)) == before + 1


async def test_a_venue_whose_questions_are_not_answered_is_down_until_they_are():
    async with World(reconcile_s=5.0) as world:
        await world.after(1)
        world.venue.silent = True
        await world.after(6)
        assert world.all(VenueStatus)[-1] == VenueStatus("fake", "down", "connection reset")
        world.venue.silent = False
        await world.after(6)
        assert world.all(VenueStatus)[-1].state == "live"


async def test_a_broken_adapter_ends_the_gateway_with_its_own_error():
    async with World() as world:

        async def broken(order):
            raise RuntimeError("a bug in the adapter")

        world.venue.submit = broken
        world.tell(an_order())
        with pytest.raises(RuntimeError, match="a bug in the adapter"):
            await world.task


async def test_i28_a_late_loop_closes_order_entry_at_the_moment_of_sending():
    async with World(works=False) as world:
        world.tell(an_order())
        await world.after(1)
        world.late = True
        world.disk.reached.set()
        await world.after(1)
        assert world.venue.sent(Order) == []
        assert world.all(OrderNotSent) == [OrderNotSent(ID, "the event loop is late")]


async def test_i29_a_cancelled_gateway_ends_at_every_moment():
    for moment in range(12):
        world = World(works=moment % 2 == 0)
        world.tell(an_order())
        await world.after(moment * 0.05)
        world.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await world.task


async def test_an_inbox_that_ends_ends_the_gateway():
    async with World() as world:
        world.inbox.put_nowait(None)
        async with asyncio.timeout(1):
            await world.task
        assert world.task.done() and not world.task.cancelled()


@pytest.mark.parametrize("name", [each for each in settings().__struct_fields__ if each != "dry_run"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_a_number_that_is_no_limit_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"{name} was"):
        settings(**{name: value})
