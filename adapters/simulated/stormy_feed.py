"""A feed in bad weather: the same frames with faults among them, each one counted."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from adapters.simulated.chance import Stream, generator
from adapters.simulated.frames import absurd, crossed
from adapters.simulated.weather import Dice, FeedFaults, WeatherSettings
from contracts.instrument import Universe
from contracts.market import BarHistory
from contracts.ports import Clock, Feed, FeedLost, Parser
from contracts.quantities import Nanos, Seconds, nanos
from contracts.wire import RawFrame


class StormyFeed:
    """Any feed with faults; `counts` says how many of each kind have struck."""

    def __init__(self, feed: Feed, weather: WeatherSettings, clock: Clock) -> None:
        self.name = feed.name
        self._feed = feed
        self._weather = weather
        self._clock = clock
        self._dice: Dice[FeedFaults] = Dice(weather.feed, generator(weather.seed, Stream.FEED_WEATHER))

    @property
    def counts(self) -> dict[str, int]:
        """Faults that struck, by kind."""
        return dict(self._dice.counts)

    @property
    def universe(self) -> Universe:
        """The instruments of the feed."""
        return self._feed.universe

    def history(self, bar_s: Seconds, bars: int, before_ns: Nanos) -> BarHistory | None:
        """History has no weather."""
        return self._feed.history(bar_s, bars, before_ns)

    def parser(self, epoch: int) -> Parser:
        """The feed's own parser."""
        return self._feed.parser(epoch)

    @asynccontextmanager
    async def connect(self, epoch: int) -> AsyncIterator[AsyncIterator[RawFrame]]:
        """A connection of the feed with weather on it."""
        async with self._feed.connect(epoch) as frames:
            struck = self._struck(frames)
            try:
                yield struck
            finally:
                await struck.aclose()

    async def _struck(self, frames: AsyncIterator[RawFrame]) -> AsyncGenerator[RawFrame, None]:
        held: RawFrame | None = None
        async for frame in frames:
            kind = self._dice.draw(*FeedFaults.__struct_fields__)
            if kind == "swap" and held is None:
                held = frame
                continue
            for out in await self._strike(kind, frame):
                yield out
            if held is not None:
                self._dice.struck("swap")
                yield held
                held = None

    async def _strike(self, kind: str | None, frame: RawFrame) -> tuple[RawFrame, ...]:
        """What comes out instead of the frame; raises FeedLost for a disconnect."""
        if kind is None or kind == "swap":
            return (frame,)
        if kind in ("garbage", "crossed", "absurd"):
            forged = self._forge(kind, frame.data)
            if forged is None:
                return (frame,)
            self._dice.struck(kind)
            return (msgspec.structs.replace(frame, data=forged),)
        self._dice.struck(kind)
        if kind == "disconnect":
            raise FeedLost(f"{self.name}: the weather cut the connection")
        if kind == "stall":
            await self._clock.sleep_until(self._clock.now() + nanos(self._dice.seconds(self._weather.stall_s_max)))
        return {"drop": (), "duplicate": (frame, frame), "stall": (frame,)}[kind]

    def _forge(self, kind: str, data: bytes) -> bytes | None:
        if kind == "garbage":
            return self._dice.bytes(len(data))
        return crossed(data) if kind == "crossed" else absurd(data)
