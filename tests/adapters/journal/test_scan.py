"""Records with right checksums that are wrong all the same."""

import pytest

from adapters.journal.reader import records, verify
from adapters.journal.record import (
    FIELDS,
    GENESIS,
    NAME,
    NAME_ID,
    SEGMENT,
    SEGMENT_MARK,
    TURN_END,
    control,
    frame,
    segment_name,
)
from adapters.journal.scan import JournalDamaged, Scan
from adapters.journal.segments import Segments
from adapters.journal.tail import torn_tail
from tests.kit.disks import CrashingDisk
from tests.kit.journals import a_plan, checksum, live

NAMES = control(NAME, 0, 0, 0, NAME_ID.pack(1) + b"feed") + control(NAME, 0, 0, 0, NAME_ID.pack(2) + b"Tick")


def message(seq: int, *, source: int = 1, kind: int = 2, flags: int = 3) -> bytes:
    return frame(FIELDS.pack(2, seq, seq, 0, seq, source, kind, 1, flags), b"{}")


def a_journal_of(*data: bytes) -> CrashingDisk:
    """Those bytes in one block of one segment."""
    disk = CrashingDisk()
    segments = Segments(disk, 1, GENESIS)
    segments.write(b"".join(data), 1)
    segments.commit(0, 0, 0)
    return disk


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ([message(1)], r"uses a name \(1 or 2\) that the segment has not explained"),
        ([NAMES, message(1), message(1, source=3)], "seq 1, expected 2"),
        ([NAMES, message(1), message(2, source=3)], r"uses a name \(3 or 2\)"),
        ([NAMES, message(1), message(3)], "seq 3, expected 2"),
        ([NAMES, message(2)], "seq 2, expected 1"),
        ([NAMES, message(1), control(9, 1, 1, 1)], "unknown kind 9"),
        ([NAMES, message(1), control(TURN_END, 2, 1, 1)], "belongs to seq 2, expected 1"),
        ([NAMES, message(1), control(TURN_END, 1, 2, 1)], "belongs to seq 1"),
        ([NAMES, message(1), control(3, 1, 1, 1, b"short")], "a commitment has 5 bytes, expected 36"),
        ([control(NAME, 0, 0, 0, b"\1")], "a name is no text"),
        ([control(NAME, 0, 0, 0, b"\1\0\xff\xfe")], "a name is no text"),
    ],
)
def test_what_is_whole_but_wrong_is_damage_and_never_a_torn_tail(data, what) -> None:
    disk = a_journal_of(*data)
    with pytest.raises(JournalDamaged, match=what):
        list(records(disk))
    with pytest.raises(JournalDamaged, match=what):
        torn_tail(disk, Scan(disk).run())
    (problem,) = verify(disk).problems
    assert problem.at.segment == 1


def two_segments(cause: int) -> CrashingDisk:
    """The second segment has an open block alone."""
    disk = CrashingDisk()
    segments = Segments(disk, 1, GENESIS)
    segments.write(NAMES + frame(FIELDS.pack(2, 1, 1, cause, 1, 1, 2, 1, 3), b"{}"), 1)
    segments.commit(1, 1, 1)
    segments.roll()
    segments.write(NAMES + message(2), 2)
    return disk


def test_an_open_segment_of_a_sister_run_does_not_continue() -> None:
    disk, sister = two_segments(cause=0), two_segments(cause=7)
    assert Scan(disk).run().defect is None
    disk.put(segment_name(2), sister.read(segment_name(2)))
    with pytest.raises(JournalDamaged, match="does not continue the one before it"):
        list(records(disk))


def test_a_segment_of_another_format_is_damage() -> None:
    head = SEGMENT.pack(SEGMENT_MARK, 2, 1, 1, GENESIS)
    disk = CrashingDisk()
    disk.put(segment_name(1), head + checksum(head).to_bytes(4, "little"))
    with pytest.raises(JournalDamaged, match="the segment has format 2, expected 1"):
        list(records(disk))


def test_the_records_before_the_damage_are_read() -> None:
    disk = a_journal_of(NAMES, message(1), message(2), message(9))
    seqs: list[int] = []
    with pytest.raises(JournalDamaged):
        seqs.extend(record.seq for record in records(disk))
    assert Scan(disk).run().last_seq == 2


def test_other_files_are_no_segments() -> None:
    disk = CrashingDisk()
    live(disk, a_plan(8), [])
    before = verify(disk)
    for name in ("torn-1.bin", "journal-1.seg", "xjournal-000009.seg", "journal-000009.seg.bak", "snapshot.tmp"):
        disk.put(name, b"anything")
    assert verify(disk) == before


def test_an_empty_directory_is_an_empty_journal() -> None:
    scan = Scan(CrashingDisk()).run()
    assert (scan.last_seq, scan.defect, list(scan.numbers), scan.chain.head) == (0, None, [], GENESIS)
