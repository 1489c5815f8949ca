"""The feed handler: from the frames of one feed to market messages of the bus, whatever the feed does.

On start it says the universe, the history and the rates, then calls `on_warm`. For every connection it says
`connecting`, `live` after the first frame with market rows, `gap` when the guard finds one (the books it names are void
until their next snapshot, which is followed by `live`), `stale` after too long a silence and `down` when the connection
is gone. It reconnects for ever, with a delay that doubles from attempt to attempt, jittered, and starts anew once a
connection has lasted. A book that stays void is reason enough to reconnect, since some venues send a snapshot to
newcomers only. An unreadable frame is counted, kept raw and handed to the quarantine; it never ends the feed.

At the end of a recording it says `down`, calls `on_finished` and serves on in silence until it is cancelled, because
a gateway that returns would be restarted.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from actors.gateways.conflation import Backlog
from actors.gateways.feed_counts import FeedCounts, Quarantined, Sink, quarantined
from actors.gateways.intake import Intake, Taken
from actors.settings import at_least, more_than_zero
from contracts.envelope import Envelope
from contracts.market import FeedState, FeedStatus, FxMark, UniverseChanged
from contracts.ports import Clock, Feed, FeedFinished, FeedLost
from contracts.quantities import SECOND_NS, Nanos, Seconds, nanos, seconds
from contracts.wire import MalformedFrame, RawFrame
from runtime.actor import Admit, Gateway

FX_EVERY_NS: Final = 60 * SECOND_NS
_BREATH: Final = 32
_DEADLINE_GRAIN: Final = 16


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a feed may be silent or void, how it reconnects, and what it says on start.

    `fx` are fixed rates: how much of the account's currency one unit of each currency is worth. While the daemon is
    more than `behind_s_max` behind the frames, rows wait, and of an instrument at most `conflate_after`.

    Raises:
        ValueError: a time, size or rate that is not positive, or a shortest delay above the longest.
    """

    bar_s: Seconds
    warmup_bars: int
    fx: dict[str, Decimal]
    silence_s_max: Seconds = 5.0
    resync_s_max: Seconds = 10.0
    reconnect_s_min: Seconds = 0.5
    reconnect_s_max: Seconds = 60.0
    behind_s_max: Seconds = 0.25
    conflate_after: int = 64
    waiting_max: int = 1024
    quarantine_max: int = 64

    def __post_init__(self) -> None:
        more_than_zero(
            "feed",
            bar_s=self.bar_s,
            silence_s_max=self.silence_s_max,
            resync_s_max=self.resync_s_max,
            reconnect_s_min=self.reconnect_s_min,
            behind_s_max=self.behind_s_max,
        )
        at_least("feed", self.reconnect_s_min, reconnect_s_max=self.reconnect_s_max)
        at_least("feed", 0, warmup_bars=self.warmup_bars)
        at_least("feed", 1, conflate_after=self.conflate_after, waiting_max=self.waiting_max)
        at_least("feed", 1, quarantine_max=self.quarantine_max)
        for currency, rate in self.fx.items():
            if not (rate.is_finite() and rate > 0):
                raise ValueError(f"feed: the rate of {currency} was {rate}, expected more than 0")


class FeedHandler(Gateway):
    """One feed. `epochs` numbers its connections and outlives a restart of the handler, as `counts` does."""

    role = "feed"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = ()

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        settings: FeedSettings,
        *,
        chance: np.random.Generator,
        epochs: Iterator[int],
        counts: FeedCounts,
        quarantine: Sink,
        on_warm: Callable[[], None],
        on_finished: Callable[[], None],
    ) -> None:
        self._feed = feed
        self._clock = clock
        self._settings = settings
        self._chance = chance
        self._epochs = epochs
        self._quarantine = quarantine
        self._on_warm = on_warm
        self._on_finished = on_finished
        self.counts = counts
        self.malformed: deque[Quarantined] = deque(maxlen=settings.quarantine_max)
        """The last unreadable frames."""
        self._fx_due_ns: Nanos = 0

    async def run(self, inbox: AsyncIterator[Envelope[Any]], admit: Admit) -> None:
        """Serve until cancelled."""
        self._warm_up(admit)
        failures = 0
        while True:
            connection = _Connection(self, next(self._epochs), admit)
            try:
                await connection.serve()
            except FeedFinished as finished:
                connection.end("down", f"recording finished: {finished}")
                self._on_finished()
                await asyncio.Event().wait()
            except FeedLost as lost:
                connection.end("down", str(lost))
            except TimeoutError:
                self.counts.silences += 1
                connection.end("stale", f"nothing for {self._settings.silence_s_max} s")
                connection.say("down", "closed after its silence")
            failures = 1 if connection.lasted() else failures + 1
            self.counts.reconnects += 1
            await self._pause(failures, admit)

    def say_rates(self, admit: Admit, now_ns: Nanos) -> None:
        """Say the fixed rates when they are due again."""
        if now_ns >= self._fx_due_ns:
            self._fx_due_ns = now_ns + FX_EVERY_NS
            for currency, rate in self._settings.fx.items():
                admit(FxMark(currency, rate, now_ns))

    def keep(self, frame: RawFrame, error: MalformedFrame) -> None:
        """Count an unreadable frame and keep it raw."""
        self.counts.malformed += 1
        kept = quarantined(frame, str(error))
        self.malformed.append(kept)
        self._quarantine(kept)

    def _warm_up(self, admit: Admit) -> None:
        now_ns, settings = self._clock.now(), self._settings
        admit(UniverseChanged(self._feed.universe))
        history = self._feed.history(settings.bar_s, settings.warmup_bars, now_ns)
        if history is not None:
            admit(history)
        self._fx_due_ns = now_ns
        self.say_rates(admit, now_ns)
        self._on_warm()

    async def _pause(self, failures: int, admit: Admit) -> None:
        """Wait before the next attempt: twice as long each time, and a random part of it."""
        longest_s = min(self._settings.reconnect_s_max, self._settings.reconnect_s_min * 2.0 ** min(failures - 1, 32))
        until_ns = self._clock.now() + nanos(longest_s * self._chance.uniform(0.5, 1.0))
        while self._clock.now() < until_ns:
            await self._clock.sleep_until(min(until_ns, self._fx_due_ns))
            self.say_rates(admit, self._clock.now())


class _Connection:
    """One epoch of the feed: frames in, believed rows and states out."""

    def __init__(self, handler: FeedHandler, epoch: int, admit: Admit) -> None:
        self._handler = handler
        self._feed = handler._feed
        self._clock = handler._clock
        self._settings = handler._settings
        self._counts = handler.counts
        self._epoch = epoch
        self._admit = admit
        self._symbols = self._feed.universe.symbols
        self._intake = Intake(self._feed.parser(epoch), self._settings.waiting_max)
        self._backlog = Backlog(self._settings.conflate_after)
        self._behind_ns = nanos(self._settings.behind_s_max)
        self._live_ns: Nanos | None = None
        self._void_ns: Nanos = 0

    async def serve(self) -> None:
        """Take frames until the connection ends; raises FeedLost, FeedFinished, or TimeoutError after a silence."""
        self._counts.connections += 1
        self.say("connecting", self._feed.name)
        silence_s, loop = self._settings.silence_s_max, asyncio.get_running_loop()
        async with asyncio.timeout(silence_s) as deadline, self._feed.connect(self._epoch) as frames:
            moved_s, taken = loop.time(), 0
            async for frame in frames:
                if loop.time() - moved_s > silence_s / _DEADLINE_GRAIN:
                    moved_s = loop.time()
                    deadline.reschedule(moved_s + silence_s)
                self._take(frame)
                taken += 1
                if taken % _BREATH == 0:
                    await asyncio.sleep(0)
        raise FeedLost("the feed closed the connection")

    def lasted(self) -> bool:
        """Whether the connection was live for so long that its end is news and no repeated failure."""
        live_ns = self._live_ns
        return live_ns is not None and self._clock.now() - live_ns >= nanos(self._settings.reconnect_s_max)

    def end(self, state: FeedState, detail: str) -> None:
        """Say what still waits, then how it ended."""
        self._flush()
        self._counts.overflowed += self._intake.waiting()
        self.say(state, detail)

    def say(self, state: FeedState, detail: str, symbols: tuple[str, ...] | None = None) -> None:
        """Admit a status of this epoch."""
        named = self._symbols if symbols is None else symbols
        self._admit(FeedStatus(self._feed.name, state, self._epoch, named, detail))

    def _take(self, frame: RawFrame) -> None:
        now_ns = self._clock.now()
        self._handler.say_rates(self._admit, now_ns)
        self._counts.received += 1
        self._counts.received_bytes += len(frame.data)
        try:
            taken = self._intake.take(frame)
        except MalformedFrame as error:
            self._handler.keep(frame, error)
            return
        self._counts.note_frame(taken.parsed.kind, taken.verdict, empty=not taken.parsed.rows)
        self._counts.void_rows += taken.refused
        self._states(taken, now_ns)
        self._backlog.add(taken.rows)
        if self._backlog.full or now_ns - frame.received_ns <= self._behind_ns:
            self._flush()
        self._mind_void_books(taken, now_ns)

    def _states(self, taken: Taken, now_ns: Nanos) -> None:
        if self._live_ns is None and taken.parsed.rows:
            self._live_ns = now_ns
            self.say("live", "first market data")
        if taken.verdict is not None and taken.verdict.answer == "gap" and taken.parsed.sequence is not None:
            self._flush()
            stream, verdict = taken.parsed.sequence.stream, taken.verdict
            detail = f"stream {stream}: expected {verdict.expected}, was {verdict.was}"
            self.say("gap", detail, taken.voided)
            if not self._intake.void:
                self.say("live", "no book was touched by the gap")
            elif not self._void_ns:
                self._void_ns = now_ns

    def _mind_void_books(self, taken: Taken, now_ns: Nanos) -> None:
        """Say when the last void book is whole again; reconnect when that takes too long."""
        if not self._void_ns:
            return
        if not self._intake.void:
            self._void_ns = 0
            self.say("live", f"books whole again, {', '.join(taken.regained)} the last")
        elif now_ns - self._void_ns > nanos(self._settings.resync_s_max):
            void_s = seconds(now_ns - self._void_ns)
            raise FeedLost(f"no snapshot for {', '.join(self._intake.void)} in {void_s:.1f} s after a gap")

    def _flush(self) -> None:
        rows, saved = self._backlog.drain()
        self._counts.conflated += saved
        for row in rows:
            self._admit(row)
        self._counts.note_rows(rows)
