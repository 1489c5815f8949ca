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
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from actors.gateways.feed_connection import FeedConnection
from actors.gateways.feed_counts import FeedCounts, Quarantined, Sink, quarantined
from actors.gateways.feed_settings import FeedSettings
from contracts.envelope import Envelope
from contracts.market import FxMark, UniverseChanged
from contracts.ports import Clock, Feed, FeedFinished, FeedLost
from contracts.quantities import SECOND_NS, Nanos, nanos
from contracts.wire import MalformedFrame, RawFrame
from runtime.actor import Admit, Gateway

__all__ = ["FX_EVERY_NS", "FeedHandler", "FeedSettings"]

FX_EVERY_NS: Final = 60 * SECOND_NS


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
            connection = self._connection(next(self._epochs), admit)
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

    def _connection(self, epoch: int, admit: Admit) -> FeedConnection:
        def before_each(now_ns: Nanos) -> None:
            self._say_rates(admit, now_ns)

        return FeedConnection(
            self._feed, self._clock, self._settings, epoch, admit, self.counts, self._keep, before_each
        )

    def _say_rates(self, admit: Admit, now_ns: Nanos) -> None:
        """Say the fixed rates when they are due again."""
        if now_ns >= self._fx_due_ns:
            self._fx_due_ns = now_ns + FX_EVERY_NS
            for currency, rate in self._settings.fx.items():
                admit(FxMark(currency, rate, now_ns))

    def _keep(self, frame: RawFrame, error: MalformedFrame) -> None:
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
        self._say_rates(admit, now_ns)
        self._on_warm()

    async def _pause(self, failures: int, admit: Admit) -> None:
        """Wait before the next attempt: twice as long each time, and a random part of it."""
        longest_s = min(self._settings.reconnect_s_max, self._settings.reconnect_s_min * 2.0 ** min(failures - 1, 32))
        until_ns = self._clock.now() + nanos(longest_s * self._chance.uniform(0.5, 1.0))
        while self._clock.now() < until_ns:
            await self._clock.sleep_until(min(until_ns, self._fx_due_ns))
            self._say_rates(admit, self._clock.now())
