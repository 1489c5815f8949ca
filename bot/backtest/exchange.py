"""The venue of a backtest: the simulated broker told the time, and what the order gateway does, without awaiting.

Orders, cancellations and questions are collected while a turn runs and go out when it is over, at its own instant.
Answers and fills come back one by one at the times the broker's latency gives them, each a turn of its own.
"""

import heapq
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, Final

import msgspec

from actors.gateways.last_look import LastLook
from adapters.simulated.broker import Broker
from contracts.envelope import Envelope
from contracts.quantities import Nanos
from contracts.trade import CancelOrder, Order, OrderNotSent, OrderQuery, VenueStatus
from runtime.bus import Bus
from runtime.clock import FixedClock

VENUE: Final = "venue"
"""The source of what the exchange admits, as that of the order gateway."""

Answer = Callable[[], msgspec.Struct]


class Exchange:
    """Hears what is sent, and lets the broker's answers in as time passes."""

    def __init__(self, bus: Bus, clock: FixedClock, broker: Broker) -> None:
        self._bus, self._clock, self._broker = bus, clock, broker
        self._look = LastLook()
        self._stream = broker.listen()
        self._outbox: list[Order | CancelOrder | OrderQuery] = []
        self._answers: list[tuple[Nanos, int, Answer]] = []
        self._ticket = count(1)
        bus.tap(self._hear, (*LastLook.hears, Order, CancelOrder, OrderQuery))

    @property
    def idle(self) -> bool:
        """Whether nothing is under way and nothing rests at the venue."""
        return not (self._outbox or self._answers or self._broker.busy or self._stream.next_ns is not None)

    def open(self) -> None:
        """Say that the venue is there and what the account holds."""
        self._bus.admit(VenueStatus("backtest", "live", "the simulated broker"), VENUE)
        self.prove()

    def prove(self) -> None:
        """Say the venue's own books, to be held against ours."""
        self._bus.admit(self._broker.snapshot(self._clock.now()), VENUE)

    def run_until(self, at_ns: Nanos) -> None:
        """Send what was collected and let in, in order of time, everything the venue says by then."""
        self._send()
        while (due_ns := self._next_ns()) is not None and due_ns <= at_ns:
            self._clock.set(max(due_ns, self._clock.now()))
            self._broker.advance(due_ns)
            self._let_in(due_ns)
            self._send()
        self._broker.advance(at_ns)

    def _hear(self, envelope: Envelope[Any]) -> None:
        said = envelope.payload
        if isinstance(said, LastLook.hears):
            self._look.note(said)
        else:
            self._outbox.append(said)

    def _next_ns(self) -> Nanos | None:
        due = (self._answers[0][0] if self._answers else None, self._stream.next_ns, self._broker.next_ns)
        return min((each for each in due if each is not None), default=None)

    def _let_in(self, now_ns: Nanos) -> None:
        while self._answers and self._answers[0][0] <= now_ns:
            self._bus.admit(heapq.heappop(self._answers)[2](), VENUE)
        for event in self._stream.take(now_ns):
            self._bus.admit(event, VENUE)

    def _send(self) -> None:
        while self._outbox:
            sent, self._outbox = self._outbox, []
            for each in sent:
                self._send_one(each)

    def _send_one(self, said: Order | CancelOrder | OrderQuery) -> None:
        now_ns = self._clock.now()
        if isinstance(said, Order):
            why = self._look.objection(said, now_ns)
            if why:
                self._bus.admit(OrderNotSent(said.client_id, why), VENUE)
                return
        there_ns, back_ns = self._broker.latency_ns()
        arrive_ns = now_ns + there_ns
        answer: Answer
        if isinstance(said, Order):
            answer = self._broker.send(said, now_ns, arrive_ns).pop
        elif isinstance(said, CancelOrder):
            answer = self._broker.send_cancel(said, arrive_ns).pop
        else:
            answer = partial(self._broker.query, said, now_ns)
        heapq.heappush(self._answers, (arrive_ns + back_ns, next(self._ticket), answer))
