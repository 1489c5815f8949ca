"""The mirror beside a daemon: a process of its own, kept running by a thread that no turn ever waits for.

Nothing of it is said on the bus: a mirror that fails all day leaves no message behind, so that decisions are the same.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from adapters.kafka.state import MirrorState, last
from bot.mirror.places import DIRECTORY, state_file
from bot.profile import Profile
from bot.runs import PRIVATE

NICE: Final = 10
BACKOFF_S: Final = 2.0
BACKOFF_S_MAX: Final = 300.0
SOUND_S: Final = 60.0
"""A mirror that has lived this long has not failed at its start, and the next one begins without delay."""

FINISH_S: Final = 5.0
END_S: Final = 3.0
POLL_S: Final = 0.05


@contextlib.contextmanager
def mirrored(profile: Profile, run: Path) -> Iterator[None]:
    """Keep a mirror running beside what is done in here, if the profile wants one; then let it finish, bounded."""
    if profile.kafka is None or not profile.kafka.mirror:
        yield
        return
    beside = Beside(run, profile.kafka.env, mirror_command(run))
    try:
        yield
    finally:
        beside.close()


def mirror_command(run: Path) -> tuple[str, ...]:
    """The command line of a run's mirror."""
    return (sys.executable, "-m", "bot", "mirror", str(run.absolute()), "--follow", "--child")


class Beside:
    """Runs a command beside this process for as long as it is open, again after a wait whenever it ends."""

    def __init__(self, run: Path, env: str, command: Sequence[str], backoff_s: float = BACKOFF_S) -> None:
        self._state_file = state_file(run, env)
        self._log = run / DIRECTORY / f"kafka-{env}.log"
        self._command = tuple(command)
        self._backoff_s = backoff_s
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self._log.parent.mkdir(mode=PRIVATE, exist_ok=True)
        self._thread = threading.Thread(target=self._keep, name="mirror", daemon=True)
        self._thread.start()

    def close(self, finish_s: float = FINISH_S) -> None:
        """Let it finish what the sealed journal holds, unless the brokers are away; then end it, whatever it does."""
        self._closing.set()
        deadline = time.monotonic() + finish_s
        while self._is_running() and self._may_finish() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        for end in (subprocess.Popen.terminate, subprocess.Popen.kill):
            process = self._process
            if process is not None and process.poll() is None:
                end(process)
            self._thread.join(END_S)

    def _keep(self) -> None:
        backoff_s = self._backoff_s
        while not self._closing.is_set():
            began = time.monotonic()
            self._run_once()
            if time.monotonic() - began > SOUND_S:
                backoff_s = self._backoff_s
            self._closing.wait(backoff_s)
            backoff_s = min(2 * backoff_s, BACKOFF_S_MAX)

    def _run_once(self) -> None:
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                    start_new_session=True,
                )  # fmt: skip
        except OSError:
            return  # no memory, no descriptor, no room: all of that may pass
        self.starts += 1
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICE)
        self._process.wait()

    def _is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _may_finish(self) -> bool:
        state: MirrorState | None = last(self._state_file)
        return state is None or state.state != "away"
