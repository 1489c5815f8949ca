"""The watchdog: a thread that notices when the event loop stops turning, closes the door, and in the end ends it.

The loop bumps a heartbeat by a timer. Late by `lag_s_max`, the loop is *lagging*: a latch that the loop itself must
take back, so that nothing runs after a stall as if there had been none. Late by `stall_s_max`, only killing helps: all
stacks and the message in hand go to the run directory, and the process ends with exit code 70. It may be started
again; `stalled` counts how often the same message did this, so that start-up can leave a deadly one out.

A process that was stopped as a whole (SIGSTOP, a paused machine) lags when it comes back, but has not stalled.
"""

import asyncio
import faulthandler
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from runtime.clock import monotonic_s

STALLED_EXIT_CODE: Final = 70
BEAT_S: Final = 0.1
SAMPLE_S: Final = 0.05
STOPPED_S: Final = 0.5
"""If the thread itself slept that much too long, not the loop hung but the whole process was stopped."""

GIL_STALL_S: Final = 120.0
"""A C call that never gives the interpreter back stops this thread too; then a timer in C ends the process by code 1,
as it does one that was stopped as a whole for that long."""

REARM_S: Final = 10.0


class InHand(msgspec.Struct, frozen=True):
    """The message the loop is working on: where it stands in the record, and a word about it."""

    seq: int
    what: str


class Stalled(msgspec.Struct, frozen=True):
    """What killed the process last, and how many times in a row the same message did; `seq` 0 is no message."""

    seq: int
    what: str
    lag_s: float
    deaths: int


NOTHING: Final = InHand(seq=0, what="no message in hand")


class Heartbeat:
    """Bumped by a timer of the loop, which alone writes; read by any thread.

    `worst_s` is how late a beat has been; whoever takes note of it sets it back.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.worst_s = 0.0
        self._loop = loop
        self._last_s = monotonic_s()
        self._timer = loop.call_later(BEAT_S, self._beat)

    def lag_s(self) -> float:
        """How late the loop is: the time since the last beat beyond the time between two."""
        return max(0.0, monotonic_s() - self._last_s - BEAT_S)

    def stop(self) -> None:
        """No more beats; the loop's own thread only."""
        self._timer.cancel()

    def _beat(self) -> None:
        self.worst_s = max(self.worst_s, self.lag_s())
        self._last_s = monotonic_s()
        self._timer = self._loop.call_later(BEAT_S, self._beat)


class Patience:
    """Tells a loop that hangs from a process that was stopped as a whole, which gets all its time anew."""

    def __init__(self, stall_s_max: float, now_s: float) -> None:
        self._stall_s_max = stall_s_max
        self._sampled_s = now_s
        self._resumed_s = float("-inf")

    def is_over(self, now_s: float, lag_s: float) -> bool:
        """Judge one sample; the samples must come every `SAMPLE_S` while the process runs at all."""
        if now_s - self._sampled_s > STOPPED_S:
            self._resumed_s = now_s
        self._sampled_s = now_s
        return min(lag_s, now_s - self._resumed_s) > self._stall_s_max


class Watchdog:
    """Watches one heartbeat until `stop`.

    Parameters
    ----------
    heartbeat
        Of the loop to watch.
    directory
        The run directory, for `stalled.txt` (stacks) and `stalled.json`; opened now, while there are descriptors.
    in_hand
        What the loop is working on; called on this thread while the loop hangs, so it may only read.
    lag_s_max, stall_s_max
        When to close the door, and when to end the process.
    end
        Ends the process; must not return in production.
    """

    def __init__(
        self,
        heartbeat: Heartbeat,
        directory: Path,
        in_hand: Callable[[], InHand],
        *,
        lag_s_max: float,
        stall_s_max: float,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        if not 0 < lag_s_max < stall_s_max < GIL_STALL_S:
            raise ValueError(
                f"lag_s_max {lag_s_max}, stall_s_max {stall_s_max}: expected 0 < lag < stall < {GIL_STALL_S}"
            )
        self._heartbeat = heartbeat
        self._directory = directory
        self._in_hand = in_hand
        self._lag_s_max = lag_s_max
        self._stall_s_max = stall_s_max
        self._end = end
        self._stopping = threading.Event()
        self._stacks = (directory / "stalled.txt").open("w")
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    @property
    def lagging(self) -> bool:
        """True from the moment the loop is late until the loop has taken note by `take_lag`.

        Right also for what runs first after a stall, before the heartbeat does.
        """
        return max(self._heartbeat.worst_s, self._heartbeat.lag_s()) > self._lag_s_max

    def take_lag(self) -> float:
        """How late the loop was since the last call, 0.0 if never too late; opens the door again. For the loop only."""
        worst_s, self._heartbeat.worst_s = self._heartbeat.worst_s, 0.0
        return worst_s if worst_s > self._lag_s_max else 0.0

    def stop(self) -> None:
        """End the watch."""
        self._stopping.set()
        self._thread.join(timeout=5)
        faulthandler.cancel_dump_traceback_later()
        self._stacks.close()

    def _watch(self) -> None:
        patience = Patience(self._stall_s_max, monotonic_s())
        armed_s = float("-inf")
        while not self._stopping.wait(SAMPLE_S):
            now_s, lag_s = monotonic_s(), self._heartbeat.lag_s()
            if now_s - armed_s > REARM_S:
                armed_s = now_s
                faulthandler.dump_traceback_later(GIL_STALL_S, exit=True, file=self._stacks)
            if patience.is_over(now_s, lag_s):
                self._kill(lag_s)
                return

    def _kill(self, lag_s: float) -> None:
        """Stacks first: they need nothing but the descriptor that is open already."""
        faulthandler.dump_traceback(self._stacks, all_threads=True)
        in_hand, before = self._in_hand(), stalled(self._directory)
        deaths = before.deaths + 1 if before is not None and before.seq == in_hand.seq else 1
        note = Stalled(in_hand.seq, in_hand.what, round(lag_s, 3), deaths)
        _replace(self._directory / "stalled.json", msgspec.json.encode(note))
        self._end(STALLED_EXIT_CODE)


def stalled(directory: Path) -> Stalled | None:
    """What the watchdog left behind in a run directory; None if it never had to act, or its note was cut short."""
    try:
        return msgspec.json.decode((directory / "stalled.json").read_bytes(), type=Stalled)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
