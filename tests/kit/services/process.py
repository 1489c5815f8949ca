"""A server of a test: a process of its own in a directory of its own, on loopback, ended by its own pid.

Start it from the main thread: the kernel ends it when the thread that started it ends, so that a killed test leaves
none behind.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

START_LIMIT_S = 120.0
STOP_LIMIT_S = 20.0


class DidNotStart(RuntimeError):
    """A server that was not ready in time; says the end of its log."""


class ServerProcess(ABC):
    """One server, ready when `start` returns. Its data outlive `stop` and `kill`, and end with `close`."""

    name: str
    stop_signal = signal.SIGTERM
    user: str | None = None

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=f"keel-{self.name}-"))
        self.log = self.directory / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Write what the server reads; once, before its first start."""

    @abstractmethod
    def command(self) -> list[str]:
        """The program and its arguments."""

    @abstractmethod
    def prove(self) -> None:
        """Carry something there and back; raises as long as that fails."""

    @property
    def environment(self) -> Mapping[str, str]:
        return os.environ

    @property
    def pid(self) -> int:
        """The server's process; raises RuntimeError when it does not run."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Begin, or begin again on the same ports with the same data; raises DidNotStart."""
        if self._process is not None:
            raise RuntimeError(f"{self.name} was started already")
        if not self.log.exists():
            self.log.touch()
            self.prepare()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd=self.directory,
                user=self.user,
                extra_groups=[] if self.user else None,
                start_new_session=True,
            )
        try:
            until_it_answers(self.prove, lambda: self.running, START_LIMIT_S)
        except BaseException as error:
            self.kill()
            raise DidNotStart(f"{self.name}: {error}\n{self.log.read_text(errors='replace')[-2000:]}") from error
        return self

    def mend(self) -> None:
        """Whatever became of it before, it answers now: begun again, or resumed; raises when it does not."""
        if not self.running:
            self._process = None
            self.start()
            return
        self.resume()
        until_it_answers(self.prove, lambda: self.running, START_LIMIT_S)

    def stop(self) -> None:
        """End it in order; one that hangs is killed. Nothing happens when it does not run."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End it as the power would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Hang it: connections stay open, nothing is answered."""
        _signal(signal.SIGSTOP, self.pid, *children_of(self.pid))

    def resume(self) -> None:
        _signal(signal.SIGCONT, self.pid, *children_of(self.pid))

    def close(self) -> None:
        """End it and forget its data."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self.running:
            family = (self.pid, *children_of(self.pid))
            os.kill(self.pid, number)
            _signal(signal.SIGCONT, *family)  # what hangs hears no other signal
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_LIMIT_S)
        self._process = None


def _signal(number: signal.Signals, *pids: int) -> None:
    """Tell processes, of which some may have ended meanwhile."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def until_it_answers(prove: Callable[[], None], running: Callable[[], bool], limit_s: float) -> None:
    """Ask again until it is proven; raises what was raised last when the server ended or the time is over."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            prove()
        except Exception:
            if not running() or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def children_of(pid: int) -> tuple[int, ...]:
    """The processes that a process has begun and that still live."""
    found = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return tuple(int(child) for children in found for child in children.split())


def free_port() -> int:
    """A port of loopback that is free, below those the kernel gives away: who dials a dead one never meets itself."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
