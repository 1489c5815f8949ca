"""Beside a daemon a process is kept running, begun again when it ends, and ended with the daemon."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from adapters.kafka.state import MirrorState, keep
from bot.mirror.beside import Beside, mirror_command, mirrored
from bot.mirror.places import state_file
from bot.profile import load

SLEEPER = (sys.executable, "-S", "-c", "import time; time.sleep(60)")
QUITTER = (sys.executable, "-S", "-c", "raise SystemExit(3)")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_ends_is_begun_again(tmp_path: Path) -> None:
    beside = Beside(tmp_path, "test", QUITTER, backoff_s=0.01)
    try:
        until(lambda: beside.starts >= 3)
    finally:
        beside.close()


def test_what_was_killed_is_begun_again_and_what_lives_ends_at_the_close(tmp_path: Path) -> None:
    beside = Beside(tmp_path, "test", SLEEPER, backoff_s=0.01)
    until(lambda: beside.starts == 1 and beside._is_running())
    first = beside._process
    assert isinstance(first, subprocess.Popen)
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: beside.starts == 2 and beside._is_running())

    keep(state_file(tmp_path, "test"), MirrorState(run="a/a-000001", env="test", state="away"))
    began = time.monotonic()
    beside.close(finish_s=60.0)

    assert not beside._is_running()
    assert time.monotonic() - began < 10, "brokers that are away are not waited for"


def test_what_cannot_be_started_harms_nobody(tmp_path: Path) -> None:
    beside = Beside(tmp_path, "test", (str(tmp_path / "nothing"),), backoff_s=0.01)
    time.sleep(0.05)

    beside.close()
    assert beside.starts == 0


def test_a_profile_without_a_mirror_starts_nothing(tmp_path: Path) -> None:
    with mirrored(load("canary", {}), tmp_path):
        pass

    assert list(tmp_path.iterdir()) == []


def test_the_command_follows_the_run_and_ends_with_its_parent(tmp_path: Path) -> None:
    assert mirror_command(tmp_path)[1:] == ("-m", "bot", "mirror", str(tmp_path), "--follow", "--child")
