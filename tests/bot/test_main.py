"""`python -m bot` as a process: equal journals whatever the hash seed, and an end in order whatever happens to it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kit.command_line import REPOSITORY, SMALL, Said, bot, bot_process


def started(runs: Path, *more: str, **pipes: int) -> subprocess.Popen[str]:
    """A daemon in real time that has begun its run."""
    command = [sys.executable, "-m", "bot", "run", "--runs", str(runs), *more]
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | pipes
    daemon = subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | SMALL, text=True, **given)
    deadline = time.monotonic() + 30
    while not list(runs.glob("*/*/control.sock")) and daemon.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return daemon


def ended(daemon: subprocess.Popen[str]) -> Said:
    """What the daemon left when it came to its end."""
    out, err = daemon.communicate(timeout=30)
    return Said(daemon.returncode, out or "", err or "")


def journal(runs: Path) -> bytes:
    """Every byte of the only journal there."""
    return b"".join(path.read_bytes() for path in sorted(runs.glob("*/*/journal/journal-*.seg")))


@pytest.mark.numbers
def test_two_hash_seeds_give_equal_journals_byte_for_byte(tmp_path) -> None:
    command = ("run", "--for", "6s", "--speed", "max", "--quiet", "--json", "--runs")
    said = [bot_process(*command, tmp_path / seed, PYTHONHASHSEED=seed) for seed in ("1", "2")]
    assert [each.code for each in said] == [0, 0]
    assert said[0].json["fills"] > 0
    assert journal(tmp_path / "1") == journal(tmp_path / "2") != b""


@pytest.mark.numbers
def test_a_run_can_be_looked_at_while_it_goes_on(tmp_path) -> None:
    daemon = started(tmp_path, "--quiet", "--json")
    said = {verb: bot(verb, "--runs", tmp_path, "--json") for verb in ("status", "verify", "runs", "stop")}
    assert ended(daemon).code == 0
    assert {verb: each.code for verb, each in said.items()} == dict.fromkeys(said, 0)
    assert said["status"].json["run"] == "canary-000001"
    assert said["runs"].json["runs"][0]["state"] == "running"


@pytest.mark.numbers
def test_a_log_that_nobody_reads_any_more_stops_no_daemon(tmp_path) -> None:
    read, write = os.pipe()
    daemon = started(tmp_path, "-vv", "--json", stderr=write)
    os.close(write)
    os.close(read)
    before = bot("status", "--runs", tmp_path, "--json").json["turns"]
    deadline = time.monotonic() + 20
    while bot("status", "--runs", tmp_path, "--json").json["decisions"] < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    daemon.send_signal(signal.SIGTERM)
    said = ended(daemon)
    assert (said.code, said.json["ending"]) == (0, "SIGTERM")
    assert said.json["turns"] > before


@pytest.mark.numbers
def test_an_interrupt_during_the_start_leaves_no_traceback_and_nothing_broken(tmp_path) -> None:
    command = [sys.executable, "-m", "bot", "run", "--for", "2s", "--quiet", "--runs", str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    daemon = subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | SMALL, text=True, **pipes)
    while not (tmp_path / "canary" / "account.lock").exists():
        time.sleep(0.001)
    daemon.send_signal(signal.SIGINT)
    said = ended(daemon)
    assert said.code in (0, 130)
    assert "Traceback" not in said.err
    again = bot("run", "--for", "1s", "--speed", "max", "--quiet", "--json", "--runs", tmp_path)
    assert again.code == 0


@pytest.mark.parametrize("closed", [">&-", "<&- 2>&-"])
def test_a_stream_that_is_closed_goes_nowhere(closed: str) -> None:
    said = bot_process("features", "list", shell=closed)

    assert (said.code, said.err) == (0, "")
    assert bool(said.out) == (not closed.startswith(">&-"))
