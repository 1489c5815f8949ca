"""A journal that grows is read once, in order, and no further than what is whole and safe."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.journal.disk import PosixDisk
from adapters.journal.follow import START, Follower
from adapters.journal.reader import records, verify
from adapters.journal.recovery import recover
from adapters.journal.scan import JournalDamaged
from adapters.journal.writer import JournalWriter
from tests.kit.journals import Step, a_plan


def write(writer: JournalWriter, steps: list[Step]) -> None:
    for step in steps:
        writer.append(step.envelope, outside=step.outside)
        if step.last:
            writer.end_turn()


def a_writer(path: Path, *, after: bool = False, segment_bytes: int = 1_500) -> JournalWriter:
    disk = PosixDisk(path)
    return JournalWriter(disk, after=recover(disk) if after else None, segment_bytes=segment_bytes, free_bytes_min=0)


def seqs(found) -> list[int]:
    return [record.seq for record in found]


@settings(max_examples=8)
@given(
    cuts=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    bytes_max=st.sampled_from([60, 300, 5_000]),
    again=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_whatever_is_read_when_it_is_each_message_comes_once_in_order(tmp_path_factory, cuts, bytes_max, again) -> None:
    path = tmp_path_factory.mktemp("run") / "journal"
    plan, writer, follower = a_plan(40), a_writer(path), Follower(path)
    found, done = [], 0
    for cut, anew in zip([*cuts, len(plan)], [*again, True], strict=False):
        write(writer, plan[done : done + cut])
        done += cut
        writer.flush()
        while more := follower.read(bytes_max):
            found += more
        if anew:
            follower.close()
            follower = Follower(path, follower.place)
    write(writer, plan[done:])
    writer.close()
    while more := follower.read(bytes_max):
        found += more

    assert found == list(records(PosixDisk(path)))
    assert follower.ended
    assert follower.head is not None
    assert follower.head.head == verify(PosixDisk(path)).head


def test_nothing_is_there_before_the_journal_is(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    follower = Follower(tmp_path / "journal")
    assert follower.read() == []

    writer = a_writer(tmp_path / "journal")
    assert follower.read() == []

    write(writer, a_plan(4))
    writer.flush()
    assert seqs(follower.read()) == [1, 2, 3, 4, 5, 6]


def test_a_record_that_is_not_there_whole_is_waited_for(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "journal", segment_bytes=1 << 20)
    write(writer, a_plan(8))
    writer.close()
    (segment,) = (tmp_path / "journal").glob("journal-*.seg")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-200])

    follower = Follower(tmp_path / "journal")
    before = follower.read()
    segment.write_bytes(whole)

    assert 0 < len(before) < 12
    assert seqs(before + follower.read()) == list(range(1, 13))


def test_a_torn_tail_is_passed_over_when_the_run_is_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    plan = a_plan(30)
    writer = a_writer(path, segment_bytes=1 << 20)
    write(writer, plan[:20])
    writer.flush()
    (segment,) = path.glob("journal-*.seg")
    with segment.open("ab") as file:
        file.write(b"torn apart by the end of the process" * 3)

    follower = Follower(path)
    found = follower.read()
    assert follower.broken
    second = a_writer(path, after=True)
    write(second, plan[20:])
    second.close()
    found += follower.read()

    assert found == list(records(PosixDisk(path)))
    assert follower.ended


def test_rot_in_what_was_safe_is_damage_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    writer = a_writer(path)
    write(writer, a_plan(60))
    writer.close()
    first = sorted(path.glob("journal-*.seg"))[0]
    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 1
    first.write_bytes(data)

    with pytest.raises(JournalDamaged, match="checksum"):
        Follower(path).read()


def test_a_block_that_was_made_again_breaks_the_chain(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for path, turns in ((one, 60), (other, 64)):
        writer = a_writer(path)
        write(writer, a_plan(turns) if path == one else _shifted(a_plan(turns)))
        writer.close()
    second = sorted(path.name for path in one.glob("journal-*.seg"))[1]
    (one / second).write_bytes((other / second).read_bytes())

    with pytest.raises(JournalDamaged, match=r"does not continue|chain breaks"):
        Follower(one).read()


def test_another_journal_in_the_same_place_is_told_from_the_one_that_was_read(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    writer = a_writer(path)
    write(writer, a_plan(60))
    writer.close()
    follower = Follower(path)
    follower.read()
    place = follower.place
    assert place.segment > 1
    for segment in path.glob("*"):
        segment.unlink()
    writer = a_writer(path)
    write(writer, _shifted(a_plan(60)))
    writer.close()

    with pytest.raises(JournalDamaged, match="another journal"):
        Follower(path, place).read()


def test_what_is_given_was_synced_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    writer = a_writer(tmp_path / "journal")
    write(writer, a_plan(4))
    writer.flush()
    synced.clear()

    follower = Follower(tmp_path / "journal", START)
    assert follower.read()
    assert len(synced) == 1
    assert follower.read() == []
    assert len(synced) == 1


def _shifted(plan: list[Step]) -> list[Step]:
    """Another run of the same length: every message a moment later."""
    import msgspec

    return [
        msgspec.structs.replace(step, envelope=msgspec.structs.replace(step.envelope, at_ns=step.envelope.at_ns + 1))
        for step in plan
    ]
