"""The last word of a process that its watchdog ends: said where it can be, and never waited for."""

import os
from pathlib import Path

from bot.last_word import last_word

RUN = Path("/runs/canary/canary-000001")


def test_a_process_that_hung_says_so_and_what_to_do() -> None:
    reading, writing = os.pipe()
    ended: list[int] = []
    last_word(RUN, 5.0, end=ended.append, descriptor=writing)(70)
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        (line,) = pipe.readlines()
    assert line.startswith("Error: nothing moved for 5 s") and line.endswith("(code 70)\n")
    assert f"{RUN}/stalled.txt" in line and "Start it again" in line
    assert ended == [70]


def test_a_log_that_nobody_reads_does_not_hold_the_end_up() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    while True:
        try:
            os.write(writing, b"x" * 4096)
        except BlockingIOError:
            break
    os.set_blocking(writing, True)
    ended: list[int] = []
    last_word(RUN, 5.0, end=ended.append, descriptor=writing, patience_s=0.01)(70)
    assert ended == [70]
    os.close(reading)
    os.close(writing)


def test_a_log_that_is_closed_does_not_keep_the_process() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    ended: list[int] = []
    last_word(RUN, 5.0, end=ended.append, descriptor=writing)(70)
    assert ended == [70]
