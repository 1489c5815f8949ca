"""kill -9, again and again: a canary that sends an order a second to a broker process, killed and started anew.

`python -m tests.soak.crash --kills 200` ends by itself and prints one JSON object; exit 1 if anything was lost. After
every restart the journal and the broker's own ledger are held against each other: no intent without an end, no order
twice, positions equal. Half of the kills strike when the broker has just taken an order, before its answer is back.
"""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records, verify
from adapters.journal.record import Record
from adapters.simulated.ledger import audit
from contracts import codec

ROOT = Path(__file__).parent.parent.parent
PROFILE = Path(__file__).parent / "crash.toml"
SEED = 41
ANSWERS = ("OrderAccepted", "OrderRejected", "OrderUnknown", "OrderNotSent", "OrderReport", "Fill", "OrderCancelled")
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
        self.found: Counter[str] = Counter()
        self.problems: list[str] = []
        self.epochs_before = 0

    def _start_broker(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, "-m", "adapters.simulated.process", "--socket", str(self.socket), "--ledger", str(self.ledger),
            "--seed", str(SEED), "--balance", "EUR=500", "--die-with-parent",
        ]  # fmt: skip
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
        """End the daemon without a word: while it starts, while it trades, or with an order at the broker unanswered."""
        assert self.daemon is not None
        way = self.chance.random()
        if way < STARTING:
            time.sleep(self.chance.uniform(0.3, 2.0))
        else:
            self._await_order()
            time.sleep(0.0 if way < STARTING + STRIKING else self.chance.uniform(0.0, 1.5))
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()
        self.found["kills"] += 1

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
                tail = (self.directory / "daemon.log").read_text(errors="replace")[-2000:]
                raise SystemExit(f"the daemon did not trade (exit {self.daemon.poll()}):\n{tail}")
            time.sleep(0.005)

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
        kept = list(records(PosixDisk(self.run_directory() / "journal")))
        by_type = Counter(record.type for record in kept)
        self._count_in_flight(kept)
        truth = audit(self.ledger)
        if truth.duplicates:
            self.problems.append(f"{truth.duplicates} orders twice at the broker")
        self._intents_end_once(kept, final=final)
        unknown = [client_id for client_id in truth.orders if client_id not in self._ordered(kept)]
        if unknown:
            self.problems.append(f"orders at the broker that no journal holds: {unknown}")
        if final:
            self._positions_equal(kept, truth.positions)
            self.found.update(fills=truth.fills, orders=sum(map(len, truth.orders.values())))
            self.found["epochs"] = by_type["RunStarted"]
            self.found["reconciled"] = by_type["Reconciled"]

    def _count_in_flight(self, kept: list[Record]) -> None:
        """Whether the last process died between a journaled order and the broker's answer."""
        waiting: dict[str, int] = {}
        for record in kept:
            if record.type == "Order":
                waiting[_message(record).client_id] = record.seq
            elif record.type in ANSWERS:
                waiting.pop(_message(record).client_id, None)
        self.found["killed_in_flight"] += bool(waiting)

    def _ordered(self, kept: list[Record]) -> set[str]:
        return {_message(record).client_id for record in kept if record.type == "Order"}

    def _intents_end_once(self, kept: list[Record], *, final: bool) -> None:
        """I40: every intent became one order, and at the end every order came to one end."""
        intents = {(_message(r).decision, _message(r).leg) for r in kept if r.type == "Intent"}
        states: dict[tuple[int, int], str] = {}
        for record in kept:
            if record.type == "OrderState":
                said = _message(record)
                states[said.decision, said.leg] = said.state
        lost = [intent for intent in intents if intent not in states]
        if lost:
            self.problems.append(f"lost intents: {lost[:5]}")
        if final:
            alive = {intent: state for intent, state in states.items() if state in ("SENDING", "OPEN", "UNKNOWN")}
            if alive:
                self.problems.append(f"orders without an end: {alive}")

    def _positions_equal(self, kept: list[Record], truth: dict[str, Decimal]) -> None:
        ours: dict[str, Decimal] = {}
        for record in kept:
            if record.type == "Position":
                said = _message(record)
                ours[said.symbol] = said.quantity
        theirs = {symbol: quantity for symbol, quantity in truth.items() if quantity}
        mine = {symbol: quantity for symbol, quantity in ours.items() if quantity}
        if mine != theirs:
            self.problems.append(f"positions differ: journal {mine}, broker {theirs}")


def _message(record: Record) -> Any:
    return codec.decode(record.type, record.payload)


def crash(kills: int, seed: int) -> dict[str, Any]:
    """Kill and restart so many times, then stop in order; returns what was found."""
    with tempfile.TemporaryDirectory(prefix="keel-crash-") as name:
        harness = Harness(Path(name), random.Random(seed))
        try:
            for number in range(kills):
                harness.start()
                harness.kill()
                harness.examine(final=False)
                _progress(number + 1, kills, harness)
            harness.start()
            summary = harness.stop()
            harness.examine(final=True)
            checked = verify(PosixDisk(harness.run_directory() / "journal"))
            harness.problems += [str(problem.damage()) for problem in checked.problems]
            replayed = _replay(harness)
        finally:
            harness.close()
        found = dict(harness.found)
        return {**found, "records": checked.records, **replayed, "summary": summary, "problems": harness.problems}


def _replay(harness: Harness) -> dict[str, Any]:
    """All epochs of the run, byte for byte."""
    command = [sys.executable, "-m", "bot", "replay", str(harness.run_directory()), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=600)
    if done.returncode:
        harness.problems.append(f"replay ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        return {}
    report = json.loads(done.stdout)
    return {"decisions_identical": report["decisions"], "byte_identical": report["byte_identical"]}


def _progress(number: int, kills: int, harness: Harness) -> None:
    if sys.stderr.isatty() or number % 10 == 0 or number == kills:
        sys.stderr.write(f"{number}/{kills} kills, {harness.found['killed_in_flight']} in flight\n")


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
