from adapters.journal.reader import verify
from adapters.journal.record import GENESIS, SEAL, Position, control, segment_name
from adapters.journal.scan import Scan
from adapters.journal.segments import RESERVE, SPARE, Segments
from tests.kit.disks import CrashingDisk

WORD = control(2, 0, 0, 0)


def test_nothing_written_is_nothing_committed() -> None:
    disk = CrashingDisk()
    segments = Segments(disk, 1, GENESIS)
    segments.commit(0, 0, 0)
    segments.commit(0, 0, 0, kind=SEAL)
    segments.close()
    assert disk.read(segment_name(1)) == b""


def test_a_closed_block_is_not_closed_again_but_may_be_sealed() -> None:
    disk = CrashingDisk()
    segments = Segments(disk, 1, GENESIS)
    segments.write(WORD, 1)
    segments.commit(0, 0, 0)
    place = segments.position
    segments.commit(0, 0, 0)
    assert segments.position == place
    segments.commit(0, 0, 0, kind=SEAL)
    assert segments.position > place
    assert verify(disk).sealed


def test_a_commitment_names_what_was_safe_when_it_was_written() -> None:
    disk = CrashingDisk()
    segments = Segments(disk, 1, GENESIS)
    segments.write(WORD, 1)
    segments.commit(0, 0, 0)
    assert Scan(disk).run().synced == Position(1, 0)
    segments.sync()
    safe = segments.position
    segments.write(WORD, 1)
    segments.commit(0, 0, 0)
    assert Scan(disk).run().synced == safe


def test_a_segment_starts_when_the_one_before_it_is_safe() -> None:
    disk = CrashingDisk()
    segments = Segments(disk, 1, GENESIS)
    segments.write(WORD, 1)
    segments.commit(0, 0, 0)
    segments.roll()
    assert disk.calls[-5:] == ["sync", "rename", "sync_dir", "remove", "open"]
    assert (segments.position, segments.synced) == (Position(2, 0), Position(2, 0))
    segments.write(WORD, 1)
    assert verify(disk).segments == 2


def test_the_spare_and_the_reserve_are_there_from_the_start() -> None:
    disk = CrashingDisk()
    segments = Segments(disk, 4, GENESIS)
    assert disk.names() == [segment_name(4), SPARE, RESERVE]
    assert segments.release_reserve()
    assert not segments.release_reserve()
    assert RESERVE not in disk.names()


def test_short_writes_are_gone_on_with_and_counted_right() -> None:
    disk = CrashingDisk(write_bytes_max=7)
    segments = Segments(disk, 1, GENESIS)
    segments.write(WORD, 1)
    segments.commit(0, 0, 0)
    assert segments.position == Position(1, len(disk.read(segment_name(1))))
    segments.sync()
    assert segments.synced == segments.position
    assert verify(disk).problems == ()
