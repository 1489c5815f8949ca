"""Daemons as processes: signals, probes, control, a second life, and every bad start with its exit code."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records, verify
from contracts import codec
from contracts.quantities import SECOND_NS
from runtime.control import NoAnswer, NotRunning, ask

ROOT = Path(__file__).parents[2]
START_S_MAX = 30.0
QUICK = {
    "BOT__HEALTH__PORT": "0",
    "BOT__CADENCE__DECIDE_S": "0.5",
    "BOT__FEED__WARMUP_BARS": "60",
    "BOT__TRAINER__ENABLED": "false",
    "BOT__PLANNING__ENABLED": "false",
    "BOT__SIMULATED__MARKET__DRIFT_PER_SIGMA": "1",
    "BOT__RISK__REBALANCE_RATIO": "0.02",
    "BOT__RISK__MIN_HOLD_S": "1",
    "BOT__RISK__PATIENCE": "1",
}


class Daemon:
    """One process; `status` asks its control socket, `end` gives exit code, summary and what it said on stderr."""

    def __init__(self, runs: Path, *options: str, quick: bool = True, **environment: str) -> None:
        self.runs = runs
        command = [sys.executable, "-m", "bot", "run", "--runs", str(runs), "--json", *options]
        # A file, because a pipe that nobody reads is full after a minute and a half, and then holds the daemon up.
        talk, name = tempfile.mkstemp(dir=runs.parent)
        self._talk = Path(name)
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | (QUICK if quick else {}) | environment,
            stdout=subprocess.PIPE,
            stderr=talk,
        )
        os.close(talk)

    @property
    def run(self) -> Path:
        """The directory of the run that is going on."""
        account = json.loads((self.runs / "canary" / "account.json").read_text())
        return self.runs / "canary" / account["last_run"]

    def ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        return ask(self.run, verb, **fields)

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first status of which the condition is true."""
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                status = self.ask("status")
            except (NotRunning, NoAnswer, OSError, KeyError):
                time.sleep(0.02)
                continue
            if condition(status):
                return status
            time.sleep(0.02)
        self.process.kill()
        self.process.communicate()
        raise AssertionError(f"it did not come to that: {self._talk.read_text()[-2000:]}")

    def end(self, number: signal.Signals | None = None) -> tuple[int, dict[str, Any], str]:
        if number is not None:
            self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=START_S_MAX)
        return self.process.returncode, json.loads(out) if out.strip() else {}, self._talk.read_text()


@contextmanager
def a_daemon(runs: Path, *options: str, quick: bool = True, **environment: str) -> Iterator[Daemon]:
    daemon = Daemon(runs, *options, quick=quick, **environment)
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
        daemon.process.communicate()


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon for those who only look; it ends with the module, by Ctrl-C."""
    with a_daemon(tmp_path_factory.mktemp("living")) as daemon:
        yield daemon
        code, _, err = daemon.end(signal.SIGINT)
        assert code == 0, err


def trading(status: dict[str, Any]) -> bool:
    return bool(status["state"] == "TRADING")


def holding(status: dict[str, Any]) -> bool:
    return bool(status["state"] == "TRADING" and status["positions"])


def get(status: dict[str, Any], page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{status['health_port']}/{page}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def journal(run: Path) -> list[Any]:
    return list(records(PosixDisk(run / "journal")))


def said(run: Path, kind: str) -> list[Any]:
    return [codec.decode(kind, record.payload) for record in journal(run) if record.type == kind]


def refused(runs: Path, *options: str, **environment: str) -> tuple[int, str]:
    """The exit code of a start that must fail, and the one line it says."""
    with a_daemon(runs, "-q", "--for", "20s", *options, quick=False, **environment) as daemon:
        code, _, err = daemon.end()
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.strip()]
    assert len(lines) == 1, err
    return code, lines[0]


@pytest.mark.numbers
@pytest.mark.slow
def test_a_first_signal_drains_applies_on_stop_seals_and_exits_0(tmp_path):
    with a_daemon(tmp_path, BOT__PROCESS__ON_STOP="flatten") as daemon:
        daemon.until(holding)
        code, summary, err = daemon.end(signal.SIGTERM)
    assert code == 0
    assert "on stop: flatten, within 10 s" in err
    assert summary["ending"] == "SIGTERM"
    assert [(each.policy, each.reason) for each in said(daemon.run, "Stopping")] == [("flatten", "SIGTERM")]
    asked_ns, stopped_ns = (each.at_ns for each in journal(daemon.run) if each.type in ("Stopping", "RunStopped"))
    assert stopped_ns - asked_ns < 10 * SECOND_NS
    last = {each.symbol: each.quantity for each in said(daemon.run, "Position")}
    assert last
    assert all(quantity == 0 for quantity in last.values())
    assert verify(PosixDisk(daemon.run / "journal")).sealed


@pytest.mark.numbers
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_exits_at_once_with_128_and_its_number(tmp_path, number):
    slow = {"BOT__SIMULATED__BROKER__LATENCY_MS_MIN": "1500", "BOT__SIMULATED__BROKER__LATENCY_MS_MAX": "1900"}
    with a_daemon(tmp_path, BOT__PROCESS__ON_STOP="flatten", **slow) as daemon:
        daemon.until(lambda status: bool(status["open_orders"]))
        os.kill(daemon.process.pid, number)
        daemon.until(lambda status: "the process is ending" in str(status["reasons"]))
        code, summary, _ = daemon.end(number)
    assert code == 128 + number
    assert summary == {}


@pytest.mark.numbers
def test_for_ends_by_itself_and_prints_one_json_object(tmp_path):
    with a_daemon(tmp_path, "--for", "2s") as daemon:
        code, summary, _ = daemon.end()
    assert code == 0
    wanted = "run turns decisions signals intents refusals orders fills equity_eur restarts journal"
    assert set(wanted.split()) <= set(summary)
    assert summary["ending"] == "ran for 2 s"


@pytest.mark.numbers
def test_probes_and_metrics_answer_and_readiness_names_what_is_cold(living):
    status = living.until(lambda status: trading(status) and "cold: " in get(status, "readyz")[1])
    assert get(status, "livez")[0] == 200
    code, page = get(status, "readyz")
    assert code == 503
    assert any("cold: " in reason for reason in json.loads(page)["reasons"])
    assert "bot_turns_total" in get(status, "metrics")[1]
    assert get(status, "elsewhere")[0] == 404


@pytest.mark.numbers
def test_readiness_comes_when_nothing_is_cold_any_more(tmp_path):
    one_second = {f"BOT__{section}__BAR_S": "1" for section in ("BARS", "FEATURES", "FEED", "REGIME", "RISK")}
    one_second |= {"BOT__HORIZON_S": "30"}
    with a_daemon(tmp_path, **one_second, BOT__FEED__WARMUP_BARS="300") as daemon:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            status = daemon.until(trading)
            if get(status, "readyz")[0] == 200:
                return
            time.sleep(0.5)
        raise AssertionError(get(status, "readyz"))


@pytest.mark.numbers
def test_a_halt_stops_new_orders_until_resume_and_flatten_closes_everything(tmp_path):
    with a_daemon(tmp_path) as daemon:
        daemon.until(holding)
        daemon.ask("halt", reason="a test")
        halted = daemon.until(lambda status: status["state"] == "HALTED" and not status["open_orders"])
        later = daemon.until(lambda status: status["decisions"] >= halted["decisions"] + 2)
        assert later["orders"] == halted["orders"]
        daemon.ask("resume", reason="a test")
        daemon.until(lambda status: status["state"] == "TRADING" and status["orders"] > halted["orders"])
        daemon.ask("flatten", reason="a test")
        daemon.until(lambda status: not status["positions"] and not status["open_orders"])
        daemon.ask("stop", policy="keep")
        assert daemon.end()[0] == 0
    assert [each.reason for each in said(daemon.run, "Halt")] == ["a test"]
    assert said(daemon.run, "Resume")[0].principal == f"uid {os.getuid()}"


@pytest.mark.numbers
def test_a_killed_run_is_taken_up_and_a_changed_profile_begins_a_new_one_and_says_so(tmp_path):
    with a_daemon(tmp_path) as first:
        first.until(trading)
        first.process.kill()
        run = first.run
    with a_daemon(tmp_path) as second:
        second.until(trading)
        second.process.kill()
        _, _, err = second.end()
        assert second.run == run
    assert "taken up as epoch 2" in err
    with a_daemon(tmp_path, "--for", "1s", BOT__RISK__LOSS_MAX="9") as third:
        code, summary, err = third.end()
    assert code == 0
    assert summary["run"] != run.name
    assert f"{run.name} was cut, but the profile has changed since" in err


def halted(status: dict[str, Any]) -> bool:
    return bool(status["state"] == "HALTED")


@pytest.mark.numbers
def test_a_halt_outlives_kill_9_and_every_new_run(tmp_path):
    with a_daemon(tmp_path) as first:
        first.until(trading)
        first.ask("halt", reason="for good")
        first.process.kill()
    with a_daemon(tmp_path) as second:
        second.until(halted)
        second.process.kill()
    for _ in range(2):
        before = second.run
        with a_daemon(tmp_path, "--new") as anew:
            status = anew.until(halted)
            assert anew.run != before
            assert any("latched in an earlier run: halt" in reason for reason in status["reasons"])
            anew.process.kill()
    assert said(anew.run, "Order") == []


@pytest.mark.numbers
def test_a_second_daemon_on_the_same_account_is_refused(living):
    living.until(trading)
    code, line = refused(living.runs)
    assert code == 6
    assert "account 'canary' is in use by another daemon" in line


@pytest.mark.numbers
def test_a_port_in_use_is_said(living, tmp_path):
    port = living.until(trading)["health_port"]
    code, line = refused(tmp_path, BOT__HEALTH__PORT=str(port))
    assert code == 4
    assert str(port) in line
    assert "health.port" in line


@pytest.mark.numbers
def test_a_runs_directory_that_cannot_be_written_is_said(tmp_path):
    file = tmp_path / "file"
    file.write_text("no directory")
    code, line = refused(file)
    assert code == 4
    assert f"runs directory {file} cannot be used" in line


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("options", "environment", "code", "words"),
    [
        (["--profile", "canray"], {}, 4, "canary"),
        ([], {"BOT__CADENCE__DECIDES": "1"}, 4, "decide_s"),
        ([], {"BOT__RISK__LOSS_MAX": "-1"}, 4, "loss_max"),
        (["--profile", "live"], {}, 6, "is not armed"),
        (["--recording", "/nonexistent/COINBASE.jsonl.zst"], {}, 3, "COINBASE.jsonl.zst"),
    ],
)
def test_a_bad_start_is_one_clear_line_and_its_exit_code(tmp_path, options, environment, code, words):
    found, line = refused(tmp_path, *options, **environment)
    assert found == code
    assert words in line


@pytest.mark.numbers
@pytest.mark.parametrize("content", [b"", b"\x28\xb5\x2f\xfd\x00", b"not a recording at all\n" * 10])
def test_a_recording_that_is_none_is_refused_and_named(tmp_path, content):
    path = tmp_path / "MARKET.jsonl.zst"
    path.write_bytes(content)
    code, line = refused(tmp_path / "runs", "--recording", str(path), "--speed", "max")
    assert code in (4, 10)
    assert path.name in line


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk can only be mounted by root")
@pytest.mark.numbers
def test_a_full_disk_ends_the_process_with_75_and_the_next_one_starts_clean(tmp_path):
    with a_small_disk(tmp_path / "disk") as disk:
        runs = disk / "runs"
        with a_daemon(runs) as daemon:
            daemon.until(trading)
            ballast = disk / "ballast"
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(b"x" * 65536)
            code, _, err = daemon.end()
            assert code == 75
            assert "Traceback" not in err
        assert refused(runs)[0] == 75
        ballast.unlink()
        with a_daemon(runs, "--for", "2s") as daemon:
            code, _, err = daemon.end()
        assert code == 0, err


@contextmanager
def a_small_disk(path: Path) -> Iterator[Path]:
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(path)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
