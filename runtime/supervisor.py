"""The supervisor: the one place that starts tasks, one flat table of them, restarts by budget, an end within bounds.

A guarded task is meant to run for ever: returning is as much a failure as raising. A failure is reported, then the
task is built again from its factory after a backoff, until the budget of its group is spent.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from contracts.life import GatewayFailed
from contracts.quantities import SECOND_NS
from runtime.restarts import Budget, Failures

CoroutineFactory = Callable[[], Coroutine[Any, Any, None]]
OnFailure = Callable[[GatewayFailed, BaseException | None], None]

CANCELS_AT_SHUTDOWN: Final = 4
"""A task that lost one cancellation in a library gets three more before it is named as hanging."""


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """The restart budget of a group of tasks; with `fatal`, the process ends when it is spent."""

    budget: Budget
    fatal: bool = False


_CRASHES = Guard(budget=Budget(failures_max=5, period_s=300, backoff_s=0.5, backoff_s_max=30))
_NEVER = Guard(budget=Budget(failures_max=0, period_s=1, backoff_s=0, backoff_s_max=0), fatal=True)
# The backoff alone bounds these: at most a few dozen failures fit into the hour that is counted.
_ALL_DAY = Guard(budget=Budget(failures_max=1_000_000, period_s=3600, backoff_s=2, backoff_s_max=300))

TASK_GUARDS: Final[dict[str, Guard]] = {
    "feeds": _CRASHES,
    "orders": _CRASHES,
    "metronome": _NEVER,
    "control": _NEVER,
    "trainer": _ALL_DAY,
    "allocator": _ALL_DAY,
    "mirrors": _ALL_DAY,
    "sources": _ALL_DAY,
    "stores": _ALL_DAY,
    "notifier": _ALL_DAY,
}
"""A lost connection is a state of a gateway and no failure; these are budgets of crashes."""


class Supervisor:
    """Starts tasks, holds them, restarts them, ends them.

    Laws: a task in the table is strongly held until it has ended; a cancellation that was asked for always ends its
    task, whatever the coroutine made of it; nothing is started once `shutdown` has begun.

    Parameters
    ----------
    chance
        Spreads the backoffs, so that what fell together does not come back together.
    on_failure
        Hears of every failure with the exception behind it, None if the task returned. If it raises, the process
        cannot keep its record, and `gave_up` says so.
    """

    def __init__(
        self, chance: np.random.Generator, on_failure: OnFailure, guards: Mapping[str, Guard] = TASK_GUARDS
    ) -> None:
        self._chance = chance
        self._on_failure = on_failure
        self._guards = dict(guards)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._guarded: dict[str, str] = {}
        self._closing = False
        self._fatal: GatewayFailed | None = None
        self._fatal_said = asyncio.Event()
        self.failures: dict[str, int] = {}

    @property
    def running(self) -> tuple[str, ...]:
        """The names of all living tasks, in the order they were started."""
        return tuple(self._tasks)

    @property
    def missing(self) -> tuple[str, ...]:
        """Guarded tasks that are no more: their budget is spent, or somebody else cancelled them."""
        return tuple(name for name in self._guarded if name not in self._tasks)

    def spawn(self, name: str, factory: CoroutineFactory, group: str) -> None:
        """Run a coroutine for ever, restarted by the budget of its group; raises ValueError for an unknown group."""
        if group not in self._guards:
            raise ValueError(f"group {group!r} of task {name}: expected one of {', '.join(self._guards)}")
        self._start(name, self._guard(name, factory, group))
        self._guarded[name] = group

    def spawn_once(self, name: str, factory: CoroutineFactory) -> asyncio.Task[None]:
        """Run a coroutine to its end, once; raising is reported under the group `once` and not repeated."""
        return self._start(name, self._run_once(name, factory))

    async def gave_up(self) -> GatewayFailed:
        """Return the failure by which the process must end, when there is one."""
        await self._fatal_said.wait()
        assert self._fatal is not None, "the event is set together with the failure"
        return self._fatal

    async def shutdown(self, within_s: float) -> tuple[str, ...]:
        """Cancel every task and wait at most that long; returns the names of those that hang.

        The task that calls is left out, so that a guarded task may end all the others.
        """
        self._closing = True
        ours = asyncio.current_task()
        for _ in range(CANCELS_AT_SHUTDOWN):
            left = [task for task in self._tasks.values() if task is not ours]
            if not left:
                break
            for task in left:
                task.cancel("shutdown")
            await asyncio.wait(left, timeout=within_s / CANCELS_AT_SHUTDOWN)
        return tuple(name for name, task in self._tasks.items() if task is not ours and not task.done())

    def _start(self, name: str, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        if self._closing or name in self._tasks:
            coroutine.close()
            why = "the supervisor is shutting down" if self._closing else "a task of that name is running"
            raise ValueError(f"task {name} cannot start: {why}")
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task.get_name()]

    async def _guard(self, name: str, factory: CoroutineFactory, group: str) -> None:
        guard = self._guards[group]
        failures = Failures(guard.budget)
        while True:
            error = await self._outcome(factory)
            at_ns = round(asyncio.get_running_loop().time() * SECOND_NS)
            spent = failures.add(at_ns)
            self._report(name, group, error, len(failures.times), spent=spent, fatal=spent and guard.fatal)
            if spent:
                return
            backoff_s = (failures.retry_ns(at_ns) - at_ns) / SECOND_NS
            await asyncio.sleep(backoff_s * self._chance.uniform(0.5, 1.5))

    async def _run_once(self, name: str, factory: CoroutineFactory) -> None:
        error = await self._outcome(factory)
        if error is not None:
            self._report(name, "once", error, 1, spent=True, fatal=False)

    async def _outcome(self, factory: CoroutineFactory) -> BaseException | None:
        """Run to the end; returns what it raised. A cancellation asked for goes on, even one that was swallowed."""
        task = asyncio.current_task()
        assert task is not None, "a coroutine is run by a task"
        error: BaseException | None = None
        try:
            await factory()
        except asyncio.CancelledError as stray:
            error = stray
        except Exception as crash:
            error = crash
        if task.cancelling() or self._closing:
            raise asyncio.CancelledError("the end was asked for") from error
        return error

    def _report(
        self, name: str, group: str, error: BaseException | None, failures: int, *, spent: bool, fatal: bool
    ) -> None:
        self.failures[name] = self.failures.get(name, 0) + 1
        failure = GatewayFailed(gateway=name, group=group, error=described(error), failures=failures, spent=spent)
        try:
            self._on_failure(failure, error)
        except Exception as unheard:
            text = f"{failure.error}; nobody could be told: {described(unheard)}"
            failure, fatal = msgspec.structs.replace(failure, error=text, spent=True), True
        if fatal and self._fatal is None:
            self._fatal = failure
            self._fatal_said.set()


def described(error: BaseException | None) -> str:
    """One line about how a task ended."""
    if error is None:
        return "returned"
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
