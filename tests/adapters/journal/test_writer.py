import asyncio
import errno
import itertools
import struct
import threading
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.journal.disk import PosixDisk
from adapters.journal.reader import records, verify
from adapters.journal.record import segment_name
from adapters.journal.recovery import examine, recover
from adapters.journal.writer import PENDING_MAX, JournalWriter
from contracts import codec
from contracts.decision import Halt
from contracts.envelope import Envelope
from contracts.life import Beat, RunStopped
from contracts.market import Tick
from contracts.ports import JournalFailed
from contracts.topics import BY_TYPE
from tests.kit.beliefs import a_feature_frame
from tests.kit.disks import CrashingDisk, fails_at
from tests.kit.journals import finish
from tests.kit.virtual_time import turns

on_real_loops = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])
"""A thread cannot be waited for in virtual time."""


def a_tick(seq: int, turn: int, symbol: str = "BTC-EUR") -> Envelope[Any]:
    return Envelope(seq, turn, 0, 1_000 + turn, "feed", Tick(symbol, 100 + seq, 101 + seq, 5, 6, 7, 1, seq))


@on_real_loops
async def test_what_was_appended_is_read_back_with_a_thread(tmp_path) -> None:
    await _append_and_read_back(tmp_path, threaded=True)


async def test_what_was_appended_is_read_back(tmp_path) -> None:
    await _append_and_read_back(tmp_path, threaded=False)


async def _append_and_read_back(tmp_path, threaded) -> None:
    disk = PosixDisk(tmp_path / "journal")
    journal = JournalWriter(disk, threaded=threaded)
    envelopes = [a_tick(seq, seq) for seq in range(1, 1001)]
    for envelope in envelopes:
        journal.append(envelope, outside=True)
        journal.end_turn()
    journal.append(Envelope(1001, 1001, 0, 5_000, "metronome", Beat("signal", 1)), outside=True)
    assert len(list(records(disk))) == 1001
    journal.end_turn()
    await journal.durable(1001)
    journal.close()

    read = list(records(disk))
    assert [record.seq for record in read] == list(range(1, 1002))
    assert [codec.decode(record.type, record.payload) for record in read[:1000]] == [e.payload for e in envelopes]
    found = verify(disk)
    assert (found.problems, found.sealed, found.turns, found.open_bytes) == ((), True, 1001, 0)
    assert examine(disk) == recover(disk)


async def test_a_run_goes_on_after_recovery(tmp_path) -> None:
    disk = PosixDisk(tmp_path / "journal")
    for first in range(1, 20, 5):
        journal = JournalWriter(disk, after=recover(disk))
        for seq in range(first, first + 5):
            journal.append(a_tick(seq, seq), outside=True)
            journal.end_turn()
        await journal.durable(first + 4)
        journal.close(seal=first != 6)
    assert [record.seq for record in records(disk)] == list(range(1, 21))
    assert verify(disk).problems == ()


def a_writer(disk: CrashingDisk, **options: Any) -> JournalWriter:
    return JournalWriter(disk, **({"free_bytes_min": 0} | options))


def a_beat(seq: int, turn: int) -> Envelope[Any]:
    return Envelope(seq, turn, 0, turn, "metronome", Beat("signal", turn))


def a_turn(journal: JournalWriter, seq: int) -> None:
    journal.append(a_tick(seq, seq), outside=True)
    journal.end_turn()


def turns_for_ever(journal: JournalWriter, *, flushed: bool = False) -> None:
    for seq in itertools.count(1):
        a_turn(journal, seq)
        if flushed:
            journal.flush()


def test_what_may_kill_the_process_is_in_the_file_before_anyone_hears_it() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    journal.append(a_tick(1, 1), outside=True)
    journal.end_turn()
    assert examine(disk).last_seq == 0
    journal.append(a_beat(2, 2), outside=True)
    found = examine(disk)
    assert (found.last_seq, found.ended_seq) == (2, 1)
    assert [record.type for record in found.unfinished] == ["Beat"]


def test_market_rows_wait_for_company_or_a_timer() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    for seq in range(1, PENDING_MAX):
        a_turn(journal, seq)
    assert examine(disk).last_seq == 0
    a_turn(journal, PENDING_MAX)
    assert examine(disk).last_seq == PENDING_MAX
    a_turn(journal, PENDING_MAX + 1)
    journal.flush()
    assert examine(disk).last_seq == PENDING_MAX + 1


def test_a_turn_whose_only_record_was_written_already_is_ended_by_a_record_of_its_own() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    journal.append(a_beat(1, 1), outside=True)
    journal.end_turn()
    assert examine(disk).ended_seq == 0
    finish(journal.durable(1))
    assert (examine(disk).ended_seq, examine(disk).unfinished) == (1, ())
    assert not next(records(disk)).last


def test_an_end_without_a_new_record_ends_nothing() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    journal.end_turn()
    a_turn(journal, 1)
    journal.end_turn()
    journal.close()
    assert verify(disk).turns == 1


def test_of_a_digest_topic_only_the_digest_is_kept() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    frame = a_feature_frame(values=[[1.0, 2.0]])
    journal.append(a_beat(1, 1), outside=True)
    journal.append(Envelope(2, 1, 1, 1, "features", frame), outside=False)
    journal.end_turn()
    journal.close()
    beat, features = records(disk)
    assert (beat.kept, beat.outside) == (True, True)
    assert (features.kept, features.outside, features.last) == (False, False, True)
    assert (features.type, features.payload) == ("FeatureFrame", codec.digest(codec.encode(frame)))


def test_of_a_topic_that_is_not_recorded_only_the_header_is_kept(monkeypatch) -> None:
    unrecorded = msgspec.structs.replace(BY_TYPE[Tick], recorded="none")
    monkeypatch.setitem(BY_TYPE, Tick, unrecorded)
    disk = CrashingDisk()
    journal = a_writer(disk)
    a_turn(journal, 1)
    journal.close()
    (record,) = records(disk)
    assert (record.payload, record.kept, record.seq, record.type) == (b"", False, 1, "Tick")


@pytest.mark.parametrize("seq", [0, 1, 2, 4])
def test_a_seq_that_leaves_a_hole_is_refused(seq) -> None:
    journal = a_writer(CrashingDisk())
    a_turn(journal, 1)
    a_turn(journal, 2)
    with pytest.raises(ValueError, match="the journal is at seq 2"):
        journal.append(a_tick(seq, 3), outside=True)
    a_turn(journal, 3)


def test_durable_of_an_open_turn_is_refused() -> None:
    journal = a_writer(CrashingDisk())
    journal.append(a_tick(1, 1), outside=True)
    with pytest.raises(ValueError, match="the turn of seq 1 is not over"):
        finish(journal.durable(1))


def test_durable_again_costs_no_sync() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    a_turn(journal, 1)
    a_turn(journal, 2)
    finish(journal.durable(2))
    before = list(disk.calls)
    finish(journal.durable(1))
    finish(journal.durable(2))
    assert disk.calls == before


def test_what_came_after_a_sync_needs_one_of_its_own() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    for seq in range(1, 5):
        a_turn(journal, seq)
        finish(journal.durable(seq))
        assert disk.calls.count("sync") == seq
    journal.append(a_tick(5, 5), outside=True)
    journal.sync()
    journal.end_turn()
    finish(journal.durable(5))
    assert disk.calls.count("sync") == 6


def test_a_directory_with_a_journal_is_not_begun_again() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    a_turn(journal, 1)
    journal.flush()
    with pytest.raises(ValueError, match="recover it first"):
        a_writer(disk)
    with pytest.raises(ValueError, match="must be mended"):
        a_writer(disk, after=examine(disk))


def test_a_journal_that_nothing_was_written_to_is_no_journal() -> None:
    disk = CrashingDisk()
    a_writer(disk).close()
    found = recover(disk)
    assert (found.last_seq, found.end, found.sealed, verify(disk).problems) == (0, (0, 0), False, ())
    journal = a_writer(disk, after=found)
    a_turn(journal, 1)
    journal.close()
    assert verify(disk).sealed


def test_a_run_that_went_on_after_its_seal_and_was_killed_is_not_sealed() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    a_turn(journal, 1)
    journal.close()
    assert verify(disk).sealed
    journal = a_writer(disk, after=recover(disk))
    a_turn(journal, 2)
    journal.flush()
    assert (verify(disk).sealed, examine(disk).sealed, verify(disk).problems) == (False, False, ())


def test_a_message_that_cannot_be_written_stops_the_journal_and_leaves_no_hole() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    a_turn(journal, 1)
    journal.flush()
    journal.append(Envelope(2, 2, 0, 2**63, "feed", a_tick(2, 2).payload), outside=True)
    journal.end_turn()
    a_turn(journal, 3)
    for _ in range(2):
        with pytest.raises(struct.error):
            journal.flush()
    assert (examine(disk).last_seq, verify(disk).problems) == (1, ())


def test_segments_end_at_their_size_and_the_chain_goes_on() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk, segment_bytes=4_000)
    for seq in range(1, 200):
        a_turn(journal, seq)
        journal.flush()
    journal.close()
    found = verify(disk)
    assert found.segments > 5
    assert (found.problems, found.records, found.sealed, found.head) == ((), 199, True, journal.head.hex())
    assert all(len(disk.read(segment_name(number))) < 4_400 for number in range(1, found.segments + 1))


def test_only_segments_are_left_behind() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk)
    a_turn(journal, 1)
    assert disk.names() == [segment_name(1), "next.seg", "reserve.bin"]
    journal.close()
    journal.close()
    assert disk.names() == [segment_name(1)]


def test_a_process_out_of_descriptors_still_gets_its_next_segment() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk, segment_bytes=100)
    a_turn(journal, 1)
    journal.flush()
    disk.fault = fails_at(0, errno.EMFILE, forever=True, only="open")
    a_turn(journal, 2)
    finish(journal.durable(2))
    assert verify(disk).segments == 2
    a_turn(journal, 3)
    with pytest.raises(JournalFailed, match="injected"):
        journal.flush()


def test_a_disk_that_is_nearly_full_is_refused_before_it_is_full() -> None:
    disk = CrashingDisk(space=3 << 20)
    journal = a_writer(disk, free_bytes_min=1 << 20)
    with pytest.raises(JournalFailed, match=r"nearly full: \d+ bytes free, at least 1048576 needed"):
        turns_for_ever(journal)
    seq = journal.last_seq
    assert journal.failed
    assert "reserve.bin" not in disk.names()
    with pytest.raises(JournalFailed, match="nearly full"):
        finish(journal.durable(seq))
    for closing in (Halt("disk", "disk full"), RunStopped("disk full", 7)):
        seq += 1
        journal.append(Envelope(seq, seq, 0, seq, "operator", closing), outside=True)
        seq += 1
        journal.append(Envelope(seq, seq - 1, seq - 1, seq, "marker", a_beat(1, 1).payload), outside=False)
        journal.end_turn()
    journal.close()
    assert (verify(disk).problems, verify(disk).sealed, verify(disk).records) == ((), True, seq)


def test_a_disk_that_filled_up_at_once_loses_nothing_and_takes_the_last_words() -> None:
    disk = CrashingDisk(space=(1 << 20) + 2_000)
    journal = a_writer(disk)
    with pytest.raises(JournalFailed, match="nearly full"):
        turns_for_ever(journal, flushed=True)
    seq = journal.last_seq
    with pytest.raises(JournalFailed):
        finish(journal.durable(1))
    journal.append(Envelope(seq + 1, seq + 1, 0, seq, "process", RunStopped("disk full", 7)), outside=True)
    journal.end_turn()
    journal.close()
    assert (verify(disk).problems, verify(disk).sealed, verify(disk).records) == ((), True, seq + 1)


class BlockedDisk(CrashingDisk):
    """Syncs return when they are let, with the error they are given."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Semaphore(0)
        self.blocked = False
        self.fault = self._wait

    def _wait(self, call: str, index: int) -> None:
        if call == "sync" and self.blocked:
            assert self.gate.acquire(timeout=30)

    def fails_next(self) -> None:
        """The kernel tells an error once: to whoever syncs first."""
        seen = self._wait

        def fault(call: str, index: int) -> None:
            seen(call, index)
            if call == "sync":
                self.fault = seen
                raise OSError(errno.EIO, "injected")

        self.fault = fault


@on_real_loops
async def test_many_waiters_share_one_sync() -> None:
    disk = BlockedDisk()
    journal = a_writer(disk, threaded=True)
    disk.blocked = True
    async with asyncio.TaskGroup() as group:
        a_turn(journal, 1)
        first = group.create_task(journal.durable(1))
        await turns(5)
        for seq in range(2, 50):
            a_turn(journal, seq)
        others = [group.create_task(journal.durable(seq)) for seq in range(2, 50)]
        await turns(5)
        assert not first.done()
        disk.gate.release()
        await first
        assert journal.synced_seq == 1
        assert not any(other.done() for other in others)
        disk.gate.release()
    assert journal.synced_seq == 49
    assert disk.calls.count("sync") == 2
    disk.blocked = False
    journal.close()


@on_real_loops
async def test_what_came_during_a_sync_is_not_called_durable_by_it() -> None:
    disk = BlockedDisk()
    journal = a_writer(disk, threaded=True)
    disk.blocked = True
    async with asyncio.TaskGroup() as group:
        a_turn(journal, 1)
        first = group.create_task(journal.durable(1))
        await turns(5)
        a_turn(journal, 2)
        journal.flush()
        disk.gate.release()
        await first
    assert journal.synced_seq == 1
    disk.blocked = False
    await journal.durable(2)
    journal.close()


@on_real_loops
async def test_a_failed_sync_is_told_to_every_waiter_and_never_tried_again() -> None:
    disk = BlockedDisk()
    journal = a_writer(disk, threaded=True)
    disk.fails_next()
    disk.blocked = True
    a_turn(journal, 1)
    a_turn(journal, 2)
    waiting = [asyncio.get_running_loop().create_task(journal.durable(seq)) for seq in (1, 2)]
    await turns(5)
    disk.gate.release()
    for waiter in waiting:
        with pytest.raises(JournalFailed, match="could not be synced"):
            await waiter
    assert journal.failed
    with pytest.raises(JournalFailed):
        await journal.durable(1)
    with pytest.raises(JournalFailed):
        journal.append(a_tick(3, 3), outside=True)
    journal.close()
    assert disk.calls.count("sync") == 1


@on_real_loops
async def test_an_inline_sync_hears_the_error_of_the_one_in_the_thread() -> None:
    disk = BlockedDisk()
    journal = a_writer(disk, threaded=True)
    disk.fails_next()
    a_turn(journal, 1)
    waiter = asyncio.get_running_loop().create_task(journal.durable(1))
    await asyncio.sleep(0)
    with pytest.raises(JournalFailed):
        journal.close()
    with pytest.raises(JournalFailed):
        await waiter
    assert not verify(disk).sealed


@on_real_loops
async def test_a_waiter_that_is_cancelled_takes_nobody_with_it() -> None:
    disk = BlockedDisk()
    journal = a_writer(disk, threaded=True)
    disk.blocked = True
    a_turn(journal, 1)
    async with asyncio.TaskGroup() as group:
        gone = group.create_task(journal.durable(1))
        stays = group.create_task(journal.durable(1))
        await turns(5)
        gone.cancel()
        await turns(5)
        disk.gate.release()
        await stays
    assert gone.cancelled()
    disk.blocked = False
    journal.close()


@on_real_loops
async def test_segments_roll_while_a_sync_is_in_the_thread() -> None:
    disk = CrashingDisk()
    journal = a_writer(disk, threaded=True, segment_bytes=500)
    async with asyncio.TaskGroup() as group:
        for seq in range(1, 120):
            a_turn(journal, seq)
            journal.flush()
            if seq % 3 == 0:
                group.create_task(journal.durable(seq))
            if seq % 7 == 0:
                await asyncio.sleep(0)
    journal.close()
    assert (verify(disk).problems, verify(disk).records) == ((), 119)
    assert verify(disk).segments > 10


TURNS = st.lists(
    st.tuples(
        st.booleans(),  # a market row or a beat
        st.integers(0, 3),  # answers
        st.sampled_from(["go on", "flush", "durable", "die", "close"]),
    ),
    max_size=40,
)


@given(TURNS, st.integers(1, 3_000))
def test_whatever_is_said_is_read_back_with_its_turns(turns_said, segment_bytes) -> None:
    disk = CrashingDisk()
    journal = a_writer(disk, segment_bytes=segment_bytes)
    said: list[Envelope[Any]] = []
    for turn, (market, answers, then) in enumerate(turns_said, start=1):
        first = len(said) + 1
        said.append(a_tick(first, turn) if market else a_beat(first, turn))
        said.extend(
            Envelope(first + each, turn, first, turn, "desk", Beat("second", each)) for each in range(1, answers + 1)
        )
        for envelope in said[first - 1 :]:
            journal.append(envelope, outside=envelope.cause == 0)
        journal.end_turn()
        if then == "flush":
            journal.flush()
        elif then == "durable":
            finish(journal.durable(first))
        elif then in {"die", "close"}:
            journal.flush() if then == "die" else journal.close()
            journal = a_writer(disk, after=recover(disk), segment_bytes=segment_bytes)
    journal.close()
    read = [
        Envelope(each.seq, each.turn, each.cause, each.at_ns, each.source, codec.decode(each.type, each.payload))
        for each in records(disk)
    ]
    assert read == said
    assert (verify(disk).problems, verify(disk).turns) == ((), len(turns_said))
    assert examine(disk).ended_seq == len(said)


def test_a_message_that_cannot_be_encoded_fails_the_journal_for_good() -> None:
    journal = a_writer(CrashingDisk())
    journal.append(Envelope(1, 1, 0, 1_000, "feed", Tick(object(), 1, 2, 3, 4, 5, 1, 1)), outside=True)
    for _ in range(2):
        with pytest.raises(JournalFailed, match="could not be encoded"):
            journal.flush()
    assert journal.failed
