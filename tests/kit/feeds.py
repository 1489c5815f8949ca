"""Builders for feeds: instruments of real venues, literal frames, and a feed whose script a test writes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec

from contracts.instrument import Universe
from contracts.market import BarHistory
from contracts.ports import Clock, FeedFinished, FeedLost
from contracts.quantities import SECOND_NS
from contracts.wire import MalformedFrame, Parsed, RawFrame
from tests.kit.market import an_instrument

START_NS = 1_786_309_548 * SECOND_NS


def raw(data: bytes | str, *, number: int = 0, epoch: int = 1, at_s: float = 0.0) -> RawFrame:
    """A frame as a socket hands it over."""
    text = data.encode() if isinstance(data, str) else data
    return RawFrame(text, START_NS + round(at_s * SECOND_NS), epoch, number)


def coinbase_universe() -> Universe:
    """BTC-USD and ETH-USD on their real grids."""
    grid = {"tick": Decimal("0.01"), "lot": Decimal("0.00000001"), "can_short": False}
    return Universe(1, (an_instrument(symbol="BTC-USD", **grid), an_instrument(symbol="ETH-USD", **grid)))


def binance_universe(*symbols: str, tick: str = "0.01000000", lot: str = "0.00001000") -> Universe:
    """Pairs against USDT on one grid."""
    pairs: dict[str, Any] = {"tick": Decimal(tick), "lot": Decimal(lot), "quote": "USDT", "settlement": "USDT"}
    return Universe(
        1,
        tuple(an_instrument(symbol=name, base=name.removesuffix("USDT"), **pairs) for name in symbols or ("BTCUSDT",)),
    )


class ScriptedParser:
    """Frames that are their own meaning: msgpack of a `Parsed`; anything else is malformed."""

    def parse(self, frame: RawFrame) -> Parsed:
        try:
            return msgspec.msgpack.decode(frame.data, type=Scripted).parsed(frame)
        except msgspec.DecodeError as error:
            raise MalformedFrame(str(error)) from None


class Scripted(msgspec.Struct):
    """A frame by number: which one of the script's meanings it has."""

    index: int

    def parsed(self, frame: RawFrame) -> Parsed:
        return MEANINGS[self.index]


MEANINGS: dict[int, Parsed] = {}


def meaning(parsed: Parsed) -> bytes:
    """Bytes that the scripted parser reads as this."""
    index = len(MEANINGS)
    MEANINGS[index] = parsed
    return msgspec.msgpack.encode(Scripted(index))


class ScriptedFeed:
    """Connections as a test writes them: (seconds after the connection, bytes) and how each ends.

    An end is "lost", "finished" or "silent"; after the last connection every other is refused.
    """

    name = "scripted"

    def __init__(
        self,
        clock: Clock,
        universe: Universe,
        *connections: tuple[Iterable[tuple[float, bytes]], str],
        history: BarHistory | None = None,
        parser: Any = None,
    ) -> None:
        self._clock = clock
        self._universe = universe
        self._connections = list(connections)
        self._history = history
        self._parser = parser
        self.connected_ns: list[int] = []
        self.asked: list[tuple[float, int, int]] = []
        self._number = 0

    @property
    def universe(self) -> Universe:
        return self._universe

    def history(self, bar_s: float, bars: int, before_ns: int) -> BarHistory | None:
        self.asked.append((bar_s, bars, before_ns))
        return self._history

    def parser(self, epoch: int) -> Any:
        return self._parser or ScriptedParser()

    @asynccontextmanager
    async def connect(self, epoch: int) -> AsyncIterator[AsyncIterator[RawFrame]]:
        self.connected_ns.append(self._clock.now())
        if not self._connections:
            raise FeedLost("refused")
        frames = self._play(epoch, *self._connections.pop(0))
        try:
            yield frames
        finally:
            await frames.aclose()

    async def _play(
        self, epoch: int, script: Iterable[tuple[float, bytes]], end: str
    ) -> AsyncGenerator[RawFrame, None]:
        start_ns = self._clock.now()
        for after_s, data in script:
            at_ns = start_ns + round(after_s * SECOND_NS)
            await self._clock.sleep_until(at_ns)
            yield RawFrame(data, at_ns, epoch, self._number)
            self._number += 1
        if end == "lost":
            raise FeedLost("connection reset")
        if end == "finished":
            raise FeedFinished("the script")
        await asyncio.Event().wait()
