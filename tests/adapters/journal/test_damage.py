"""What becomes of a journal that was cut, flipped, edited or rearranged after it was written."""

from bisect import bisect_right
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.journal.reader import records, verify
from adapters.journal.record import COMMIT, CONTROL, CRC, HEADER, LAST, SEAL, SEGMENT_BYTES, Record, segment_name
from adapters.journal.recovery import Recovery, examine, recover
from adapters.journal.scan import JournalDamaged
from adapters.journal.writer import JournalWriter
from contracts.column import integers
from contracts.envelope import Envelope
from contracts.life import Beat
from contracts.market import BookSnapshot
from tests.kit.disks import CrashingDisk
from tests.kit.journals import a_plan, as_read, as_recorded, checksum, finish, live, reseal, unchanged

PLAN = a_plan(48)
SAID = [as_recorded(step) for step in PLAN]
TAIL_BYTES = 32 << 10


def a_sealed_journal() -> CrashingDisk:
    """Several segments, several blocks."""
    disk = CrashingDisk()
    live(disk, PLAN, [])
    return disk


def a_killed_journal(depth: int = 60, turns: int = 60) -> CrashingDisk:
    """One segment of over 32 KiB of books and beats, synced now and then, its process killed."""
    disk = CrashingDisk()
    journal = JournalWriter(disk, free_bytes_min=0)
    levels = integers(np.arange(depth))
    for turn in range(1, turns + 1):
        said = BookSnapshot("BTC-EUR", levels, levels, levels, levels, turn, turn, 1, turn)
        payload = said if turn % 4 else Beat("second", turn)
        journal.append(Envelope(turn, turn, 0, turn, "feed", payload), outside=True)
        journal.end_turn()
        if turn % 20 == 0:
            finish(journal.durable(turn))
    journal.flush()
    return disk.copy()


def frames(data: bytes) -> list[tuple[int, int, int, int]]:
    """(start, stop, seq, flags) of every record of a segment."""
    found, offset = [], SEGMENT_BYTES
    while offset < len(data):
        _, length, seq, *_, flags = HEADER.unpack_from(data, offset)
        found.append((offset, offset + HEADER.size + length, seq, flags))
        offset += HEADER.size + length
    return found


def with_bytes(disk: CrashingDisk, number: int, data: bytes) -> CrashingDisk:
    """The same journal but for one segment."""
    other = disk.copy()
    other.put(segment_name(number), data)
    return other


def recrc(data: bytes, start: int, stop: int) -> bytes:
    """The same bytes with the checksum of that record made right."""
    return data[:start] + CRC.pack(checksum(data[start + CRC.size : stop])) + data[start + CRC.size :]


def flipped(data: bytes, place: int, bit: int) -> bytes:
    return data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


def damage(disk: CrashingDisk) -> JournalDamaged:
    """The one error that everybody who reads this journal gets."""
    before = {name: bytes(file.cached) for name, file in disk.files.items()}
    with pytest.raises(JournalDamaged) as examined:
        examine(disk)
    with pytest.raises(JournalDamaged) as recovered:
        recover(disk)
    with pytest.raises(JournalDamaged) as read:
        list(records(disk))
    (problem,) = verify(disk).problems
    assert str(examined.value) == str(recovered.value) == str(read.value) == str(problem.damage())
    assert before == {name: bytes(file.cached) for name, file in disk.files.items()}, "it was touched"
    return examined.value


@pytest.mark.numbers
def test_a_cut_at_every_byte_of_the_last_32_kib_leaves_the_longest_valid_prefix() -> None:
    disk = a_killed_journal(depth=120, turns=12)
    name = segment_name(1)
    data = disk.read(name)
    assert len(data) > TAIL_BYTES + SEGMENT_BYTES
    whole = frames(data)
    stops = [stop for _, stop, _, _ in whole]
    for size in range(len(data) - TAIL_BYTES, len(data)):
        disk.put(name, data[:size])
        found = examine(disk)
        good = bisect_right(stops, size)
        seqs = [seq for _, _, seq, flags in whole[:good] if not flags & CONTROL]
        end = stops[good - 1] if good else SEGMENT_BYTES
        assert found.last_seq == (seqs[-1] if seqs else 0)
        assert (found.end.offset, found.torn_bytes) == (end, size - end)


@pytest.mark.parametrize("size", [1, 20, SEGMENT_BYTES, SEGMENT_BYTES + 1, 1_000, 20_000, 33_333])
def test_a_cut_journal_is_mended_and_its_torn_bytes_are_kept(size) -> None:
    disk = a_killed_journal()
    name = segment_name(1)
    whole = disk.read(name)
    data = whole[:size]
    disk.put(name, data)
    found = recover(disk)
    ends = [0, SEGMENT_BYTES, *(stop for _, stop, _, _ in frames(whole))]
    assert found.torn_bytes == size - max(end for end in ends if end <= size)
    if found.torn_bytes:
        assert disk.read(found.torn_name) == data[-found.torn_bytes :]
    again = recover(disk)
    assert (again.last_seq, again.end, again.head, again.torn_bytes) == (found.last_seq, found.end, found.head, 0)
    journal = JournalWriter(disk, after=again, free_bytes_min=0)
    seq = found.last_seq + 1
    journal.append(Envelope(seq, seq, 0, seq, "clock", Beat("second", seq)), outside=True)
    journal.end_turn()
    journal.close()
    assert verify(disk).problems == ()
    assert [record.seq for record in records(disk)] == list(range(1, seq + 1))


def test_a_second_torn_tail_does_not_replace_the_first() -> None:
    disk = a_killed_journal(turns=7)
    for number in (1, 2):
        name = segment_name(number)
        disk.put(name, disk.read(name)[:-90])
        found = recover(disk)
        assert found.torn_name == f"torn-{number}.bin"
        journal = JournalWriter(disk, after=found, free_bytes_min=0)
        for seq in range(found.last_seq + 1, found.last_seq + 4):
            journal.append(Envelope(seq, seq, 0, seq, "clock", Beat("second", seq)), outside=True)
            journal.end_turn()
        journal.flush()
    assert disk.read("torn-1.bin") != disk.read("torn-2.bin")


def check_flip(disk: CrashingDisk, number: int, place: int, bit: int) -> None:
    """A flipped bit is found where it is: nothing behind it is believed, nothing that was safe is cut."""
    name = segment_name(number)
    data = disk.read(name)
    broken = with_bytes(disk, number, flipped(data, place, bit))
    (problem,) = verify(broken).problems
    start = max([0, *(start for start, _, _, _ in frames(data) if start <= place)])
    assert problem.at == (number, start)
    assert problem.seq == min(
        (seq for start, stop, seq, flags in frames(data) if stop > place and not flags & CONTROL),
        default=verify(disk).records + 1 if number == verify(disk).segments else problem.seq,
    )
    found = examined(broken)
    if isinstance(found, JournalDamaged):
        assert (found.seq, found.segment, found.offset) == (problem.seq, number, start)
    else:
        assert found.end <= (number, start)
        assert not verify(broken).sealed


def examined(disk: CrashingDisk) -> Recovery | JournalDamaged:
    try:
        return examine(disk)
    except JournalDamaged as error:
        return error


@cache
def sealed_disk() -> CrashingDisk:
    return a_sealed_journal()


@cache
def killed_disk() -> CrashingDisk:
    return a_killed_journal(depth=8)


@pytest.mark.numbers
@pytest.mark.parametrize("make", [sealed_disk, killed_disk])
def test_a_flipped_bit_is_found_where_it_is(make) -> None:
    disk = make()
    chance = np.random.default_rng(11)
    names = [name for name in disk.names() if name.startswith("journal")]
    for _ in range(1_000):
        number = int(chance.integers(len(names))) + 1
        size = len(disk.read(segment_name(number)))
        check_flip(disk, number, int(chance.integers(size)), int(chance.integers(8)))


def test_every_flipped_bit_of_a_small_journal_is_found() -> None:
    disk = CrashingDisk()
    live(disk, a_plan(6), [])
    data = disk.read(segment_name(1))
    for place in range(len(data)):
        for bit in range(8):
            assert verify(with_bytes(disk, 1, flipped(data, place, bit))).problems


def test_rot_before_a_sealed_end_is_never_taken_for_a_torn_tail() -> None:
    disk = sealed_disk()
    for number in range(1, verify(disk).segments + 1):
        data = disk.read(segment_name(number))
        seal = frames(data)[-1][0]
        for place in range(0, seal, 37):
            assert damage(with_bytes(disk, number, flipped(data, place, 3))).segment == number


def test_rot_before_the_last_sync_of_a_killed_journal_is_never_taken_for_a_torn_tail() -> None:
    disk = killed_disk()
    data = disk.read(segment_name(1))
    safe = max(start for start, _, seq, flags in frames(data) if seq == 40 and not flags & CONTROL)
    for place in range(0, safe, 101):
        assert damage(with_bytes(disk, 1, flipped(data, place, 3))).seq <= 40


def test_a_torn_record_behind_the_last_sync_is_a_torn_tail_even_if_later_bytes_survived() -> None:
    disk = killed_disk()
    data = disk.read(segment_name(1))
    start, stop, seq, _ = frames(data)[-3]
    disk = with_bytes(disk, 1, data[:start] + bytes(stop - start) + data[stop:])
    found = recover(disk)
    assert (found.last_seq, found.torn_bytes) == (seq - 1, len(data) - start)


def edited(data: bytes, index: int) -> bytes:
    """A data record with one payload byte changed and its checksum right."""
    start, stop, _, _ = [each for each in frames(data) if not each[3] & CONTROL][index]
    return recrc(flipped(data, stop - 1, 0), start, stop)


def test_an_edited_record_with_a_right_checksum_breaks_the_chain() -> None:
    disk = sealed_disk()
    error = damage(with_bytes(disk, 1, edited(disk.read(segment_name(1)), 4)))
    assert "the hash chain breaks between seq" in error.what


@pytest.mark.parametrize("place", [8, 16, 24, 32, 40, 42, 44, 46, 48, 57, 61, 70])
def test_an_edited_commitment_with_a_right_checksum_is_found(place) -> None:
    disk = sealed_disk()
    data = disk.read(segment_name(1))
    start, stop = next((a, b) for a, b, _, flags in frames(data) if flags & CONTROL and b - a == 84)
    assert damage(with_bytes(disk, 1, recrc(flipped(data, start + place, 0), start, stop))).segment == 1


def test_a_commitment_is_not_made_a_seal() -> None:
    disk = a_sealed_journal()
    disk.remove(segment_name(verify(disk).segments))
    last = verify(disk).segments
    data = disk.read(segment_name(last))
    start, stop, _, _ = frames(data)[-1]
    forged = data[: start + 42] + SEAL.to_bytes(2, "little") + data[start + 44 :]
    assert "chain breaks" in damage(with_bytes(disk, last, recrc(forged, start, stop))).what


def test_a_deleted_record_leaves_a_hole() -> None:
    disk = sealed_disk()
    data = disk.read(segment_name(1))
    start, stop, seq, _ = [each for each in frames(data) if not each[3] & CONTROL][2]
    error = damage(with_bytes(disk, 1, data[:start] + data[stop:]))
    assert error.what == f"a record has seq {seq + 1}, expected {seq}"


def test_two_swapped_records_are_found() -> None:
    disk = sealed_disk()
    data = disk.read(segment_name(1))
    (a, b, first, _), (_, c, second, _) = [each for each in frames(data) if not each[3] & CONTROL][1:3]
    error = damage(with_bytes(disk, 1, data[:a] + data[b:c] + data[a:b] + data[c:]))
    assert error.what == f"a record has seq {second}, expected {first}"


def test_a_deleted_commitment_breaks_the_chain() -> None:
    disk = sealed_disk()
    data = disk.read(segment_name(1))
    commits = [start for start, stop, _, flags in frames(data) if flags & CONTROL and stop - start == 84]
    assert HEADER.unpack_from(data, commits[0])[7] == COMMIT
    assert "chain breaks" in damage(with_bytes(disk, 1, data[: commits[0]] + data[commits[0] + 84 :])).what


def test_a_missing_segment_is_named() -> None:
    disk = a_sealed_journal()
    disk.remove(segment_name(2))
    assert damage(disk).what == "journal-000002.seg is missing"


def test_a_missing_first_segment_is_named() -> None:
    disk = a_sealed_journal()
    disk.remove(segment_name(1))
    assert damage(disk).what == "journal-000001.seg is missing"


def test_swapped_segments_are_named() -> None:
    disk = a_sealed_journal()
    one, two = disk.read(segment_name(1)), disk.read(segment_name(2))
    disk.put(segment_name(1), two)
    disk.put(segment_name(2), one)
    assert damage(disk).what == "the file holds segment 2"


def test_a_duplicated_segment_is_named() -> None:
    disk = a_sealed_journal()
    last = verify(disk).segments
    disk.put(segment_name(last + 1), disk.read(segment_name(last)))
    assert damage(disk).what == f"the file holds segment {last}"


def test_a_segment_of_another_run_does_not_continue() -> None:
    disk, other = a_sealed_journal(), CrashingDisk()
    live(other, [msgspec.structs.replace(step, order=False) for step in PLAN], [])
    disk.put(segment_name(2), other.read(segment_name(2)))
    assert "continue" in damage(disk).what


def test_a_segment_cut_in_the_middle_of_the_journal_is_damage() -> None:
    disk = sealed_disk()
    data = disk.read(segment_name(1))
    cut = frames(data)[-3][1]
    assert "its last block is open" in damage(with_bytes(disk, 1, data[:cut])).what
    assert "bytes are no record" in damage(with_bytes(disk, 1, data[: cut + 5])).what


def test_a_tail_cut_at_a_block_shows_only_against_an_exported_head() -> None:
    disk = a_sealed_journal()
    exported = verify(disk).head
    last = verify(disk).segments
    disk.remove(segment_name(last))
    found = verify(disk)
    assert found.problems == ()
    assert not found.sealed
    assert found.head != exported


@given(st.integers(0, len(PLAN) - 1))
def test_a_resealed_edit_shows_only_against_an_exported_head(index) -> None:
    forged = CrashingDisk()

    def edit(record: Record) -> Record:
        return record if record.seq != index + 1 else msgspec.structs.replace(record, at_ns=record.at_ns + 1)

    reseal(sealed_disk(), forged, edit)
    found = verify(forged)
    assert found.problems == ()
    assert (found.sealed, found.records, found.turns) == (True, len(PLAN), 48)
    assert found.head != verify(sealed_disk()).head


def test_resealing_changes_no_record() -> None:
    copy = CrashingDisk()
    reseal(sealed_disk(), copy, unchanged)
    assert [as_read(record) for record in records(copy)] == SAID
    assert {record.flags & LAST for record in records(copy)} == {0, LAST}
