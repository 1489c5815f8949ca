"""Whole processes of the bot that run beside a test: begun, asked by their page of figures, hung, killed, ended."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.kit.command_line import REPOSITORY, SMALL

PATIENCE_S = 60.0


class BotProcess:
    """One `bot` command at work; what it prints lies in two files."""

    def __init__(self, directory: Path, name: str, *arguments: object, **environment: str) -> None:
        self.out, self.err = directory / f"{name}.out", directory / f"{name}.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", *(str(each) for each in arguments)],
                cwd=REPOSITORY,
                env=os.environ | SMALL | environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    def kill(self) -> None:
        """End it as the power would."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Ask it to end; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    @property
    def told(self) -> Any:
        """The JSON object it printed."""
        return json.loads(self.out.read_text())

    @property
    def talk(self) -> str:
        return self.err.read_text()


def figures(port: int) -> dict[str, float]:
    """The page of figures of a daemon by name and label; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as page:
            lines = page.read().decode().splitlines()
    except (urllib.error.URLError, OSError):
        return {}
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}


def until(true: Callable[[], bool], what: str, within_s: float = PATIENCE_S) -> None:
    """Wait for something; raises AssertionError naming it when the time is over."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"{what}: not after {within_s:g} s"
        time.sleep(0.1)
