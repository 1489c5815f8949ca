"""From a thread that reads Kafka to the loop that trades: two bounded queues, waited for in real time.

On a loop whose time is virtual a wait holds everything up, so that no timer fires while something is on its way; on a
real loop only who waits is held up. The reading thread is told when a queue is full, and reads no more of it until
there is room.
"""

import asyncio
import threading
from collections import deque

from contracts.quantities import Seconds
from contracts.stream import PartFrames, StreamBlock


class Handover:
    """Blocks and frames on their way; implements `contracts.ports.StreamSource` on the side of the loop."""

    def __init__(self, *, held: bool, capacity: int = 2048) -> None:
        self._held = held
        self._capacity = capacity
        self._blocks: deque[StreamBlock] = deque()
        self._frames: deque[PartFrames] = deque()
        self._arrived = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken: asyncio.Event | None = None

    async def take(self, within_s: Seconds) -> StreamBlock | PartFrames | None:
        """The next of anything, frames first: they are waited for more often."""
        await self._wait(within_s, frames_only=False)
        with self._arrived:
            if self._frames:
                return self._frames.popleft()
            return self._blocks.popleft() if self._blocks else None

    async def frames(self, within_s: Seconds) -> PartFrames | None:
        """The next frames."""
        await self._wait(within_s, frames_only=True)
        with self._arrived:
            return self._frames.popleft() if self._frames else None

    def room_for_blocks(self) -> bool:
        """Whether blocks may be read."""
        return len(self._blocks) < self._capacity

    def room_for_frames(self) -> bool:
        """Whether frames may be read."""
        return len(self._frames) < self._capacity

    def put(self, heard: StreamBlock | PartFrames) -> None:
        """Hand one over; called by the reading thread."""
        with self._arrived:
            if isinstance(heard, StreamBlock):
                self._blocks.append(heard)
            else:
                self._frames.append(heard)
            self._arrived.notify()
        loop, woken = self._loop, self._woken
        if loop is not None and woken is not None and not loop.is_closed():
            loop.call_soon_threadsafe(woken.set)

    def _here(self, *, frames_only: bool) -> bool:
        return bool(self._frames) or (bool(self._blocks) and not frames_only)

    async def _wait(self, within_s: Seconds, *, frames_only: bool) -> None:
        if self._held:
            with self._arrived:
                self._arrived.wait_for(lambda: self._here(frames_only=frames_only), within_s)
            return
        if self._woken is None:
            self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with asyncio.timeout(within_s):
                while not self._here(frames_only=frames_only):
                    self._woken.clear()
                    if not self._here(frames_only=frames_only):
                        await self._woken.wait()
        except TimeoutError:
            return
