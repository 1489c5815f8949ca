"""Whatever `durable` acknowledged is in the recovered prefix, and the prefix has no hole: on a disk that forgets."""

import asyncio
import errno
from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar

import msgspec
import numpy as np
import pytest

from adapters.journal.disk import AppendFile
from adapters.journal.reader import records, verify
from adapters.journal.record import segment_name
from adapters.journal.recovery import examine, recover
from adapters.journal.scan import JournalDamaged
from adapters.journal.writer import JournalWriter
from contracts.ports import JournalFailed
from tests.kit.disks import CrashingDisk, Fault, PowerCut, cut_at, fails_at, no_fault
from tests.kit.journals import a_plan, as_read, as_recorded, finish, live
from tests.kit.virtual_time import on_a_real_loop

PLAN = a_plan(40)
SAID = [as_recorded(step) for step in PLAN]
FATES = 3


class DurableAtOnce(JournalWriter):
    """A mutant that promises what it has not done."""

    async def durable(self, seq: int) -> None:
        return


class DeafFile:
    """The same file, but nobody hears the error of its sync."""

    def __init__(self, file: AppendFile) -> None:
        self.write, self.close, self._sync = file.write, file.close, file.sync

    def sync(self) -> None:
        with suppress(OSError):
            self._sync()


class DeafDisk(CrashingDisk):
    """The same disk with such files."""

    def __init__(self, disk: CrashingDisk) -> None:
        self.__dict__ = disk.__dict__

    def open_append(self, name: str) -> AppendFile:
        return DeafFile(super().open_append(name))


class DeafToSyncErrors(JournalWriter):
    """A mutant that ignores an error of fdatasync."""

    def __init__(self, disk, **options) -> None:
        super().__init__(DeafDisk(disk), **options)


class Remembered(JournalWriter):
    """Can be asked after it failed."""

    written: ClassVar[list[JournalWriter]] = []

    def __init__(self, disk, **options) -> None:
        super().__init__(disk, **options)
        self.written.append(self)


def calls_of_a_life() -> list[str]:
    disk = CrashingDisk()
    live(disk, PLAN, [], send=disk.send)
    return disk.calls


def faults() -> Iterator[Fault]:
    """An error of every sync, and a power cut at every call of the disk and at every send."""
    calls = calls_of_a_life()
    for place in range(calls.count("sync")):
        yield fails_at(place, errno.EIO, only="sync")
    for place in range(len(calls)):
        yield cut_at(place)


def violations(writer: type[JournalWriter]) -> Iterator[str]:
    """What is wrong after each fault and a crash, under several fates of what was not synced."""
    for number, fault in enumerate(faults()):
        acknowledged: list[int] = []
        disk = CrashingDisk(fault)
        with suppress(PowerCut, OSError):  # the process is gone, or stopped by itself
            live(disk, PLAN, acknowledged, writer=writer, send=disk.send)
        for fate in range(FATES):
            after = disk.crash(np.random.default_rng([number, fate]))
            yield from (f"fault {number}, fate {fate}: {wrong}" for wrong in wrongs(after, acknowledged))


def wrongs(disk: CrashingDisk, acknowledged: list[int]) -> Iterator[str]:
    """Recover, compare with what was said, live on to the end of the plan, compare again."""
    safe = max(acknowledged, default=0)
    try:
        found = recover(disk)
    except JournalDamaged as damage:
        yield str(damage)
        return
    if [as_read(record) for record in records(disk)] != SAID[: found.last_seq]:
        yield f"the prefix of {found.last_seq} is not what was said"
    if found.ended_seq < safe:
        yield f"{safe} was durable, {found.ended_seq} is left"
        return
    if msgspec.structs.replace(examine(disk), torn_bytes=0) != msgspec.structs.replace(
        found, torn_bytes=0, torn_name=""
    ):
        yield "recovering again would change something"
    live(disk, PLAN, [])
    if [as_read(record) for record in records(disk)] != SAID or verify(disk).problems:
        yield f"the journal could not go on after {found.last_seq}"


def test_no_crash_takes_what_was_durable() -> None:
    assert list(violations(JournalWriter)) == []


def test_a_durable_that_returns_at_once_is_found() -> None:
    assert "was durable" in next(violations(DurableAtOnce))


def test_an_ignored_sync_error_is_found() -> None:
    assert "is damaged" in next(violations(DeafToSyncErrors))


def test_a_crash_in_the_middle_of_recovery_changes_nothing() -> None:
    chance = np.random.default_rng(5)
    for place in range(3, len(calls_of_a_life()), 11):
        acknowledged: list[int] = []
        disk = CrashingDisk(cut_at(place))
        with pytest.raises(PowerCut):
            live(disk, PLAN, acknowledged, send=disk.send)
        disk = disk.crash(chance)
        for nested in range(12):
            disk.fault, disk.calls = cut_at(nested), []
            try:
                recover(disk)
            except PowerCut:
                disk = disk.crash(chance)
        disk.fault = no_fault
        assert list(wrongs(disk, acknowledged)) == []


@pytest.mark.numbers
def test_a_power_cut_while_a_killed_journal_is_recovered_takes_nothing() -> None:
    """The kill left everything in the cache; then recovery and some life after it, then the power."""
    for place in range(3, len(calls_of_a_life()), 5):
        for nested in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 16, 20, 30):
            acknowledged: list[int] = []
            disk = CrashingDisk(cut_at(place))
            with pytest.raises(PowerCut):
                live(disk, PLAN, acknowledged, send=disk.send)
            disk.fault, disk.calls = cut_at(nested), []
            with suppress(PowerCut):
                live(disk, PLAN, acknowledged, send=disk.send)
            assert list(wrongs(disk.crash(np.random.default_rng([place, nested])), acknowledged)) == []


def test_torn_bytes_are_never_lost_by_a_crash_of_recovery() -> None:
    whole = CrashingDisk()
    live(whole, a_plan(6), [])
    name = segment_name(1)
    torn = whole.read(name)[:-10]
    for place in range(16):
        for fate in range(4):
            disk = CrashingDisk()
            disk.put(name, torn)
            disk.fault = cut_at(place)
            with suppress(PowerCut):
                recover(disk)
            after = disk.crash(np.random.default_rng([place, fate]))
            end = len(torn) - 74
            kept = b"".join(after.read(aside) for aside in after.names() if aside.startswith("torn"))
            assert after.read(name)[end:] == torn[end:] or kept == torn[end:]


@pytest.mark.parametrize("forever", [False, True])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_an_error_of_any_call_is_the_last_thing_the_journal_does(number, forever) -> None:
    for place in range(len(calls_of_a_life())):
        disk = CrashingDisk(fails_at(place, number, forever=forever))
        acknowledged: list[int] = []
        Remembered.written.clear()
        try:
            live(disk, PLAN, acknowledged, writer=Remembered, send=disk.send)
        except OSError:
            for journal in Remembered.written:
                assert journal.failed
                with pytest.raises(JournalFailed):
                    journal.append(PLAN[-4].envelope, outside=True)
                with pytest.raises(JournalFailed):
                    finish(journal.durable(1))
        assert list(wrongs(disk.crash(np.random.default_rng(place)), acknowledged)) == []


@on_a_real_loop
async def test_no_crash_takes_what_was_durable_while_syncs_run_beside_the_loop() -> None:
    calls = calls_of_a_life()
    faults = [fails_at(place, errno.EIO, only="sync") for place in range(calls.count("sync"))]
    for number, fault in enumerate([no_fault, *faults]):
        disk = CrashingDisk(fault)
        acknowledged: list[int] = []
        with suppress(OSError):
            journal = JournalWriter(disk, threaded=True, segment_bytes=1_500, free_bytes_min=0)
            await live_beside(journal, acknowledged)
        for fate in range(FATES):
            after = disk.crash(np.random.default_rng([number, fate]))
            assert list(wrongs(after, acknowledged)) == []


async def live_beside(journal: JournalWriter, acknowledged: list[int]) -> None:
    """The plan with its orders waiting side by side; no close, so that the last words are cut."""

    async def send(seq: int) -> None:
        with suppress(JournalFailed):
            await journal.durable(seq)
            acknowledged.append(seq)

    async with asyncio.TaskGroup() as group:
        with suppress(JournalFailed):
            for step in PLAN:
                journal.append(step.envelope, outside=step.outside)
                if step.last:
                    journal.end_turn()
                if step.order:
                    group.create_task(send(step.envelope.seq))
                if step.envelope.seq % 5 == 0:
                    await asyncio.sleep(0)
    journal.close(seal=False)
