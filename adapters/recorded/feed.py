"""A recording as a feed: the same frames at the same distances in time, through the parsers of the live venues."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.binance.frames import BinanceParser
from adapters.coinbase.frames import CoinbaseParser
from adapters.recorded.formats import UNNAMED, Record
from adapters.recorded.history import candle_history
from adapters.recorded.recording import Recording
from adapters.recorded.venues import COINBASE, SPOT
from contracts.instrument import Universe
from contracts.market import BarHistory
from contracts.ports import Clock, FeedFinished, FeedLost, Parser
from contracts.quantities import SECOND_NS, Nanos, Seconds
from contracts.wire import RawFrame


class RecordedFeed:
    """Plays one recording once; `started_ns` is the time of its first frame, where the run's clock should start.

    A reconnect goes on where the clock stands: what was recorded while nobody listened is lost, as in life, and counted
    in `missed`. Where the recording itself changes its connection, the iterator raises FeedLost.

    Raises:
        BadRecording: at construction, for a file that cannot be played whole.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.name = f"recorded:{path.name}"
        self.missed = 0
        self._clock = clock
        self._recording = Recording(path)
        self._frames = enumerate(self._recording.frames())
        self._next: tuple[int, Record] | None = next(self._frames, None)
        self._connection: str | None = None

    @property
    def universe(self) -> Universe:
        """The instruments that the recorded frames name."""
        return self._recording.universe

    @property
    def started_ns(self) -> Nanos:
        """When the first frame was received."""
        return self._recording.started_ns

    def history(self, bar_s: Seconds, bars: int, before_ns: Nanos) -> BarHistory | None:
        """Closed candles that the recording carries; None where it has none of that length."""
        return candle_history(self._recording.candles, self.universe, bar_s, bars, before_ns)

    def parser(self, epoch: int) -> Parser:
        """A fresh parser of the venue that was recorded."""
        if self._recording.venue == COINBASE:
            return CoinbaseParser(self.universe)
        return BinanceParser(self.universe, "spot" if self._recording.venue == SPOT else "usdm")

    def connect(self, epoch: int) -> AbstractAsyncContextManager[AsyncIterator[RawFrame]]:
        """The frames from here on, each at its own time; FeedFinished at the end."""
        return self._connected(epoch)

    def frames(self) -> Iterator[RawFrame]:
        """All frames at once, without a clock, from the beginning; epochs count the recorded connections from 1."""
        epoch, connection = 1, UNNAMED
        for number, record in enumerate(self._recording.frames()):
            before, connection = connection, _connection_of(record, connection)
            epoch += before not in (UNNAMED, connection)
            yield RawFrame(record.data, record.at_ns, epoch, number)

    def summary(self) -> dict[str, Any]:
        """What was recorded: records by kind, the time of the first frame, the span, how many connections."""
        recording = self._recording
        micros, _ = divmod(recording.first_ns + 500, 1000)
        first = datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
        return {
            "records": dict(recording.counts),
            "first": first.isoformat(timespec="microseconds"),
            "span_s": round((recording.last_ns - recording.first_ns) / SECOND_NS, 3),
            "connections": recording.connections,
        }

    @asynccontextmanager
    async def _connected(self, epoch: int) -> AsyncIterator[AsyncIterator[RawFrame]]:
        frames = self._played(epoch)
        try:
            yield frames
        finally:
            await frames.aclose()

    async def _played(self, epoch: int) -> AsyncGenerator[RawFrame, None]:
        self._skip_lost()
        connection = UNNAMED
        while self._next is not None:
            number, record = self._next
            before, connection = connection, _connection_of(record, connection)
            if before not in (UNNAMED, connection):
                raise FeedLost("the recorded connection ends here and another begins")
            await self._clock.sleep_until(record.at_ns)
            self._next = next(self._frames, None)
            yield RawFrame(record.data, record.at_ns, epoch, number)
        lost = f", {self.missed} frames came while nobody listened" if self.missed else ""
        raise FeedFinished(f"{self._recording.path} is at its end{lost}")

    def _skip_lost(self) -> None:
        """Let go what was recorded between a lost connection and now."""
        now_ns = self._clock.now()
        while self._next is not None and self._next[0] > 0 and self._next[1].at_ns < now_ns:
            self.missed += 1
            self._next = next(self._frames, None)


def _connection_of(record: Record, current: str) -> str:
    """The connection that is recorded now: answers over REST and unnamed records belong to the one there is."""
    return record.connection if record.kind == "recv" and record.connection != UNNAMED else current
