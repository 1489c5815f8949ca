"""A stderr that nobody reads holds nobody up: lines wait, then are dropped and counted, and the daemon goes on."""

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from bot.cli.queued_stderr import QueuedStderr, unhurried_stderr
from tests.kit.command_line import REPOSITORY, SMALL

ROOM_OF_A_PIPE = 1 << 16
"""In bytes; lines that do not fit the rest of a page begin a new one, so that up to a tenth stays unused."""

SOON_S = 5.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A reader's end and a writer's end."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test closed it


def everything(end: int) -> str:
    """What is read until the writer has closed."""
    with open(end, "rb", closefd=False) as stream:
        return stream.read().decode()


def test_what_was_said_arrives_whole_and_in_its_order(pipe) -> None:
    queued = QueuedStderr(pipe[1])
    said = [f"line {number} ž\n" for number in range(1_000)]
    for line in said:
        queued.write(line)
    assert queued.drain(SOON_S)
    os.close(pipe[1])
    assert everything(pipe[0]) == "".join(said)
    assert queued.dropped == 0


def test_a_pipe_that_nobody_reads_takes_what_it_can_and_the_rest_is_dropped_and_counted(pipe) -> None:
    queued = QueuedStderr(pipe[1], waiting_bytes_max=10_000)
    for _ in range(200):
        queued.write("x" * 999 + "\n")
    assert 200 - (ROOM_OF_A_PIPE + 10_000) // 1_000 - 2 <= queued.dropped <= 190
    assert not queued.drain(0.0)


def test_a_reader_that_comes_back_is_told_how_much_it_missed(pipe) -> None:
    queued = QueuedStderr(pipe[1], waiting_bytes_max=10_000)
    for _ in range(200):
        queued.write("x" * 999 + "\n")
    read = os.read(pipe[0], ROOM_OF_A_PIPE).decode()
    assert queued.drain(SOON_S)
    os.close(pipe[1])
    read += everything(pipe[0])
    told = re.findall(r"^(\d+) lines of this log were dropped: nobody took them$", read, re.MULTILINE)
    assert sum(int(number) for number in told) == queued.dropped > 0
    assert read.count("x\n") == 200 - queued.dropped


def test_a_reader_that_went_away_is_an_error_for_whoever_writes_next(pipe) -> None:
    queued = QueuedStderr(pipe[1])
    os.close(pipe[0])
    queued.write("a first line finds out\n")
    queued.drain(SOON_S)
    with pytest.raises(OSError, match="Broken pipe"):
        queued.write("and the next one is told\n")


def test_a_full_disk_costs_lines_which_are_counted_and_told_when_there_is_room_again(tmp_path) -> None:
    log = os.open("/dev/full", os.O_WRONLY)
    queued = QueuedStderr(log)
    queued.write("lost\n")
    queued.write("lost too\n")
    while queued.dropped < 2:  # the thread is at it; the suite has a limit of its own
        time.sleep(0.001)
    room = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY)
    os.dup2(room, log)
    queued.write("room again\n")
    assert queued.drain(SOON_S)
    os.close(room)
    os.close(log)
    assert (tmp_path / "log").read_text() == "room again\n2 lines of this log were dropped: nobody took them\n"


def test_what_cannot_be_encoded_is_escaped_as_on_any_stderr(pipe) -> None:
    queued = QueuedStderr(pipe[1])
    queued.write("\udcff")
    assert queued.drain(SOON_S)
    os.close(pipe[1])
    assert everything(pipe[0]) == "\\udcff"


def test_a_stderr_that_somebody_put_in_its_place_is_left_there(monkeypatch) -> None:
    captured = io.StringIO()
    monkeypatch.setattr(sys, "stderr", captured)
    with unhurried_stderr():
        sys.stderr.write("said")
        assert sys.stderr is captured
    assert captured.getvalue() == "said"


@pytest.mark.numbers
def test_a_daemon_whose_log_nobody_reads_runs_to_its_end(tmp_path) -> None:
    command = [sys.executable, "-m", "bot", "run", "--profile", "canary", "--for", "10m", "--speed", "max", "-vv"]
    read, write = os.pipe()
    try:
        done = subprocess.run(
            [*command, "--runs", str(tmp_path), "--json"],
            cwd=REPOSITORY, env=os.environ | SMALL, stdout=subprocess.PIPE, stderr=write, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0
        assert b'"decisions"' in done.stdout
        assert len(os.read(read, ROOM_OF_A_PIPE)) > ROOM_OF_A_PIPE / 2, (
            "the log did not fill the pipe: this shows nothing"
        )
    finally:
        os.close(read)
        os.close(write)
