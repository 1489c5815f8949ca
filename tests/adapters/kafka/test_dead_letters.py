"""What could not be mirrored is written down once, and too much of it is an outage."""

import os
from pathlib import Path

import pytest

from adapters.kafka.dead_letters import DeadLetter, DeadLetters, TooManyDeadLetters, read


def test_a_letter_is_kept_once_however_often_its_message_is_tried(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "dead", 5)
    for _ in range(3):
        letters.add(7, "Tick", "too large")

    assert read(tmp_path / "dead") == [DeadLetter(seq=7, type="Tick", reason="too large")]
    assert DeadLetters(tmp_path / "dead", 5).known == {7}


def test_beyond_the_limit_the_mirror_must_stop(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "dead", 2)
    letters.add(1, "Tick", "a")
    letters.add(2, "Tick", "b")

    with pytest.raises(TooManyDeadLetters, match=r"3 messages .* at most 2 .* message 3 \(Trade\): c"):
        letters.add(3, "Trade", "c")
    with pytest.raises(TooManyDeadLetters):
        DeadLetters(tmp_path / "dead", 2).add(1, "Tick", "a")


def test_a_line_that_a_crash_has_cut_is_passed_over_and_spoils_no_other(tmp_path: Path) -> None:
    DeadLetters(tmp_path / "dead", 5).add(1, "Tick", "a")
    with (tmp_path / "dead").open("ab") as file:
        file.write(b'\n{"seq": 2, "ty')

    DeadLetters(tmp_path / "dead", 5).add(3, "Tick", "c")

    assert [letter.seq for letter in read(tmp_path / "dead")] == [1, 3]


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert read(tmp_path / "nowhere") == []
    assert len(DeadLetters(tmp_path / "nowhere", 5)) == 0


def test_a_letter_is_on_the_medium_before_the_cursor_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))

    DeadLetters(tmp_path / "dead", 5).add(7, "Tick", "too large")

    assert synced == [(tmp_path / "dead").stat().st_size]
