"""Journals for tests: a plan of turns that any writer can be put through, and a forger that reseals what it changed."""

import zlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from adapters.journal.disk import Disk, PosixDisk
from adapters.journal.reader import records
from adapters.journal.record import FIELDS, GENESIS, NAME, NAME_ID, SEAL, TURN_END, Record, control, frame
from adapters.journal.recovery import recover
from adapters.journal.scan import Scan
from adapters.journal.segments import Segments
from adapters.journal.writer import JournalWriter
from contracts import codec
from contracts.envelope import Envelope
from contracts.life import Beat
from contracts.market import Tick
from contracts.trade import OrderQuery

Edit = Callable[[Record], Record]


class Step(msgspec.Struct, frozen=True):
    """One message of a plan: `last` of its turn or not, an order to be sent after it or not."""

    envelope: Envelope[Any]
    outside: bool
    last: bool
    order: bool


def a_plan(turns: int) -> list[Step]:
    """Ticks, and every fourth turn a beat that is answered by two messages, the second of them an order."""
    steps: list[Step] = []

    def say(turn: int, cause: int, source: str, payload: msgspec.Struct, *, last: bool, order: bool = False) -> None:
        seq = len(steps) + 1
        envelope = Envelope(seq, turn, cause, 1_000_000 * turn, source, payload)
        steps.append(Step(envelope, cause == 0, last, order))

    for turn in range(1, turns + 1):
        seq = len(steps) + 1
        if turn % 4:
            say(turn, 0, "feed", Tick("BTC-EUR", 100 + turn, 101 + turn, 5, 6, 7, 1, turn), last=True)
        else:
            say(turn, 0, "metronome", Beat("decide", turn), last=False)
            say(turn, seq, "desk", OrderQuery("k1-000001-00-0", "BTC-EUR", turn), last=False)
            say(turn, seq, "desk", OrderQuery("k1-000001-01-0", "BTC-EUR", turn), last=True, order=True)
    return steps


def live(
    disk: Disk,
    plan: list[Step],
    acknowledged: list[int],
    *,
    writer: type[JournalWriter] = JournalWriter,
    send: Callable[[], None] = lambda: None,
    segment_bytes: int = 1_500,
) -> None:
    """One life of a process: recover, do the rest of the plan, close; what `durable` acknowledged is noted at once."""
    recovery = recover(disk)
    journal = writer(disk, after=recovery, segment_bytes=segment_bytes, free_bytes_min=0)
    if recovery.unfinished and plan[recovery.last_seq - 1].last:
        journal.end_turn()
    for step in plan[recovery.last_seq :]:
        journal.append(step.envelope, outside=step.outside)
        if step.last:
            journal.end_turn()
        if step.order:
            finish(journal.durable(step.envelope.seq))
            acknowledged.append(step.envelope.seq)
            send()
    journal.close()
    acknowledged.append(len(plan))


def finish(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run what never waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise AssertionError("it waited")


def as_recorded(step: Step) -> tuple[int, int, int, int, str, str, bytes]:
    """What a record of this step must say."""
    said = step.envelope
    payload = codec.encode(said.payload)
    return (said.seq, said.turn, said.cause, said.at_ns, said.source, type(said.payload).__name__, payload)


def as_read(record: Record) -> tuple[int, int, int, int, str, str, bytes]:
    """The same of a record that was read."""
    return (record.seq, record.turn, record.cause, record.at_ns, record.source, record.type, record.payload)


def unchanged(record: Record) -> Record:
    """Edits nothing."""
    return record


def reseal(disk_in: Disk, disk_out: Disk, edit: Edit) -> None:
    """Copy a journal with its records edited and every checksum and hash right again: what only replay can find."""
    scan = Scan(disk_in)
    segments = Segments(disk_out, 1, GENESIS)
    names: dict[str, int] = {}
    place = (0, 0, 0)
    open_seq = 0
    for record in scan.records():
        if open_seq and scan.ended_seq == open_seq:
            segments.write(control(TURN_END, *place), place[0] + 1)
        forged = edit(record)
        _write(segments, names, forged)
        place = (forged.seq, forged.turn, forged.at_ns)
        open_seq = 0 if forged.last else forged.seq
    if open_seq and scan.ended_seq == open_seq:
        segments.write(control(TURN_END, *place), place[0] + 1)
    segments.commit(*place)
    segments.sync()
    if scan.sealed:
        segments.commit(*place, kind=SEAL)
        segments.sync()
    segments.close()


def _write(segments: Segments, names: dict[str, int], record: Record) -> None:
    data = b""
    for name in (record.source, record.type):
        if name not in names:
            names[name] = len(names) + 1
            data += control(NAME, 0, 0, 0, NAME_ID.pack(names[name]) + name.encode())
    fields = FIELDS.pack(
        len(record.payload),
        record.seq,
        record.turn,
        record.cause,
        record.at_ns,
        names[record.source],
        names[record.type],
        record.version,
        record.flags,
    )
    segments.write(data + frame(fields, record.payload), record.seq)


def checksum(data: bytes) -> int:
    """The checksum of a record's body, for tests that forge one."""
    return zlib.crc32(data)


def read_run(run: Path) -> list[Envelope[Any]]:
    """Every message of a run that its journal keeps whole, in order."""
    found = records(PosixDisk(run / "journal"))
    return [
        Envelope(each.seq, each.turn, each.cause, each.at_ns, each.source, codec.decode(each.type, each.payload))
        for each in found
        if each.kept
    ]
