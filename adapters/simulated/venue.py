"""The simulated venue in-process: the broker behind the `OrderVenue` port, paced by the injected clock.

Nothing runs in the background: whoever asks, or listens to the stream, lets the broker catch up with the clock first.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from adapters.simulated.broker import Broker, CancelAnswer, SubmitAnswer
from adapters.simulated.instruments import VENUE
from adapters.simulated.ledger import LedgerFile, NoLedger
from adapters.simulated.listener import Event, Listener
from adapters.simulated.prices import Prices, QuoteBoard
from adapters.simulated.settings import BrokerSettings
from contracts.instrument import Universe
from contracts.market import Perp, Tick
from contracts.ports import Clock, FeedLost
from contracts.quantities import Nanos
from contracts.trade import CancelOrder, Fill, FundingPaid, Order, OrderQuery, OrderReport, VenueSnapshot

PACKETS_NS: Final = 100_000_000
"""The private stream comes in packets: what is due by an instant of this grid is heard at it."""


def packet_ns(due_ns: Nanos) -> Nanos:
    """When what is due at an instant is heard."""
    return -(-due_ns // PACKETS_NS) * PACKETS_NS


class SimulatedVenue:
    """One account at the simulated venue. It always answers; weather is a wrapper of its own."""

    def __init__(
        self,
        settings: BrokerSettings,
        universe: Universe,
        prices: Prices,
        clock: Clock,
        ledger: LedgerFile | NoLedger | None = None,
        name: str = VENUE,
    ) -> None:
        self.name = name
        self.broker = Broker(settings, universe, prices, ledger if ledger is not None else NoLedger())
        self._prices = prices
        self._clock = clock
        self._asked = asyncio.Event()

    def on_market(self, row: Tick | Perp) -> None:
        """What a recording says of quotes or of a perpetual, at the clock's time; raises as `on_tick` does."""
        if isinstance(row, Tick):
            self.on_tick(row)
        else:
            self.on_perp(row)

    def on_tick(self, tick: Tick) -> None:
        """A quote from a recording, for a venue that trades against a `QuoteBoard`; at the clock's time.

        Raises:
            TypeError: this venue trades against a market that needs no quotes.
        """
        if not isinstance(self._prices, QuoteBoard):
            raise TypeError(f"{self.name} trades against {type(self._prices).__name__}, which takes no quotes")
        self.broker.advance(self._clock.now())
        self._prices.quote(tick)

    def on_perp(self, perp: Perp) -> None:
        """What a recording says of a perpetual, at the clock's time: the account pays its funding by it."""
        self.broker.advance(self._clock.now())
        self.broker.hear(perp)
        self._asked.set()

    async def submit(self, order: Order) -> SubmitAnswer:
        """Send an order and wait for the answer; whoever stops waiting has sent it all the same."""
        now_ns, arrive_ns, answer_ns = self._times("order", order.client_id)
        answer = self.broker.send(order, now_ns, arrive_ns)
        await self._until(answer_ns)
        return answer[0]

    async def cancel(self, cancel: CancelOrder) -> CancelAnswer:
        """Send a cancellation and wait for the answer."""
        _, arrive_ns, answer_ns = self._times("cancel", cancel.client_id, cancel.attempt)
        answer = self.broker.send_cancel(cancel, arrive_ns)
        await self._until(answer_ns)
        return answer[0]

    async def cancel_all(self) -> None:
        """Cancel every open order of the account."""
        _, arrive_ns, answer_ns = self._times()
        self.broker.send_cancel_all(arrive_ns)
        await self._until(answer_ns)

    async def query(self, query: OrderQuery) -> OrderReport:
        """What the venue's read replica knows of an order."""
        now_ns, arrive_ns, answer_ns = self._times("query", query.client_id, query.attempt)
        answer = self.broker.send_query(query, now_ns, arrive_ns)
        await self._until(answer_ns)
        return answer[0]

    async def snapshot(self) -> VenueSnapshot:
        """Balances, positions and open orders as the engine has them when the question arrives."""
        now_ns, arrive_ns, answer_ns = self._times()
        await self._until(arrive_ns)
        snapshot = self.broker.snapshot(now_ns)
        await self._until(answer_ns)
        return snapshot

    async def fills_since(self, cursor: int) -> tuple[tuple[Fill | FundingPaid, ...], int]:
        """The account's fills and funding from a cursor on, and the next cursor."""
        _, arrive_ns, answer_ns = self._times()
        await self._until(arrive_ns)
        fills = self.broker.fills_since(cursor)
        await self._until(answer_ns)
        return fills

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[AsyncIterator[Event]]:
        """The private stream from now on."""
        listener = self.broker.listen()
        events = self._events(listener)
        try:
            yield events
        finally:
            await events.aclose()
            self.broker.forget(listener)

    async def _events(self, listener: Listener) -> AsyncGenerator[Event, None]:
        while True:
            self.broker.advance(self._clock.now())
            for event in listener.take(self._clock.now()):
                yield event
            if listener.lost:
                raise FeedLost(f"{self.name}: the private stream was not read and has been cut")
            await self._pause(listener)

    async def _pause(self, listener: Listener) -> None:
        if not self.broker.busy and listener.next_ns is None:
            self._asked.clear()
            await self._asked.wait()
        await self._clock.sleep_until(packet_ns(self._clock.now() + 1))

    def _times(self, *about: object) -> tuple[Nanos, Nanos, Nanos]:
        """Now, and when a request arrives and is answered; what is no order's is about its own time."""
        now_ns = self._clock.now()
        there_ns, back_ns = self.broker.latency_ns(*(about or (now_ns,)))
        self._asked.set()
        return now_ns, now_ns + there_ns, now_ns + there_ns + back_ns

    async def _until(self, at_ns: Nanos) -> None:
        await self._clock.sleep_until(at_ns)
        self.broker.advance(self._clock.now())
