"""kill -9, again and again: a canary that sends an order a second to a broker process, killed and started anew.

`python -m tests.soak.crash --kills 200` ends by itself and prints one JSON object; exit 1 if anything was lost. After
every kill the journal and the broker's own ledger are held against each other (`tests/soak/books.py`): no intent
without an end, no order twice, positions equal trade by trade whenever a process called them agreed, and none that
trades before. Half of the kills strike when the broker has just taken an order, before its answer is back. At the end
an oracle hears the whole journal, and it is replayed byte for byte.
"""

import argparse
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import verify
from bot.profile import load
from runtime.control import ask
from tests.kit.oracle import Oracle
from tests.soak.books import Books, envelopes

ROOT = Path(__file__).parent.parent.parent
PROFILE = Path(__file__).parent / "crash.toml"
SEED = 41
PLACED = re.compile(rb'"fact":"placed"[^\n]*"client_id":"k(\d+)-')
STARTING, STRIKING = 0.15, 0.5
START_S_MAX = 30.0
STOP_S_MAX = 30.0


class Harness:
    """One broker process and one daemon at a time, both ended by their own pids."""

    def __init__(self, directory: Path, chance: random.Random) -> None:
        self.directory = directory
        self.ledger = directory / "ledger.jsonl"
        self.socket = directory / "broker.sock"
        self.runs = directory / "runs"
        self.chance = chance
        self.broker = self._start_broker()
        self.daemon: subprocess.Popen[bytes] | None = None
        self.books = Books()
        self.kills = 0
        self.problems: list[str] = []
        self.epochs_before = 0

    def _start_broker(self) -> subprocess.Popen[bytes]:
        where = ["--socket", str(self.socket), "--ledger", str(self.ledger)]
        how = ["--seed", str(SEED), "--balance", "EUR=500", "--die-with-parent"]
        command = [sys.executable, "-m", "adapters.simulated.process", *where, *how]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"]
        return process

    def start(self) -> None:
        """Start the daemon; recovery is its start-up."""
        account = self.runs / "crash" / "account.json"
        self.epochs_before = json.loads(account.read_text())["epoch"] if account.exists() else 0
        environment = os.environ | {"BOT__SIMULATED__BROKER_SOCKET": str(self.socket)}
        command = [sys.executable, "-m", "bot", "run", "--profile", str(PROFILE), "--runs", str(self.runs), "--json"]
        log = (self.directory / "daemon.log").open("ab")
        self.daemon = subprocess.Popen(
            [*command, "--for", "600s"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log
        )
        log.close()

    def kill(self) -> None:
        """End the daemon without a word: while it starts, while it trades, or with an order unanswered."""
        assert self.daemon is not None
        way = self.chance.random()
        if way < STARTING:
            time.sleep(self.chance.uniform(0.3, 2.0))
        else:
            self._await_order()
            time.sleep(0.0 if way < STARTING + STRIKING else self.chance.uniform(0.0, 1.5))
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()
        self.kills += 1

    def stop(self) -> dict[str, Any]:
        """Ask the daemon to end in order; returns what it printed."""
        assert self.daemon is not None
        self._await_order()
        self.daemon.send_signal(signal.SIGTERM)
        out, _ = self.daemon.communicate(timeout=STOP_S_MAX)
        if self.daemon.returncode:
            self.problems.append(f"the last stop ended with {self.daemon.returncode}")
        return dict(json.loads(out)) if out.strip() else {}

    def close(self) -> None:
        """End what was started."""
        for process in (self.daemon, self.broker):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(timeout=STOP_S_MAX)

    def run_directory(self) -> Path:
        """The one run that every process took up."""
        runs = [path for path in (self.runs / "crash").iterdir() if path.is_dir()]
        if len(runs) > 1:
            raise SystemExit(f"one run was to be taken up again and again, there are {len(runs)}: did the code change?")
        return runs[0]

    def _await_order(self) -> None:
        """Until the broker holds an order of this very process; one that ended meanwhile is a problem."""
        assert self.daemon is not None
        deadline = time.monotonic() + START_S_MAX
        while not self._placed_since(self.epochs_before):
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the daemon did not trade (exit {self.daemon.poll()}):\n{self._last_words()}")
            time.sleep(0.005)

    def _last_words(self) -> str:
        """The end of the log, and what a daemon that still lives says of its state."""
        tail = (self.directory / "daemon.log").read_text(errors="replace")[-2000:]
        try:
            status = ask(self.run_directory(), "status")
        except ConnectionError as error:
            return f"{tail}\n{error}"
        return f"{tail}\n{status['state']}: {status['reasons']}, open {status['open_orders']}"

    def _placed_since(self, epochs: int) -> bool:
        """Whether a process with a later account epoch has an order in the ledger."""
        return any(epoch > epochs for epoch in self._epochs())

    def _epochs(self) -> list[int]:
        placed = PLACED.findall(self.ledger.read_bytes()) if self.ledger.exists() else []
        return [int(epoch) for epoch in placed]

    def examine(self, *, final: bool) -> None:
        """Hold journal and ledger against each other after a kill, or at the end."""
        if not (self.runs / "crash" / "account.json").exists():
            return
        disk = PosixDisk(self.run_directory() / "journal")
        self.books.read(disk)
        self.books.check(self.ledger, final=final)
        if final:
            checked = verify(disk)
            self.problems += [str(problem.damage()) for problem in checked.problems]
            oracle = Oracle(load(str(PROFILE)))
            for envelope in envelopes(disk):
                oracle.hear(envelope)
            self.problems += oracle.end()

    def report(self) -> dict[str, Any]:
        """What was found; `problems` is empty if nothing was lost, doubled or different."""
        found, books = self.books.found, self.books
        return {
            "kills": self.kills,
            "killed_in_flight": found["killed_in_flight"],
            "of_these_with_the_order_at_the_broker": found["killed_with_the_order_at_the_broker"],
            "epochs": found["RunStarted"],
            "epochs_that_traded": books.epochs_trading,
            "agreements_compared_with_the_ledger": found["agreements_compared"],
            "orders": found["Order"],
            "fills": found["fills"],
            "trading_s": round(books.trading_s, 1),
            "started_to_trading_s": _spread(books.recovery_s),
            "orders_per_s_trading": round(found["Order"] / max(books.trading_s, 1e-9), 2),
            "lost_intents": sum("lost intents" in problem for problem in books.problems),
            "duplicate_orders": sum("orders twice" in problem for problem in books.problems),
            "records": books.records,
            "problems": [*self.problems, *books.problems],
        }


def crash(kills: int, seed: int) -> dict[str, Any]:
    """Kill and restart so many times, then stop in order; returns what was found."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="keel-crash-") as name:
        harness = Harness(Path(name), random.Random(seed))
        try:
            for _ in range(kills):
                harness.start()
                harness.kill()
                harness.examine(final=False)
                _progress(kills, harness)
            harness.start()
            harness.stop()
            harness.examine(final=True)
            replayed = _replay(harness)
        finally:
            harness.close()
        return {**harness.report(), **replayed, "took_s": round(time.monotonic() - started, 1)}


def _replay(harness: Harness) -> dict[str, Any]:
    """All epochs of the run, byte for byte."""
    command = [sys.executable, "-m", "bot", "replay", str(harness.run_directory()), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=600)
    if done.returncode:
        harness.problems.append(f"replay ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        return {}
    report = json.loads(done.stdout)
    return {"decisions_identical": report["decisions"], "byte_identical": report["byte_identical"]}


def _spread(seconds: list[float]) -> dict[str, float]:
    """Median and worst of the times from a process's first word to TRADING."""
    return {"p50": round(statistics.median(seconds), 2), "max": round(max(seconds), 2)} if seconds else {}


def _progress(kills: int, harness: Harness) -> None:
    number, in_flight = harness.kills, harness.books.found["killed_in_flight"]
    if sys.stderr.isatty() or number % 10 == 0 or number == kills:
        sys.stderr.write(f"{number}/{kills} kills, {in_flight} in flight, {len(harness.books.problems)} problems\n")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = crash(options.kills, options.seed)
    sys.stdout.write(json.dumps(found, default=str) + "\n")
    return 1 if found["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
