"""The cursor is whole or the one before, belongs to its run, and never goes back."""

import os
from pathlib import Path

import pytest

from adapters.journal.follow import Place
from adapters.kafka.cursor import Cursor, CursorDamaged, CursorFile

RUN = "canary/canary-000001"


def a_cursor(seq: int, **changed) -> Cursor:
    return Cursor(**({"run": RUN, "env": "test", "place": Place(seq, 1, "aa"), "universes": {1: ("A", "B")}} | changed))


def test_a_cursor_that_was_written_is_read_again(tmp_path: Path) -> None:
    file = CursorFile(tmp_path / "cursor", RUN, "test")
    assert file.read() == Cursor(run=RUN, env="test")

    file.write(a_cursor(7))

    assert CursorFile(tmp_path / "cursor", RUN, "test").read() == a_cursor(7)
    assert (tmp_path / "cursor").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["cursor"]


def test_a_cursor_never_goes_back(tmp_path: Path) -> None:
    file = CursorFile(tmp_path / "cursor", RUN, "test")
    file.write(a_cursor(7))

    with pytest.raises(AssertionError, match="goes forward"):
        file.write(a_cursor(6))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"run": 1}'])
def test_a_cursor_that_is_damaged_is_named_and_not_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cursor").write_bytes(content)

    with pytest.raises(CursorDamaged, match="remove it to mirror the run again"):
        CursorFile(tmp_path / "cursor", RUN, "test")


@pytest.mark.parametrize(("run", "env"), [("other/other-000001", "test"), (RUN, "prod")])
def test_a_cursor_of_another_run_is_not_taken(tmp_path: Path, run: str, env: str) -> None:
    CursorFile(tmp_path / "cursor", RUN, "test").write(a_cursor(7))

    with pytest.raises(CursorDamaged, match="is of run"):
        CursorFile(tmp_path / "cursor", run, env)


def test_a_write_that_was_cut_leaves_the_cursor_before(tmp_path: Path) -> None:
    CursorFile(tmp_path / "cursor", RUN, "test").write(a_cursor(7))
    (tmp_path / "cursor.new").write_bytes(b'{"run": "can')

    assert CursorFile(tmp_path / "cursor", RUN, "test").read() == a_cursor(7)


def test_a_cursor_with_another_digit_passes_over_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cursor"
    CursorFile(path, RUN, "test").write(a_cursor(7))
    path.write_bytes(path.read_bytes().replace(b'"seq":7', b'"seq":9'))

    with pytest.raises(CursorDamaged, match="checksum is wrong; remove it"):
        CursorFile(path, RUN, "test")


def test_a_cursor_is_whole_on_the_medium_before_it_is_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = watched(monkeypatch)
    CursorFile(tmp_path / "cursor", RUN, "test").write(a_cursor(7))

    assert synced == [
        (tmp_path / "cursor.new", (tmp_path / "cursor").stat().st_size, False),
        (tmp_path, tmp_path.stat().st_size, True),
    ]


def watched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, int, bool]]:
    """What is synced: which file, how long it is then, and whether the cursor is in its place."""
    synced: list[tuple[Path, int, bool]] = []

    def sync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        place = path if path.is_dir() else path.parent
        synced.append((path, os.fstat(descriptor).st_size, (place / "cursor").exists()))

    monkeypatch.setattr(os, "fsync", sync)
    return synced
