"""A stderr that holds nobody up: what is said waits in a bounded queue, and a thread hands it to whoever reads.

A pipe that nobody reads, or a terminal that somebody stopped, blocks whoever writes to it. In a daemon that would be
the event loop, which the watchdog then ends. Here the log loses lines, counted, and the daemon trades on.
"""

import io
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

WAITING_BYTES_MAX: Final = 1 << 20
"""Some minutes of a busy daemon's log: enough for a reader that pauses."""

LAST_WORDS_S: Final = 2.0
LOOK_S: Final = 0.1
PIECE_BYTES: Final = select.PIPE_BUF
"""A pipe that has any room has room for so much: a write of no more does not block."""


class QueuedStderr(io.TextIOBase):
    """Text in, never blocking; `dropped` texts found no room. Raises OSError once the reader is known to be gone."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, descriptor: int, waiting_bytes_max: int = WAITING_BYTES_MAX) -> None:
        self._descriptor = descriptor
        self._waiting_bytes_max = waiting_bytes_max
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._untold = 0
        self._gone: OSError | None = None
        self._until_s: float | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._hand_over, name="stderr", daemon=True)
        self.dropped = 0
        self._thread.start()

    def fileno(self) -> int:
        """The descriptor that the thread writes to."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a terminal is at the other end."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """Always, though what is written may be dropped."""
        return True

    def write(self, text: str) -> int:
        """Queue a text, or count it as dropped. Raises OSError when there is no reader any more."""
        said = text.encode(self.encoding, self.errors)
        with self._changed:
            if self._gone is not None:
                raise OSError(self._gone.errno, self._gone.strerror)
            if self._waiting_bytes + len(said) > self._waiting_bytes_max:
                self.dropped += 1
                self._untold += 1
            elif said:
                self._waiting.append(said)
                self._waiting_bytes += len(said)
                self._changed.notify()
        return len(text)

    def drain(self, within_s: float) -> bool:
        """Take leave of the reader: whether everything that was queued could be handed over in that time."""
        with self._changed:
            self._until_s = time.monotonic() + within_s
            self._changed.notify()
        self._thread.join(within_s + LOOK_S)
        with self._changed:
            return not self._waiting and not self._thread.is_alive()

    def _hand_over(self) -> None:
        try:
            while (said := self._next()) is not None:
                if self._take(said) and (untold := self._untold):
                    self._take(f"{untold} lines of this log were dropped: nobody took them\n".encode(), tells=untold)
        except BrokenPipeError as gone:
            with self._changed:
                self._gone = gone
                self._waiting.clear()
                self._waiting_bytes = 0

    def _next(self) -> bytes | None:
        """What is to be written now; None when all is said and nothing more will be."""
        with self._changed:
            while not self._waiting:
                if self._until_s is not None:
                    return None
                self._changed.wait()
            if self._late():
                return None
            said = self._waiting.popleft()
            self._waiting_bytes -= len(said)
        return said

    def _take(self, said: bytes, tells: int = 0) -> bool:
        """A pipe without a reader never has one again and raises; a full disk may have room again, for the next."""
        try:
            self._give(said)
        except BrokenPipeError:
            raise
        except OSError:
            with self._changed:
                self.dropped += not tells
                self._untold += not tells
            return False
        with self._changed:
            self._untold -= tells
        return True

    def _give(self, said: bytes) -> None:
        room = select.poll()
        room.register(self._descriptor, select.POLLOUT)
        while said and not self._late():
            if room.poll(LOOK_S * 1000):
                said = said[os.write(self._descriptor, said[:PIECE_BYTES]) :]
        if said:
            with self._changed:
                self._waiting.appendleft(said)

    def _late(self) -> bool:
        return self._until_s is not None and time.monotonic() >= self._until_s


@contextmanager
def unhurried_stderr() -> Iterator[None]:
    """Whatever is said on the process's stderr meanwhile holds nobody up; a stderr that was put in its place is left.

    When its reader does not even take the last words, the queue stays in place, so that nobody is held up afterwards.
    """
    if sys.stderr is not sys.__stderr__ or sys.stderr is None:
        yield
        return
    real = sys.stderr
    real.flush()
    queued = QueuedStderr(real.fileno())
    sys.stderr = queued
    try:
        yield
    finally:
        if queued.drain(LAST_WORDS_S):
            sys.stderr = real
