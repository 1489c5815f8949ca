"""The order gateway: from orders to one venue, and from the venue to facts.

No order leaves before its record is on the disk (invariant I1) and before it was looked at once more: the state of the
account, its expiry, its feed, whether the loop is late (I28). Silence becomes `OrderUnknown`, never a rejection.
Cancellations have their own way and their own pace, so that no burst of orders delays them. When the journal fails,
nothing is sent and the gateway ends.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from actors.gateways.last_look import LastLook
from actors.gateways.pace import Pace
from actors.gateways.venue_watch import VenueWatch, WatchSettings
from actors.settings import at_least, more_than_zero
from contracts.envelope import Envelope
from contracts.ports import Clock, Journal, JournalFailed, OrderVenue, VenueSilent
from contracts.quantities import Seconds
from contracts.trade import (
    CancelOrder,
    CancelRejected,
    Order,
    OrderNotSent,
    OrderQuery,
    OrderUnknown,
)
from runtime.actor import Admit, Gateway, Inbox

AnswerT = TypeVar("AnswerT", bound=msgspec.Struct)

WAITING_MAX: Final = 1_024
"""The desk keeps one order in flight per instrument; more waiting than this is a fault of the reader, who fails."""


class OrderGatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How orders are sent. With `dry_run` everything is done but the sending.

    Raises:
        ValueError: a duration, rate or count that is no positive finite number.
    """

    dry_run: bool
    reconcile_s: Seconds = 30.0
    answer_timeout_s: Seconds = 5.0
    reconnect_first_s: Seconds = 0.5
    reconnect_s_max: Seconds = 30.0
    senders: int = 4
    orders_per_s: float = 5.0
    orders_burst: int = 10
    cancels_per_s: float = 10.0
    cancels_burst: int = 50
    queries_per_s: float = 5.0

    def __post_init__(self) -> None:
        numbers = {name: getattr(self, name) for name in self.__struct_fields__ if name != "dry_run"}
        more_than_zero("orders", **numbers)
        at_least("orders", self.reconnect_first_s, reconnect_s_max=self.reconnect_s_max)


def _on_time() -> bool:
    return False


def _allowed(order: Order) -> str:
    return ""


class OrderGateway(Gateway):
    """Sends orders, cancels and questions of the desk, and admits what the venue says.

    `lagging` is asked before each order: while it says yes the loop is late, and what was decided is old. `barred` says
    why this process may not send it, empty if it may.
    """

    role = "venue"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (*LastLook.hears, Order, CancelOrder, OrderQuery)

    def __init__(
        self,
        venue: OrderVenue,
        journal: Journal,
        clock: Clock,
        settings: OrderGatewaySettings,
        *,
        lagging: Callable[[], bool] = _on_time,
        barred: Callable[[Order], str] = _allowed,
    ) -> None:
        self._venue = venue
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._lagging = lagging
        self._barred = barred
        self._look = LastLook()
        self._waiting: dict[str, Envelope[Order]] = {}
        self._withdrawn: dict[str, str] = {}
        self._orders: asyncio.Queue[Envelope[Order]] = asyncio.Queue(WAITING_MAX)
        self._cancels: asyncio.Queue[CancelOrder] = asyncio.Queue(WAITING_MAX)
        self._queries: asyncio.Queue[OrderQuery] = asyncio.Queue(WAITING_MAX)
        self._order_pace = Pace(clock, settings.orders_per_s, settings.orders_burst)
        self._cancel_pace = Pace(clock, settings.cancels_per_s, settings.cancels_burst)
        self._query_pace = Pace(clock, settings.queries_per_s, 1)

    async def run(self, inbox: Inbox, admit: Admit) -> None:
        """Serve until cancelled, or until the journal or the venue's adapter fails."""
        settings = self._settings
        timing = WatchSettings(
            settings.reconcile_s, settings.answer_timeout_s, settings.reconnect_first_s, settings.reconnect_s_max
        )
        watch = VenueWatch(self._venue, self._clock, timing, admit, self._is_unproved)
        works = [watch.listen, watch.tick, watch.reconcile]
        try:
            # One group, never inside another: a nested one can swallow a cancellation on Python 3.11.
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work()) for work in works]
                tasks += [group.create_task(self._send_orders(inbox, admit)) for _ in range(settings.senders)]
                tasks += [group.create_task(self._send_cancels(admit)) for _ in range(settings.senders)]
                tasks += [group.create_task(self._ask_queries(admit))]
                await self._hear(inbox)
                for task in tasks:
                    task.cancel()
        except ExceptionGroup as failures:
            raise _first(failures) from failures

    def _is_unproved(self) -> bool:
        return self._look.state.state in ("RECOVERING", "RECONCILING")

    async def _hear(self, inbox: Inbox) -> None:
        async for envelope in inbox:
            self._note(envelope)

    def _note(self, envelope: Envelope[Any]) -> None:
        said = envelope.payload
        self._look.note(said)
        if isinstance(said, Order):
            self._waiting[said.client_id] = envelope
            self._orders.put_nowait(envelope)
        elif isinstance(said, CancelOrder) and said.client_id in self._waiting:
            self._withdrawn[said.client_id] = said.reason
        elif isinstance(said, CancelOrder):
            self._cancels.put_nowait(said)
        elif isinstance(said, OrderQuery):
            self._queries.put_nowait(said)

    async def _send_orders(self, inbox: Inbox, admit: Admit) -> None:
        while True:
            envelope = await self._orders.get()
            order = envelope.payload
            try:
                await self._journal.durable(envelope.seq)
            except JournalFailed as failed:
                admit(OrderNotSent(order.client_id, f"its record could not be kept: {failed}"))
                raise
            await self._order_pace.turn()
            # From here to the venue's own first await nothing else runs: what was looked at is what is sent. A halt may
            # have been said in this very pass of the loop, before its reader had a turn.
            for unread in inbox.unread():
                self._note(unread)
            del self._waiting[order.client_id]
            why = self._objection(order)
            if why:
                admit(OrderNotSent(order.client_id, why))
            else:
                admit(await self._answered(order.client_id, self._venue.submit(order), "order"))

    def _objection(self, order: Order) -> str:
        """Why the order may not leave any more; empty when it may."""
        withdrawn = self._withdrawn.pop(order.client_id, "")
        if withdrawn:
            return f"cancelled before it was sent: {withdrawn}"
        if self._lagging():
            return "the event loop is late"
        barred = self._barred(order)
        if barred:
            return barred
        return self._look.objection(order, self._clock.now()) or ("dry run" if self._settings.dry_run else "")

    async def _send_cancels(self, admit: Admit) -> None:
        while True:
            cancel = await self._cancels.get()
            if self._settings.dry_run:
                admit(CancelRejected(cancel.client_id, "dry run"))
            else:
                await self._cancel_pace.turn()
                admit(await self._answered(cancel.client_id, self._venue.cancel(cancel), "cancellation"))

    async def _ask_queries(self, admit: Admit) -> None:
        while True:
            query = await self._queries.get()
            await self._query_pace.turn()
            answer = await self._answered(query.client_id, self._venue.query(query), "question")
            # A question without an answer is no answer: the desk asks again.
            if not isinstance(answer, OrderUnknown):
                admit(answer)

    async def _answered(self, client_id: str, question: Awaitable[AnswerT], what: str) -> AnswerT | OrderUnknown:
        """The venue's answer, or that there was none, which proves nothing."""
        timeout_s = self._settings.answer_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return await question
        except TimeoutError:
            return OrderUnknown(client_id, f"no answer to the {what} in {timeout_s:.1f} s")
        except VenueSilent as silent:
            return OrderUnknown(client_id, f"no answer to the {what}: {silent}")


def _first(failures: BaseExceptionGroup[Any]) -> BaseException:
    """What failed first: whoever restarts this gateway wants the cause, not the group."""
    failure: BaseException = failures.exceptions[0]
    return _first(failure) if isinstance(failure, BaseExceptionGroup) else failure
