"""The whole process from outside: start-up, help, memory, and turns per second on a virtual day (P8, P9, P10, P13)."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ROUNDS = 5
VIRTUAL_S = 300
SETTLE_S, WATCH_S = 5, 20

Figures = dict[str, float]


def measure(rounds: int = ROUNDS) -> Figures:
    """Medians over so many processes, one after the other; CPU where it says so."""
    helps = [_run("--help")[1] for _ in range(rounds)]
    starts = [_first_decision() for _ in range(rounds)]
    return {
        "help_s": statistics.median(helps),
        "start_to_trading_s": statistics.median(start for start, _ in starts),
        "resident_mb": statistics.median(memory for _, memory in starts),
        "running_cpu_percent": _running_cpu_percent(),
        **_virtual(),
    }


def _first_decision() -> tuple[float, float]:
    """Seconds from the command to a journaled TRADING, and the resident memory then."""
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as runs:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*_bot("run", "--profile", "canary", "--for", "60s", "--runs", runs)],
            cwd=ROOT,
            env=os.environ | {"BOT__HEALTH__PORT": "0"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if '"state": "TRADING"' in line:
                    took = time.perf_counter() - started
                    status = Path(f"/proc/{process.pid}/status").read_text()
                    match = re.search(r"VmRSS:\s+(\d+) kB", status)
                    return took, int(match[1]) / 1024 if match else float("nan")
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
    raise RuntimeError("the canary did not come to trade")


def _running_cpu_percent() -> float:
    """Share of one core of a canary in real time: ten instruments, three frames a second each, trading."""
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as runs:
        command = _bot("run", "--profile", "canary", "--for", "120s", "--quiet", "--runs", runs)
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"BOT__HEALTH__PORT": "0"}, stdout=subprocess.DEVNULL
        )
        try:
            time.sleep(SETTLE_S)
            before = _cpu_s(process.pid)
            time.sleep(WATCH_S)
            return 100 * (_cpu_s(process.pid) - before) / WATCH_S
        finally:
            process.kill()
            process.wait()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _virtual() -> Figures:
    """A canary of ten instruments in virtual time, a decision a second: turns per CPU second, and times real time."""
    with tempfile.TemporaryDirectory(prefix="keel-bench-") as runs:
        arguments = ("run", "--for", f"{VIRTUAL_S}s", "--speed", "max", "--json", "--quiet", "--runs", runs)
        out, _, cpu_s = _run(*arguments, environment={"BOT__CADENCE__DECIDE_S": "1"})
        summary: dict[str, Any] = json.loads(out)
        return {
            "virtual_turns_per_cpu_s": summary["turns"] / cpu_s,
            "virtual_times_real_time": VIRTUAL_S / cpu_s,
            "journal_bytes_per_message": _size(Path(summary["journal"])) / summary["messages"],
        }


def _run(*arguments: str, environment: dict[str, str] | None = None) -> tuple[str, float, float]:
    """Output, wall seconds and CPU seconds of one process."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(
        _bot(*arguments), cwd=ROOT, env=os.environ | (environment or {}), capture_output=True, text=True, check=True
    )
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return done.stdout, time.perf_counter() - started, cpu_s


def _bot(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bot", *arguments]


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.glob("*.seg"))
