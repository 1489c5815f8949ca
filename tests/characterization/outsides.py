"""Outsides that misbehave to order: a feed whose frames or quotes are changed at chosen seconds."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from contracts.market import Tick
from contracts.ports import Clock, Feed, Parser
from contracts.quantities import SECOND_NS
from contracts.wire import Parsed, RawFrame

Meddle = Callable[[float, RawFrame], Iterable[RawFrame]]
"""Seconds since the start and a frame; what comes instead of it. It may raise FeedLost."""

Requote = Callable[[float, Tick], Tick | None]
"""Seconds since the start and a quote; what is quoted instead, None for nothing."""


class Outer:
    """A feed around another; everything that is not changed is the inner one's."""

    def __init__(self, feed: Feed, clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._start_ns = clock.now()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    def seconds(self) -> float:
        return (self._clock.now() - self._start_ns) / SECOND_NS


class Meddled(Outer):
    """Frames are changed on the wire, and the wire is silent between some seconds."""

    def __init__(self, feed: Feed, clock: Clock, meddle: Meddle, silent: tuple[float, float]) -> None:
        super().__init__(feed, clock)
        self._meddle = meddle
        self._silent = silent

    @asynccontextmanager
    async def connect(self, epoch: int) -> AsyncIterator[AsyncIterator[RawFrame]]:
        async with self._feed.connect(epoch) as frames:
            changed = self._changed(frames)
            try:
                yield changed
            finally:
                await changed.aclose()

    async def _changed(self, frames: AsyncIterator[RawFrame]) -> AsyncGenerator[RawFrame, None]:
        begin_s, end_s = self._silent
        async for frame in frames:
            if begin_s <= self.seconds() < end_s:
                await self._clock.sleep_until(self._start_ns + round(end_s * SECOND_NS))
            for each in self._meddle(self.seconds(), frame):
                yield each


class Requoted(Outer):
    """Quotes are changed behind the parser, so that no frame is ever missing."""

    def __init__(self, feed: Feed, clock: Clock, requote: Requote) -> None:
        super().__init__(feed, clock)
        self._requote = requote

    def parser(self, epoch: int) -> Parser:
        inner = self._feed.parser(epoch)

        class Changed:
            def parse(parser, frame: RawFrame) -> Parsed:  # noqa: N805
                parsed = inner.parse(frame)
                rows = [self._requote(self.seconds(), row) if isinstance(row, Tick) else row for row in parsed.rows]
                return msgspec.structs.replace(parsed, rows=tuple(row for row in rows if row is not None))

        return Changed()


def meddled(meddle: Meddle, silent: tuple[float, float] = (0.0, 0.0)) -> Callable[[Feed, Clock], Any]:
    """For `TestWorld.feed_of`."""
    return lambda feed, clock: Meddled(feed, clock, meddle, silent)


def requoted(requote: Requote) -> Callable[[Feed, Clock], Any]:
    """For `TestWorld.feed_of`."""
    return lambda feed, clock: Requoted(feed, clock, requote)


def silent_after(seconds: float) -> Callable[[Feed, Clock], Any]:
    """A feed whose wire stays open and says nothing more."""
    return meddled(lambda _, frame: (frame,), (seconds, 1e9))
