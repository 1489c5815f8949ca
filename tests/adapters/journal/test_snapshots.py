import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.journal.snapshots import Snapshot, Snapshots
from tests.kit.disks import CrashingDisk, PowerCut, cut_at, no_fault

SCHEMAS = {"marker": "aa", "ledger": "bb"}


def parts(seq: int) -> dict[str, bytes]:
    return {"marker": b"m" * seq, "ledger": b"l%d" % seq}


def store_with(*seqs: int, disk: CrashingDisk | None = None) -> Snapshots:
    store = Snapshots(disk or CrashingDisk())
    for seq in seqs:
        store.write(seq, parts(seq), SCHEMAS)
    return store


def test_the_newest_snapshot_comes_back_whole() -> None:
    assert store_with(5, 10).latest(100) == Snapshot(10, parts(10), SCHEMAS)


def test_an_empty_store_has_no_latest() -> None:
    assert store_with().latest(100) is None


def test_three_snapshots_are_kept() -> None:
    assert store_with(1, 2, 3, 4, 5).seqs() == [3, 4, 5]


def test_a_snapshot_newer_than_the_journal_is_passed_over_and_named() -> None:
    store = store_with(5, 10)
    assert store.latest(9) == Snapshot(5, parts(5), SCHEMAS)
    assert store.passed_over == ("snapshot-00000000000000000010.bin: newer than the journal, which ends with seq 9",)


def test_a_snapshot_of_a_lost_future_goes_with_the_next_write() -> None:
    store = store_with(5, 10, 20)
    store.write(7, parts(7), SCHEMAS)
    assert store.seqs() == [5, 7]


def test_a_part_without_a_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="every part has a schema"):
        store_with().write(1, {"marker": b""}, {})


@given(st.data())
def test_a_damaged_newest_snapshot_falls_back_to_the_older(data) -> None:
    disk = CrashingDisk()
    store = store_with(5, 10, disk=disk)
    name = "snapshot-00000000000000000010.bin"
    whole = disk.read(name)
    place = data.draw(st.integers(0, len(whole) - 1))
    broken = data.draw(
        st.one_of(
            st.just(whole[:place]),
            st.integers(0, 7).map(lambda bit: whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :]),
            st.just(whole + b"\0"),
        )
    )
    disk.put(name, broken)
    assert store.latest(100) == Snapshot(5, parts(5), SCHEMAS)
    assert len(store.passed_over) == 1


def test_a_snapshot_under_another_name_is_passed_over() -> None:
    disk = CrashingDisk()
    store = store_with(5, 10, disk=disk)
    disk.put("snapshot-00000000000000000011.bin", disk.read("snapshot-00000000000000000010.bin"))
    found = store.latest(100)
    assert found is not None
    assert found.seq == 10


def test_a_crash_at_any_call_leaves_the_old_or_the_new_snapshot() -> None:
    chance = np.random.default_rng(3)
    for place in range(40):
        disk = CrashingDisk()
        store = Snapshots(disk)
        for seq in (1, 2, 3):
            store.write(seq, parts(seq), SCHEMAS)
        disk.fault, disk.calls = cut_at(place), []
        written = 3
        try:
            store.write(4, parts(4), SCHEMAS)
            written = 4
        except PowerCut:
            disk.fault = no_fault
        after = Snapshots(disk.crash(chance))
        found = after.latest(100)
        assert found is not None
        assert found.seq in {written, 4}
        assert found == Snapshot(found.seq, parts(found.seq), SCHEMAS)
        after.write(5, parts(5), SCHEMAS)
        assert after.latest(100) == Snapshot(5, parts(5), SCHEMAS)
