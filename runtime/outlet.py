"""An outlet: the bounded queue from a turn to one gateway. It never holds up the turn that writes into it."""

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any

from contracts.envelope import Envelope


class OutletOverflow(RuntimeError):
    """The gateway read too slowly: it fails and is started again, the turn that wrote went on."""


class Outlet:
    """Messages for one gateway in the order they were said.

    Iterating waits for the next one. When more than `capacity` wait, the outlet drops them all, counts them, and the
    reader gets `OutletOverflow` once: after that it starts from what is said next.
    """

    def __init__(self, name: str, capacity: int) -> None:
        self.name = name
        self.capacity = capacity
        self.dropped = 0
        self.depth_max = 0
        self.closed = False
        self._queue: deque[Envelope[Any]] = deque()
        self._overflowed = False
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._queue)

    def unread(self) -> Iterator[Envelope[Any]]:
        """Take out what waits, without waiting for more; raises OutletOverflow as waiting would."""
        while self._overflowed or self._queue:
            yield self._next()

    def offer(self, envelope: Envelope[Any]) -> None:
        """Take one message; called within a turn, so it neither blocks nor raises."""
        if self.closed:
            return
        self._queue.append(envelope)
        depth = len(self._queue)
        if depth > self.depth_max:
            self.depth_max = depth
        if depth > self.capacity:
            self.dropped += depth
            self._overflowed = True
            self._queue.clear()
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def __aiter__(self) -> "Outlet":
        return self

    async def __anext__(self) -> Envelope[Any]:
        while True:
            if self._overflowed or self._queue:
                return self._next()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def _next(self) -> Envelope[Any]:
        if self._overflowed:
            self._overflowed = False
            raise OutletOverflow(f"{self.name} left more than {self.capacity} messages unread")
        return self._queue.popleft()
