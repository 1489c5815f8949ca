"""The venue of a backtest: the simulated broker told the time, and what the order gateway does, without awaiting.

Orders, cancellations and questions leave after their turn, by the senders and at the pace of a live gateway. Answers
and fills come back one by one at the times the broker's latency and its packets give them, each a turn of its own.
"""

import heapq
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any, Final

import msgspec

from actors.gateways.last_look import LastLook
from actors.gateways.order_gateway import OrderGatewaySettings
from adapters.simulated.broker import Broker
from adapters.simulated.venue import packet_ns
from bot.backtest.lanes import Lane
from contracts.envelope import Envelope
from contracts.market import Perp
from contracts.quantities import Nanos
from contracts.trade import CancelOrder, CancelRejected, FundingPaid, Order, OrderNotSent, OrderQuery, VenueStatus
from runtime.bus import Bus
from runtime.clock import FixedClock

VENUE: Final = "venue"
"""The source of what the exchange admits, as that of the order gateway."""

NEVER_NS: Final = 2**63
"""Later than anything."""

Request = Order | CancelOrder | OrderQuery


class Exchange:
    """Hears what is sent, and lets the broker's answers in as time passes.

    `idle` while nothing is under way and nothing rests at the venue: no time needs to pass for it.
    """

    def __init__(self, bus: Bus, clock: FixedClock, broker: Broker, settings: OrderGatewaySettings) -> None:
        self._bus, self._clock, self._broker, self._settings = bus, clock, broker, settings
        self._look = LastLook()
        self._stream = broker.listen()
        self._lanes: dict[type[msgspec.Struct], Lane[Request]] = {
            Order: Lane(settings.senders, settings.orders_per_s, settings.orders_burst),
            CancelOrder: Lane(settings.senders, settings.cancels_per_s, settings.cancels_burst),
            OrderQuery: Lane(1, settings.queries_per_s, 1),
        }
        self._due: list[tuple[Nanos, int, Callable[[], None]]] = []
        self._ticket = count(1)
        self._unsent: dict[str, str] = {}
        self._cursor = 0
        self.idle = not broker.busy
        bus.tap(self._hear, (*LastLook.hears, *self._lanes))

    def open(self) -> None:
        """Say that the venue is there and what the account holds."""
        self._bus.admit(VenueStatus("backtest", "live", "the simulated broker"), VENUE)
        self.prove()

    def prove(self) -> None:
        """Say the venue's own books, to be held against ours."""
        self.catch_up()
        self._bus.admit(self._broker.snapshot(self._clock.now()), VENUE)

    def catch_up(self) -> None:
        """Say all funding that was paid, again or before the stream does: it must be booked before books are shown.

        So does a live process, by the drop copy. A fill that is under way needs none: its order is not at rest.
        """
        copied, self._cursor = self._broker.fills_since(self._cursor)
        for each in copied:
            if isinstance(each, FundingPaid):
                self._bus.admit(each, VENUE)

    def show(self, perp: Perp) -> None:
        """Let the venue hear what the market says of a perpetual, and settle its funding now."""
        self._broker.advance(self._clock.now())
        self._broker.hear(perp)
        self.idle = self._is_idle()

    def run_until(self, at_ns: Nanos) -> None:
        """Let out what leaves and let in, in order of time, everything the venue says by then."""
        while (due_ns := self._next_ns()) <= at_ns:
            self._clock.set(max(due_ns, self._clock.now()))
            self._broker.advance(due_ns)
            self._happen(due_ns)
        self._broker.advance(at_ns)
        self.idle = self._is_idle()

    def _is_idle(self) -> bool:
        return not (self._due or self._broker.busy or self._stream.next_ns is not None)

    def _next_ns(self) -> Nanos:
        """When something happens next; NEVER_NS while nothing is under way."""
        due_ns, broker_ns = self._due[0][0] if self._due else NEVER_NS, self._broker.next_ns
        return min(due_ns, self._heard_ns(), NEVER_NS if broker_ns is None else broker_ns)

    def _heard_ns(self) -> Nanos:
        """When the next packet of the private stream is heard."""
        due_ns = self._stream.next_ns
        return NEVER_NS if due_ns is None else packet_ns(due_ns)

    def _happen(self, now_ns: Nanos) -> None:
        while self._due and self._due[0][0] <= now_ns:
            heapq.heappop(self._due)[2]()
        if self._heard_ns() <= now_ns:
            for event in self._stream.take(now_ns):
                self._bus.admit(event, VENUE)

    def at(self, at_ns: Nanos, action: Callable[[], None]) -> None:
        """Let something happen at a time, among what the venue does."""
        self.idle = False
        heapq.heappush(self._due, (at_ns, next(self._ticket), action))

    def _hear(self, envelope: Envelope[Any]) -> None:
        said = envelope.payload
        if isinstance(said, LastLook.hears):
            self._look.note(said)
            return
        if isinstance(said, CancelOrder) and said.client_id in self._unsent:
            self._unsent[said.client_id] = said.reason
            return
        if isinstance(said, Order):
            self._unsent[said.client_id] = ""
        self._lanes[type(said)].put(said)
        self._dispatch(self._lanes[type(said)])

    def _dispatch(self, lane: Lane[Request]) -> None:
        for leave_ns, request in lane.leaving(self._clock.now()):
            self.at(leave_ns, partial(self._leave, lane, request))

    def _leave(self, lane: Lane[Request], said: Request) -> None:
        unsent = self._objection(said)
        if unsent is None:
            answer_ns, answer = self._sent(said)
            self.at(answer_ns, lambda: self._answered(lane, answer[0]))
        else:
            self._answered(lane, unsent)

    def _answered(self, lane: Lane[Request], said: msgspec.Struct) -> None:
        lane.answered()
        self._bus.admit(said, VENUE)
        self._dispatch(lane)

    def _objection(self, said: Request) -> msgspec.Struct | None:
        """What is said instead of sending; None where it may leave."""
        dry = "dry run" if self._settings.dry_run else ""
        if isinstance(said, Order):
            withdrawn = self._unsent.pop(said.client_id)
            why = f"cancelled before it was sent: {withdrawn}" if withdrawn else ""
            why = why or self._look.objection(said, self._clock.now()) or dry
            return OrderNotSent(said.client_id, why) if why else None
        return CancelRejected(said.client_id, dry) if dry and isinstance(said, CancelOrder) else None

    def _sent(self, said: Request) -> tuple[Nanos, Sequence[msgspec.Struct]]:
        """Send a request; when its answer is here, and the list that will hold it."""
        broker, now_ns = self._broker, self._clock.now()
        if isinstance(said, Order):
            there_ns, back_ns = broker.latency_ns("order", said.client_id)
            return now_ns + there_ns + back_ns, broker.send(said, now_ns, now_ns + there_ns)
        if isinstance(said, CancelOrder):
            there_ns, back_ns = broker.latency_ns("cancel", said.client_id, said.attempt)
            return now_ns + there_ns + back_ns, broker.send_cancel(said, now_ns + there_ns)
        there_ns, back_ns = broker.latency_ns("query", said.client_id, said.attempt)
        return now_ns + there_ns + back_ns, broker.send_query(said, now_ns, now_ns + there_ns)
