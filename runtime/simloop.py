"""An asyncio event loop in virtual time: when nothing is ready the clock jumps to the next timer.

A day of timers takes as long as its callbacks do, and the same program takes the same steps every time. With a seed the
order of callbacks that are ready at once is drawn at random, the same way for the same seed: what holds for every
order holds for every seed.
"""

import asyncio
import heapq
import math
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, Final, TypeVar, TypeVarTuple

from runtime.seeds import Seeds

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BUSY_TURNS_PER_POLL: Final = 64
"""How long a busy loop may leave signals and sockets unheard; a poll costs as much as several callbacks."""

CANCELLED_TIMERS_MIN: Final = 64
FOREIGN_WAIT_S: Final = 1.0
"""Real time given to real file descriptors before the loop is called dead."""


class Deadlock(RuntimeError):
    """Nothing is ready and no timer is set: the named tasks wait for ever."""


class TimeLimit(RuntimeError):
    """The virtual time allowed is over; the named tasks were not at their end."""


class SimLoop(asyncio.SelectorEventLoop):
    """The loop; `time()` starts at 0 and moves only by jumps, never past `limit_s`.

    Real file descriptors are polled without waiting, so timers never wait for them; executor jobs run in place, since a
    thread would bring the machine's time in. Raises Deadlock and TimeLimit out of `run_until_complete`.
    """

    # What the standard library's loop calls its own parts, the same on 3.11 and 3.12.
    _ready: deque[asyncio.Handle]
    _selector: selectors.BaseSelector
    _process_events: Callable[[list[tuple[selectors.SelectorKey, int]]], None]
    _stopping: bool
    _internal_fds: int

    def __init__(self, *, seed: int | None = None, limit_s: float = math.inf) -> None:
        super().__init__()
        self._now_s = 0.0
        self._limit_s = limit_s
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timers_set = 0
        self._timers_cancelled = 0
        self._chance = None if seed is None else Seeds(seed).generator("simloop")
        self._turns = 0

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now_s

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run a callback when time is `when`; of two at one time the one set first comes first."""
        if self.is_closed():
            raise RuntimeError("a timer was set on a loop that is closed")
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._timers_set += 1
        heapq.heappush(self._timers, (when, self._timers_set, timer))
        return timer

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run the job on the loop, at its turn: no thread takes part in virtual time."""

        async def job() -> T:
            return func(*args)

        return self.create_task(job())

    def close(self) -> None:
        """Forget all timers and close what the loop holds open."""
        self._timers.clear()
        super().close()

    def _run_once(self) -> None:
        """One pass: hear the outside, jump if idle, take what is due, run what was ready at the start."""
        self._drop_cancelled_timers()
        self._turns += 1
        idle = not self._ready and not self._stopping
        if idle or self._turns % BUSY_TURNS_PER_POLL == 0:
            self._poll(0.0)
        if idle and not self._ready:
            self._jump()
        self._take_due_timers()
        if self._chance is not None and len(self._ready) > 1:
            waiting = list(self._ready)
            self._ready.clear()
            self._ready.extend(waiting[i] for i in self._chance.permutation(len(waiting)))
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _poll(self, timeout_s: float) -> None:
        self._process_events(self._selector.select(timeout_s))

    def _has_foreign_fds(self) -> bool:
        return len(self._selector.get_map()) > self._internal_fds

    def _jump(self) -> None:
        if not self._timers:
            if self._has_foreign_fds():
                self._poll(FOREIGN_WAIT_S)
            if not self._ready:
                raise Deadlock(f"nothing is ready and no timer is set at {self._now_s} s; waiting: {self._waiting()}")
            return
        when_s = self._timers[0][0]
        if when_s > self._limit_s:
            raise TimeLimit(f"the {self._limit_s} virtual seconds allowed are over; still there: {self._waiting()}")
        self._now_s = max(self._now_s, when_s)

    def _take_due_timers(self) -> None:
        while self._timers and self._timers[0][0] <= self._now_s:
            self._ready.append(heapq.heappop(self._timers)[2])

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Count a cancelled timer; it leaves the heap when it gets to the top, or when too many are cancelled."""
        self._timers_cancelled += 1

    def _drop_cancelled_timers(self) -> None:
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if self._timers_cancelled > max(CANCELLED_TIMERS_MIN, len(self._timers) // 2):
            self._timers = [entry for entry in self._timers if not entry[2].cancelled()]
            heapq.heapify(self._timers)
            self._timers_cancelled = 0

    def _waiting(self) -> str:
        """The unfinished tasks with the line each stands at, in the order of their names."""
        places = []
        for task in asyncio.all_tasks(self):
            frames = task.get_stack(limit=1)
            place = f" at {frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else ""
            places.append(f"{task.get_name()}{place}")
        return ", ".join(sorted(places)) or "no task"


def run_virtual(coro: Coroutine[Any, Any, T], *, seed: int | None = None, limit_s: float = 86_400.0) -> T:
    """Run a coroutine to its end on a loop of its own in virtual time, then cancel what it left behind.

    Parameters
    ----------
    coro
        What to run.
    seed
        Draws the order of callbacks that are ready at once; None keeps the order in which they became ready.
    limit_s
        Virtual seconds; raises TimeLimit when the next timer lies beyond. Raises Deadlock when nothing can happen.
    """
    with asyncio.Runner(loop_factory=lambda: SimLoop(seed=seed, limit_s=limit_s)) as runner:
        return runner.run(coro)
