"""Where the time comes from: the machine's wall clock, the running loop's time, or a hand that sets it.

The one module of the core that reads the machine's clocks. Everything else is given a `contracts.ports.Clock`.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from contracts.quantities import SECOND_NS, Nanos

STEP_TOLERANCE_NS: Final = 50_000_000
"""Slewing moves a disciplined clock by at most 0.5 ms per second; more between two readings is a step."""


class WallClock:
    """The machine's time of day, for a live bot.

    `now` follows the wall, because venues do. `sleep_until` turns its argument into an interval once and lets the loop
    (hence the monotonic clock) measure it: a wall set back by a day prolongs no sleep, one set forward cuts none short.
    """

    def __init__(
        self,
        wall_ns: Callable[[], Nanos] = time.time_ns,
        monotonic_ns: Callable[[], Nanos] = time.monotonic_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._offset_ns = wall_ns() - monotonic_ns()

    def now(self) -> Nanos:
        """Nanoseconds since 1970 UTC; may go backwards when the machine's clock does."""
        return self._wall_ns()

    async def sleep_until(self, at_ns: Nanos) -> None:
        """Return when as much monotonic time is over as lay between now and then; at once if it is past."""
        await asyncio.sleep(max(0, at_ns - self.now()) / SECOND_NS)

    def stepped(self) -> Nanos:
        """How far the wall moved against the monotonic clock since the last reading; 0 within the tolerance.

        Positive is forward. A machine that was suspended shows as a step forward too, since the monotonic clock
        stands still meanwhile: whoever acts on it must take all data for stale in both cases.
        """
        offset_ns = self._wall_ns() - self._monotonic_ns()
        moved_ns = offset_ns - self._offset_ns
        self._offset_ns = offset_ns
        return moved_ns if abs(moved_ns) > STEP_TOLERANCE_NS else 0


class LoopClock:
    """The loop's own time, counted from `start_ns` and sped up by `speed`.

    On a virtual loop a day passes at full speed; on a real one a recording plays at 1x or Nx. Time starts to pass at
    the first reading inside the loop; before any loop runs the clock stands at `start_ns`.
    """

    def __init__(self, start_ns: Nanos, speed: float = 1.0, loop: asyncio.AbstractEventLoop | None = None) -> None:
        if not 0.0 < speed < float("inf"):
            raise ValueError(f"speed {speed} of a clock: expected a positive, finite factor")
        self._start_ns = start_ns
        self._speed = speed
        self._loop = loop
        self._origin_s: float | None = None if loop is None else loop.time()

    def now(self) -> Nanos:
        """Nanoseconds since 1970 UTC; never goes backwards."""
        if self._loop is None:
            self._loop = asyncio._get_running_loop()
            if self._loop is None:
                return self._start_ns
        loop_s = self._loop.time()
        if self._origin_s is None:
            self._origin_s = loop_s
        return self._start_ns + round((loop_s - self._origin_s) * self._speed * SECOND_NS)

    async def sleep_until(self, at_ns: Nanos) -> None:
        """Return when `now()` is `at_ns` or later; at once, but with one pass of the loop, if it is past."""
        if at_ns <= self.now():
            await asyncio.sleep(0)
        while at_ns > self.now():
            await self._sleep_once(at_ns)

    async def _sleep_once(self, at_ns: Nanos) -> None:
        # An absolute time, not an interval: rounded intervals would add up to nanoseconds within an hour.
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        due_s = (self._origin_s or 0.0) + (at_ns - self._start_ns) / SECOND_NS / self._speed
        timer = loop.call_at(due_s, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


class FixedClock:
    """A clock that stands where it was set: the time of a replay, and of a test that says what time it is."""

    def __init__(self, at_ns: Nanos = 0) -> None:
        self._at_ns = at_ns
        self._sleepers: list[tuple[Nanos, asyncio.Future[None]]] = []

    def now(self) -> Nanos:
        """The time last set."""
        return self._at_ns

    def set(self, at_ns: Nanos) -> None:
        """Move to a time, also backwards, and wake whoever waited for it, the earliest first."""
        self._at_ns = at_ns
        if not self._sleepers:
            return
        due = sorted((s for s in self._sleepers if s[0] <= at_ns), key=lambda sleeper: sleeper[0])
        self._sleepers = [s for s in self._sleepers if s[0] > at_ns]
        for _, woken in due:
            _wake(woken)

    async def sleep_until(self, at_ns: Nanos) -> None:
        """Return once the clock was set to that time or later; at once if it is past."""
        if at_ns <= self._at_ns:
            await asyncio.sleep(0)
            return
        sleeper = (at_ns, asyncio.get_running_loop().create_future())
        self._sleepers.append(sleeper)
        try:
            await sleeper[1]
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)


def monotonic_s() -> float:
    """Return seconds that only ever pass, for the threads that watch the loop and so cannot use its time."""
    return time.monotonic()


def since_boot_s() -> float:
    """Return seconds that also pass while the machine sleeps, for what runs out whether anybody is awake or not."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)
