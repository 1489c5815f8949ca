"""Programs that are measured from outside: what they print, their CPU time, and the most memory they held."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]


class Child(NamedTuple):
    """One program that ran to its end."""

    said: dict[str, Any]
    cpu_s: float
    wall_s: float
    peak_mb: float


def run(command: list[str], *, limit_s: float, cwd: Path = ROOT) -> Child | None:
    """Run a program whose last line is one JSON object; None if it failed or took too long.

    Raises:
        json.JSONDecodeError: it ended well and said something else.
    """
    with tempfile.TemporaryFile("w+") as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=subprocess.DEVNULL)
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.perf_counter() > started + limit_s:
                process.kill()
            time.sleep(0.05)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            return None
        out.seek(0)
        last = out.read().splitlines()[-1]
    said = json.loads(last[last.index("{") :])
    return Child(said, used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / 1024)


def bot(*arguments: str, limit_s: float) -> Child:
    """Run a verb of the bot; raises RuntimeError if it fails."""
    child = run([sys.executable, "-m", "bot", *arguments, "--json"], limit_s=limit_s)
    if child is None:
        raise RuntimeError(f"bot {' '.join(arguments)} failed")
    return child
