"""A pace: at most so many a second, so many at once, and nobody ever jumps the queue."""

from contracts.ports import Clock
from contracts.quantities import SECOND_NS


class Pace:
    """A token bucket kept as the one instant at which it is full again (the generic cell rate algorithm).

    Law: in any window of `w` seconds at most `burst + per_s * w` turns are given.
    """

    def __init__(self, clock: Clock, per_s: float, burst: int) -> None:
        self._clock = clock
        self._interval_ns = round(SECOND_NS / per_s)
        self._slack_ns = (burst - 1) * self._interval_ns
        self._full_ns = 0

    async def turn(self) -> None:
        """Return when it is the caller's turn; at once while there is one to spare."""
        now_ns = self._clock.now()
        start_ns = max(self._full_ns, now_ns)
        # Taken before waiting: whoever comes next waits behind us, cancelled or not.
        self._full_ns = start_ns + self._interval_ns
        if start_ns - self._slack_ns > now_ns:
            await self._clock.sleep_until(start_ns - self._slack_ns)
