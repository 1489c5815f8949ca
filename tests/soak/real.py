"""A real-time soak: a daemon process under weather, looked at every second, and its run examined when it has ended.

Figures come from /proc, /metrics, the probes and the control socket. A short soak can show a gross leak only: files,
threads and tasks must be as many in the last quarter as in the second, memory within a few MiB. Hours show slopes.
"""

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import verify
from bot.profile import load
from runtime.control import NoAnswer, NotRunning, ask
from tests.kit.oracle import Oracle
from tests.soak.books import Books, envelopes

ROOT: Final = Path(__file__).parent.parent.parent
PROFILE: Final = Path(__file__).parent / "busy.toml"
SAMPLE_S: Final = 1.0
ORDERS_PER_S_MIN: Final = 0.2
"""A soak that hardly trades shows little: the weather must have orders to strike."""

START_S_MAX: Final = 30.0
MORE_MAX: Final = {"rss_mib": 16.0, "fds": 4.0, "threads": 1.0, "tasks": 4.0}
SAMPLES_MIN: Final = 12
SETTLING_S: Final = 15.0
"""A start asks for everything at once: whatever the private stream lost is found."""

LIVES_MAX: Final = 3
TEMPORARY: Final = 75
"""The weather kept the last positions from being closed in time, and the process says so."""


def real(duration_s: float, directory: Path) -> dict[str, Any]:
    """Run the soak profile for so many seconds; returns figures and `problems`."""
    started = time.monotonic()
    samples: list[dict[str, float]] = []
    problems: list[str] = []
    summary = _lived(duration_s, directory, samples, problems)
    lives = 1
    while summary and not _sealed(summary) and lives < LIVES_MAX:
        # The weather left the end of an order unknown: the next process takes the run up, asks, and trades no more.
        summary = _settled(directory, problems)
        lives += 1
    if not summary:
        return {"real_s": duration_s, "problems": problems}
    run = Path(summary["journal"]).parent
    books = Books()
    problems += _grown(samples) + _examined(run, books)
    if books.found["Order"] < ORDERS_PER_S_MIN * duration_s:
        problems.append(f"only {books.found['Order']} orders in {duration_s:g} s")
    replayed = _replay(run, problems)
    return {
        "real_s": duration_s,
        "took_s": round(time.monotonic() - started, 1),
        "messages": books.records,
        "orders": books.found["Order"],
        "fills": books.found["fills"],
        "trading_s": round(books.trading_s, 1),
        "lives": lives,
        "samples": len(samples),
        "per_hour": {name: round(slope(samples, name), 3) for name in MORE_MAX},
        "last": samples[-1] if samples else {},
        "lag_s_max": max((sample["lag_s"] for sample in samples), default=None),
        "feed": summary["feed"],
        **replayed,
        "problems": problems,
    }


def _lived(duration_s: float, directory: Path, samples: list[dict[str, float]], problems: list[str]) -> dict[str, Any]:
    """One process, watched; its summary, empty if it did not end in order."""
    with _daemon(duration_s, directory) as daemon:
        _watch(daemon, directory / "runs", time.monotonic() + duration_s + START_S_MAX, samples, problems)
        return _summary(daemon, 0.0, directory, problems)


@contextmanager
def _daemon(duration_s: float, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    runs = directory / "runs"
    command = [sys.executable, "-m", "bot", "run", "--profile", str(PROFILE), "--runs", str(runs), "--json"]
    with (directory / "daemon.log").open("ab") as log:
        daemon = subprocess.Popen(
            [*command, "--for", f"{duration_s:g}s"],
            cwd=ROOT,
            env=os.environ | {"BOT__HEALTH__PORT": "0"},
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        yield daemon
    finally:
        if daemon.poll() is None:
            daemon.kill()
        daemon.communicate()


def _summary(
    daemon: subprocess.Popen[bytes], duration_s: float, directory: Path, problems: list[str]
) -> dict[str, Any]:
    out, _ = daemon.communicate(timeout=duration_s + START_S_MAX)
    if daemon.returncode not in (0, TEMPORARY):
        problems.append(f"I29 the daemon ended with {daemon.returncode}: {_tail(directory / 'daemon.log')}")
        return {}
    return dict(json.loads(out))


def _settled(directory: Path, problems: list[str]) -> dict[str, Any]:
    """One more process, halted as soon as it listens; its summary."""
    with _daemon(SETTLING_S, directory) as daemon:
        status = None
        while status is None and daemon.poll() is None:
            time.sleep(0.1)
            status = _status(directory / "runs", "halt")
        return _summary(daemon, SETTLING_S, directory, problems)


def _sealed(summary: dict[str, Any]) -> bool:
    return verify(PosixDisk(Path(summary["journal"]))).sealed


def slope(samples: list[dict[str, float]], name: str) -> float:
    """Theil-Sen slope per hour over the last three quarters: the median over pairs, so that no outlier decides."""
    kept = samples[len(samples) // 4 :]
    slopes = [
        (later[name] - sooner[name]) / (later["at_s"] - sooner["at_s"])
        for index, sooner in enumerate(kept)
        for later in kept[index + 1 :]
    ]
    return 3600 * statistics.median(slopes) if slopes else 0.0


def _watch(
    daemon: subprocess.Popen[bytes], runs: Path, until_s: float, samples: list[dict[str, float]], problems: list[str]
) -> None:
    """A sample a second while the daemon lives; every probe must say that it does, and that it comes to trade."""
    traded = False
    while daemon.poll() is None and time.monotonic() < until_s:
        time.sleep(SAMPLE_S)
        status = _status(runs)
        if status is None or status.get("health_port") is None:
            continue
        try:
            alive, _ = _get(status["health_port"], "livez")
            traded = traded or status["state"] == "TRADING"
            text = _get(status["health_port"], "metrics")[1]
            samples.append(_sample(daemon.pid, status, text))
        except OSError:
            continue  # it is ending
        if alive != 200:
            problems.append(f"I28 /livez said {alive}")
        problems += [f"I26 {name} is not running" for name in status["missing"]]
    if not traded:
        problems.append("I31 it never came to trade")


def _sample(pid: int, status: dict[str, Any], metrics: str) -> dict[str, float]:
    told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    lag = next(line for line in metrics.splitlines() if line.startswith("bot_loop_lag_seconds"))
    return {
        "at_s": round(time.monotonic(), 3),
        "rss_mib": int(told["VmRSS"].split()[0]) / 1024,
        "threads": int(told["Threads"]),
        "fds": len(os.listdir(f"/proc/{pid}/fd")),
        "tasks": status["tasks"],
        "lag_s": float(lag.split()[-1]),
    }


def _grown(samples: list[dict[str, float]]) -> list[str]:
    """What is more in the last quarter than in the second."""
    quarter = len(samples) // 4
    if len(samples) < SAMPLES_MIN:
        return [f"only {len(samples)} samples could be taken"]
    problems = []
    for name, more_max in MORE_MAX.items():
        before = statistics.median(sample[name] for sample in samples[quarter : 2 * quarter])
        after = statistics.median(sample[name] for sample in samples[-quarter:])
        if after - before > more_max:
            problems.append(f"{name} grew from {before:.1f} to {after:.1f}")
    return problems


def _examined(run: Path, books: Books) -> list[str]:
    """The journal by the oracle, and against the broker's ledger."""
    disk = PosixDisk(run / "journal")
    oracle = Oracle(load(str(PROFILE)))
    for envelope in envelopes(disk):
        oracle.hear(envelope)
    books.read(disk)
    books.check(run / "broker.jsonl", final=True)
    checked = verify(disk)
    sealed = [] if checked.sealed else ["I29 the journal is not sealed"]
    return [*oracle.end(), *books.problems, *sealed, *(f"I18 {each.damage()}" for each in checked.problems)]


def _replay(run: Path, problems: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "bot", "replay", str(run), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=600)
    if done.returncode:
        problems.append(f"I20 replay ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        return {}
    report = json.loads(done.stdout)
    return {"decisions_identical": report["decisions"], "byte_identical": report["byte_identical"]}


def _status(runs: Path, verb: str = "status") -> dict[str, Any] | None:
    for run in sorted((runs / "busy").glob("busy-*")):
        try:
            return ask(run, verb)
        except (NotRunning, NoAnswer):
            return None
    return None


def _get(port: int, page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-1000:]
