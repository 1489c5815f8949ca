"""Asking a sacrificial process about a model, and waiting for it, at most so long."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from contracts.ports import ModelRejected

WALL_S: Final = 60.0
CHECK: Final = (sys.executable, "-I", str(Path(__file__).with_name("check.py")))
ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
ANSWER_BYTES_MAX: Final = 4000


def probe(directory: Path, wall_s: float = WALL_S) -> None:
    """Have a model's directory looked at and loaded elsewhere; raises ModelRejected with the reason.

    What keeps the process busy beyond `wall_s`, or ends it, is a reason like any other.
    """
    with subprocess.Popen(  # noqa: S603 - our own program, and a path
        [*CHECK, str(directory.resolve())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        start_new_session=True,
    ) as process:
        try:
            answer, _ = process.communicate(timeout=wall_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise ModelRejected(f"load: its probe took longer than {wall_s:g} s") from None
    raise_verdict(answer, process.returncode)


def raise_verdict(answer: bytes, code: int) -> None:
    """Raises ModelRejected unless the answer of the probe says that the model is sound and its process ended well."""
    if code < 0:
        raise ModelRejected(f"load: its probe was ended by {signal.Signals(-code).name}")
    try:
        verdict = json.loads(answer[:ANSWER_BYTES_MAX])
        sound, wall, reason = bool(verdict["sound"]), str(verdict["wall"]), str(verdict["reason"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelRejected(f"load: its probe ended with code {code} and no verdict") from error
    if not sound or code != 0:
        raise ModelRejected(f"{wall or 'load'}: {reason or f'its probe ended with code {code}'}")
