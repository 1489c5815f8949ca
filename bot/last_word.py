"""The last word of a process that its watchdog ends: one line on stderr, where somebody takes it at once."""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from contracts.quantities import Seconds

STDERR: Final = 2
PATIENCE_S: Final = 0.5
"""A log that nobody reads holds the end up no longer than this."""


def last_word(
    directory: Path,
    stall_s_max: Seconds,
    *,
    end: Callable[[int], object] = os._exit,
    descriptor: int = STDERR,
    patience_s: Seconds = PATIENCE_S,
) -> Callable[[int], None]:
    """How a watchdog ends the process of a run: with a line that says so, and where the stacks are.

    The line is written by a thread of its own and past all that waits for the log: whatever holds the process up may
    hold that up too.
    """

    def told(code: int) -> None:
        line = (
            f"Error: nothing moved for {stall_s_max:g} s, so the watchdog ended the process; stacks are in "
            f"{directory / 'stalled.txt'}. Start it again: it takes up the run. On a machine that is slow or busy, "
            f"process.stall_s_max gives it more time (code {code})\n"
        )

        def write() -> None:
            with contextlib.suppress(OSError):
                os.write(descriptor, line.encode())

        try:
            writer = threading.Thread(target=write, name="last word", daemon=True)
            writer.start()
            writer.join(patience_s)
        finally:
            end(code)

    return told
