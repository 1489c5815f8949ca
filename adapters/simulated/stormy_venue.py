"""A venue in bad weather: requests and answers are lost or late, fills come twice or not at all, doors close.

What is said stays true: a rejection was never sent, an ambiguous answer says so, and an order that arrives late arrives
within `late_s_max`. Faults are counted when they strike.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from adapters.simulated.chance import Stream, generator
from adapters.simulated.listener import Event
from adapters.simulated.weather import Dice, VenueFaults, WeatherSettings
from contracts.ports import Clock, FeedLost, OrderVenue, VenueSilent
from contracts.quantities import Nanos, Seconds, nanos
from contracts.trade import (
    CancelOrder,
    CancelRejected,
    Fill,
    FundingPaid,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderQuery,
    OrderRejected,
    OrderReport,
    OrderUnknown,
    VenueSnapshot,
)

AnswerT = TypeVar("AnswerT")
SubmitAnswer = OrderAccepted | OrderRejected | OrderUnknown

ON_ORDERS: Final = (
    "down",
    "lost_request",
    "lost_answer",
    "late_request",
    "late_answer",
    "reject",
    "unknown",
    "answer_after_fill",
)
ON_QUESTIONS: Final = ("down", "lost_request", "lost_answer", "late_answer")
ON_EVENTS: Final = ("duplicate_fill", "lost_fill", "disconnect")
FILLS_FIRST_S: Final[Seconds] = 1.0


class StormyVenue:
    """Any venue with faults; `counts` says how many of each kind have struck."""

    def __init__(self, venue: OrderVenue, weather: WeatherSettings, clock: Clock) -> None:
        self.name = venue.name
        self._venue = venue
        self._weather = weather
        self._clock = clock
        self._dice: Dice[VenueFaults] = Dice(weather.venue, generator(weather.seed, Stream.VENUE_WEATHER))
        self._down_until_ns: Nanos = 0
        self._under_way: list[tuple[Nanos, Order]] = []

    @property
    def counts(self) -> dict[str, int]:
        """Faults that struck, by kind."""
        return dict(self._dice.counts)

    async def submit(self, order: Order) -> SubmitAnswer:
        """Send an order through the weather."""
        kind = await self._enter(ON_ORDERS)
        if kind == "reject":
            return OrderRejected(order.client_id, "the venue rejects orders at the moment")
        if kind == "late_request":
            late_ns = nanos(self._dice.seconds(self._weather.late_s_max))
            self._under_way.append((self._clock.now() + late_ns, order))
            raise await self._silence("the request is still under way")
        if kind == "unknown":
            return await self._ambiguous(order)
        answer = await self._through(kind, lambda: self._venue.submit(order))
        if kind == "answer_after_fill":
            await self._wait(FILLS_FIRST_S)
        return answer

    async def cancel(self, cancel: CancelOrder) -> OrderCancelled | CancelRejected:
        """Cancel through the weather."""
        kind = await self._enter(ON_QUESTIONS)
        return await self._through(kind, lambda: self._venue.cancel(cancel))

    async def cancel_all(self) -> None:
        """Cancel everything through the weather."""
        kind = await self._enter(ON_QUESTIONS)
        await self._through(kind, self._venue.cancel_all)

    async def query(self, query: OrderQuery) -> OrderReport:
        """Ask for an order through the weather."""
        kind = await self._enter(ON_QUESTIONS)
        return await self._through(kind, lambda: self._venue.query(query))

    async def snapshot(self) -> VenueSnapshot:
        """Ask for the account through the weather."""
        kind = await self._enter(ON_QUESTIONS)
        return await self._through(kind, self._venue.snapshot)

    async def fills_since(self, cursor: int) -> tuple[tuple[Fill | FundingPaid, ...], int]:
        """Ask for the drop copy through the weather; what it says is complete and true."""
        kind = await self._enter(ON_QUESTIONS)
        return await self._through(kind, lambda: self._venue.fills_since(cursor))

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[AsyncIterator[Event]]:
        """The private stream with weather on it; no stream while the venue is down."""
        if self._clock.now() < self._down_until_ns:
            raise FeedLost(f"{self.name}: the venue is down")
        async with self._venue.stream() as events:
            struck = self._struck(events)
            try:
                yield struck
            finally:
                await struck.aclose()

    async def _struck(self, events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
        async for event in events:
            if self._clock.now() < self._down_until_ns:
                raise FeedLost(f"{self.name}: the venue went down")
            kind = self._dice.draw(*ON_EVENTS)
            if kind == "disconnect":
                self._dice.struck(kind)
                raise FeedLost(f"{self.name}: the weather cut the private stream")
            if kind is not None and isinstance(event, Fill | FundingPaid):
                self._dice.struck(kind)
                if kind == "lost_fill":
                    continue
                yield event
            yield event

    async def _enter(self, kinds: tuple[str, ...]) -> str | None:
        """Let what is under way arrive, then draw the fault of this request; raises VenueSilent while down."""
        await self._arrive()
        if self._clock.now() < self._down_until_ns:
            raise await self._silence("the venue is down")
        kind = self._dice.draw(*kinds)
        if kind is not None:
            self._dice.struck(kind)
        if kind == "down":
            self._down_until_ns = self._clock.now() + nanos(self._dice.seconds(self._weather.down_s_max))
            raise await self._silence("the venue went down")
        return kind

    async def _arrive(self) -> None:
        due = [order for at_ns, order in self._under_way if at_ns <= self._clock.now()]
        self._under_way = [(at_ns, order) for at_ns, order in self._under_way if at_ns > self._clock.now()]
        for order in due:
            await self._venue.submit(order)

    async def _through(self, kind: str | None, ask: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        if kind == "lost_request":
            raise await self._silence("the request was lost")
        answer = await ask()
        if kind == "lost_answer":
            raise await self._silence("the answer was lost")
        if kind == "late_answer":
            await self._wait(self._dice.seconds(self._weather.late_s_max))
        return answer

    async def _ambiguous(self, order: Order) -> OrderUnknown:
        if self._dice.seconds(1.0) > 0.5:
            await self._venue.submit(order)
        return OrderUnknown(order.client_id, "503: the status of the order is unknown")

    async def _silence(self, what: str) -> VenueSilent:
        await self._wait(self._weather.silence_s)
        return VenueSilent(f"{self.name}: {what}")

    async def _wait(self, duration_s: Seconds) -> None:
        await self._clock.sleep_until(self._clock.now() + nanos(duration_s))
