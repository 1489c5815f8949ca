"""A chunk that is divided stands behind what it holds, never behind more."""

from pathlib import Path

from adapters.journal.disk import PosixDisk
from adapters.journal.follow import Follower
from adapters.journal.writer import JournalWriter
from adapters.kafka.lanes import Chunk
from contracts.envelope import Envelope
from tests.kit.market import a_tick


def a_chunk(path: Path, count: int) -> Chunk:
    writer = JournalWriter(PosixDisk(path), free_bytes_min=0)
    for seq in range(1, count + 1):
        writer.append(Envelope(seq, seq, 0, seq, "feed", a_tick(frame=seq)), outside=True)
        writer.end_turn()
    writer.close()
    follower = Follower(path)
    start = follower.place
    return Chunk(follower.read(), start, follower.place, follower.head)


def test_halves_hold_everything_and_the_cursor_passes_each_by_itself(tmp_path: Path) -> None:
    whole = a_chunk(tmp_path, 7)

    first, second = whole.halves()

    assert first.records + second.records == whole.records
    assert (first.start, second.place) == (whole.start, whole.place)
    assert first.place.seq == first.records[-1].seq
    assert second.start == first.place
    assert (first.head, second.head) == (None, whole.head)


def test_from_behind_the_first_half_the_second_is_read(tmp_path: Path) -> None:
    first, second = a_chunk(tmp_path, 7).halves()

    assert Follower(tmp_path, first.place).read() == second.records
