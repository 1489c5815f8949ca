"""The one thread of the journal: it waits for the medium, so that the event loop need not."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class SyncThread:
    """Runs one sync at a time beside the loop. It touches a file descriptor and nothing else.

    The kernel tells the error of a sync once, to whoever asks first: so nobody may sync inline before `wait` has said
    how the one in the thread went.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal-sync")
        self._last: Future[None] | None = None

    def run(self, sync: Callable[[], None], done: Callable[[BaseException | None], None]) -> None:
        """Run `sync` there and call `done` with its error, or None, in the running loop."""
        self._last = self._executor.submit(sync)
        future = asyncio.wrap_future(self._last)
        future.add_done_callback(lambda future: done(future.exception()))

    def wait(self) -> BaseException | None:
        """Block until the last sync is over, and say its error."""
        return None if self._last is None else self._last.exception()

    def close(self) -> None:
        """Return when the last sync is over."""
        self._executor.shutdown(wait=True)
