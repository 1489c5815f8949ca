"""A source of remote signals in memory: whoever is connected hears what is written from then on."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from contracts.ports import SignalsLost
from contracts.quantities import Nanos
from contracts.wire import RawSignal

BATCH_MAX: Final = 500


class MemorySignals:
    """Implements `contracts.ports.SignalSource` for one reader; one that nobody writes to is silent for ever."""

    def __init__(self) -> None:
        self._waiting: deque[RawSignal] | None = None
        self._changed = asyncio.Event()
        self._away = ""

    def write(self, data: bytes, stamped_ns: Nanos) -> None:
        """Leave one record; nobody ever hears it who is not connected now."""
        if self._waiting is not None:
            self._waiting.append(RawSignal(data, stamped_ns))
            self._changed.set()

    def lose(self, why: str) -> None:
        """End the connection there is, and refuse others until `heal`."""
        self._away = why
        self._changed.set()

    def heal(self) -> None:
        """Let connections be made again."""
        self._away = ""

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncIterator[tuple[RawSignal, ...]]]:
        """Read on from now; raises SignalsLost while it is away."""
        if self._away:
            raise SignalsLost(self._away)
        self._waiting = deque()
        try:
            yield self._batches(self._waiting)
        finally:
            self._waiting = None

    async def _batches(self, waiting: deque[RawSignal]) -> AsyncIterator[tuple[RawSignal, ...]]:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._away:
                raise SignalsLost(self._away)
            while waiting:
                yield tuple(waiting.popleft() for _ in range(min(BATCH_MAX, len(waiting))))
