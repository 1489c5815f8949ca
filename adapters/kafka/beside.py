"""A thread with a loop of its own, for what must go on in real time beside a loop that may stand still."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, Final

from contracts.quantities import Seconds

JOIN_S: Final = 10.0


class Beside:
    """Runs one coroutine on a thread from `start` until it ends or `close` cancels it."""

    def __init__(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = work
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._running: Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._running = self._threads.submit(self._run)

    @property
    def error(self) -> BaseException | None:
        """What it failed with, once it has."""
        running = self._running
        return None if running is None or not running.done() or running.cancelled() else running.exception()

    def wait(self, within_s: Seconds) -> bool:
        """Whether it has come to its end within that time, well or badly."""
        assert self._running is not None, "it was started"
        try:
            self._running.exception(within_s)
        except TimeoutError:
            return False
        except CancelledError:
            return True
        return True

    def call(self, callback: Callable[[], object]) -> None:
        """Have something done on its thread, if it is still there."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended already
                loop.call_soon_threadsafe(callback)

    def close(self) -> None:
        """Cancel it and wait for its end, not for ever."""
        task = self._task
        if task is not None:
            self.call(task.cancel)
        if self._running is not None:
            self.wait(JOIN_S)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._live())

    async def _live(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        await self._work()
