"""Watching one account at one venue: its private stream, and the drop copy that proves the stream.

Everything is asked for on start, after every reconnect and every `reconcile_s`, on one path. A snapshot is admitted
only when no fill came between the last one read and the snapshot itself: it is then true of the fills admitted so far.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from contracts.ports import Clock, OrderVenue, VenueSilent
from contracts.quantities import Seconds, nanos
from contracts.trade import VenueState, VenueStatus
from runtime.actor import Admit

AnswerT = TypeVar("AnswerT")

ROUNDS_MAX: Final = 5
"""A book that fills faster than it can be asked for is left until the next period."""

URGENT_S: Final = 1.0


class WatchSettings(msgspec.Struct, frozen=True):
    """How often the drop copy is read, how long an answer may take, how fast a lost stream is sought again."""

    reconcile_s: Seconds
    answer_timeout_s: Seconds
    reconnect_first_s: Seconds
    reconnect_s_max: Seconds


class VenueWatch:
    """Admits fills, cancellations, snapshots and the state of the connection; says `live` when both paths are.

    While `unproved` says that books and venue have not been found to agree, it asks every second: nothing is traded
    before they have, and one order in flight at the wrong moment must not cost a whole period.
    """

    def __init__(
        self,
        venue: OrderVenue,
        clock: Clock,
        settings: WatchSettings,
        admit: Admit,
        unproved: Callable[[], bool] = bool,
    ) -> None:
        self._venue = venue
        self._clock = clock
        self._settings = settings
        self._admit = admit
        self._unproved = unproved
        self._cursor = 0
        self._wanted = asyncio.Event()
        self._said: VenueStatus | None = None
        self._stream: VenueState = "connecting"
        self._silence = ""

    async def listen(self) -> None:
        """Read the private stream for ever; every connection asks for all that may have happened without it."""
        delay_s = self._settings.reconnect_first_s
        while True:
            self._is("connecting", "")
            why = "the stream has ended"
            try:
                async with self._venue.stream() as events:
                    delay_s = self._settings.reconnect_first_s
                    self._is("live", "")
                    self._wanted.set()
                    async for event in events:
                        self._admit(event)
            except ConnectionError as lost:
                why = str(lost)
            self._is("down", why)
            await self._clock.sleep_until(self._clock.now() + nanos(delay_s))
            delay_s = min(2.0 * delay_s, self._settings.reconnect_s_max)

    async def tick(self) -> None:
        """Want a reconciliation now, every `reconcile_s`, and every second while nothing is proved."""
        while True:
            self._wanted.set()
            due_ns = self._clock.now() + nanos(self._settings.reconcile_s)
            while (now_ns := self._clock.now()) < due_ns:
                await self._clock.sleep_until(min(due_ns, now_ns + nanos(URGENT_S)))
                if self._unproved():
                    break

    async def reconcile(self) -> None:
        """Read the drop copy and the snapshot whenever it is wanted."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._prove()
                silence = ""
            except TimeoutError:
                silence = f"no answer in {self._settings.answer_timeout_s:.1f} s"
            except VenueSilent as silent:
                silence = str(silent) or "no answer"
            self._silence = silence
            self._speak("")

    async def _prove(self) -> None:
        await self._fills()
        for _ in range(ROUNDS_MAX):
            snapshot = await self._ask(self._venue.snapshot())
            if not await self._fills():
                self._admit(snapshot)
                return

    async def _fills(self) -> bool:
        """Admit what the drop copy has beyond the cursor; whether there was anything."""
        fills, cursor = await self._ask(self._venue.fills_since(self._cursor))
        for fill in fills:
            self._admit(fill)
        news, self._cursor = cursor != self._cursor or bool(fills), cursor
        return news

    async def _ask(self, question: Awaitable[AnswerT]) -> AnswerT:
        async with asyncio.timeout(self._settings.answer_timeout_s):
            return await question

    def _is(self, state: VenueState, detail: str) -> None:
        self._stream = state
        self._speak(detail)

    def _speak(self, detail: str) -> None:
        state = self._stream
        if state == "live" and self._silence:
            state, detail = "down", self._silence
        status = VenueStatus(self._venue.name, state, detail)
        if self._said is None or self._said.state != state:
            self._said = status
            self._admit(status)
