"""One connection epoch of a feed: frames in, believed rows and states of the feed out."""

import asyncio
from collections.abc import Callable
from typing import Final

from actors.gateways.conflation import Backlog
from actors.gateways.feed_counts import FeedCounts
from actors.gateways.feed_settings import FeedSettings
from actors.gateways.intake import Intake, Taken
from actors.gateways.jumps import Jumps
from contracts.market import FeedState, FeedStatus, Tick
from contracts.ports import Clock, Feed, FeedLost
from contracts.quantities import Nanos, nanos, seconds
from contracts.wire import MalformedFrame, MarketRow, RawFrame
from runtime.actor import Admit

_BREATH: Final = 32
_DEADLINE_GRAIN: Final = 16


class FeedConnection:
    """Made for one epoch; `keep` takes unreadable frames, `before_each` runs before each frame with the time."""

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        settings: FeedSettings,
        epoch: int,
        admit: Admit,
        counts: FeedCounts,
        keep: Callable[[RawFrame, MalformedFrame], None],
        before_each: Callable[[Nanos], None],
    ) -> None:
        self._feed = feed
        self._clock = clock
        self._settings = settings
        self._epoch = epoch
        self._admit = admit
        self._counts = counts
        self._keep = keep
        self._before_each = before_each
        self._symbols = self._feed.universe.symbols
        self._intake = Intake(self._feed.parser(epoch), self._settings.waiting_max)
        self._jumps = Jumps(self._settings.jump_ratio_max, self._settings.jump_quotes)
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
        self._before_each(now_ns)
        self._counts.received += 1
        self._counts.received_bytes += len(frame.data)
        try:
            taken = self._intake.take(frame)
        except MalformedFrame as error:
            self._keep(frame, error)
            return
        self._counts.note_frame(taken.parsed.kind, taken.verdict, empty=not taken.parsed.rows)
        self._counts.void_rows += taken.refused
        self._states(taken, now_ns)
        self._backlog.add(self._plausible(taken.rows))
        if self._backlog.full or now_ns - frame.received_ns <= self._behind_ns:
            self._flush()
        self._mind_void_books(taken, now_ns)

    def _plausible(self, rows: tuple[MarketRow, ...]) -> tuple[MarketRow, ...]:
        kept = tuple(row for row in rows if not isinstance(row, Tick) or self._jumps.keeps(row))
        self._counts.implausible += len(rows) - len(kept)
        return kept

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
