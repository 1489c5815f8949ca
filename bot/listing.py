"""What there is to say of a run without walking its journal: when it began, how much it holds, how it ended.

The end of a journal is read from its last commitment on, which is believed here; `verified` walks it all.
"""

import zlib
from pathlib import Path
from typing import Final, Literal

import msgspec

from adapters.journal.disk import Disk
from adapters.journal.reader import records
from adapters.journal.record import (
    CONTROL,
    CRC,
    HEADER,
    MARK,
    SEAL,
    SEGMENT,
    SEGMENT_BYTES,
    segment_name,
    segment_numbers,
)
from adapters.journal.scan import JournalDamaged
from bot.logging import utc
from bot.replaying import journal_bytes, journal_of, verify_run
from runtime.control import NoAnswer, NotRunning, Refused, ask

RunState = Literal["sealed", "running", "cut", "empty", "damaged"]
ANSWER_S_MAX: Final = 1.0


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One run: `records` are those that `verify` counts, `problem` is where it was found to be damaged."""

    run: str
    account: str
    path: str
    begun: str
    records: int
    bytes: int
    state: RunState
    problem: str


def listed(run: Path, *, verified: bool = False) -> Listed:
    """The line of a run; `verified` walks its journal to the end. Raises RunsUnusable where it cannot be read."""
    disk = journal_of(run)
    begun, count, sealed, problem = "", 0, False, ""
    try:
        first = next(records(disk), None)
        begun = utc(first.at_ns) if first is not None else ""
        count, sealed = _end(disk)
    except JournalDamaged as damage:
        problem = str(damage)
    if verified and not problem:
        found = verify_run(run)
        count, sealed = found.records, found.sealed
        problem = str(found.problems[0].damage()) if found.problems else ""
    return Listed(
        run=run.name,
        account=run.absolute().parent.name,
        path=str(run),
        begun=begun,
        records=count,
        bytes=journal_bytes(run),
        state=_state(run, begun=begun, sealed=sealed, problem=problem),
        problem=problem,
    )


def _state(run: Path, *, begun: str, sealed: bool, problem: str) -> RunState:
    if problem:
        return "damaged"
    if sealed:
        return "sealed"
    if is_running(run):
        return "running"
    return "cut" if begun else "empty"


def is_running(run: Path) -> bool:
    """Whether a daemon answers on the run's control socket."""
    try:
        ask(run, "status", timeout_s=ANSWER_S_MAX)
    except (NotRunning, OSError):
        return False
    except (NoAnswer, Refused):
        return True
    return True


def is_sealed(run: Path) -> bool:
    """Whether a run came to its end in order; raises JournalEmpty and RunsUnusable as reading it does."""
    return _end(journal_of(run))[1]


def _end(disk: Disk) -> tuple[int, bool]:
    """The seq of the last whole message, and whether a seal is the last that there is."""
    torn = False
    for number in reversed(segment_numbers(disk.names())):
        data = disk.read(segment_name(number))
        if len(data) >= SEGMENT_BYTES and CRC.unpack_from(data, SEGMENT.size)[0] == zlib.crc32(data[: SEGMENT.size]):
            seq, stop, kind = _last_commitment(data)
            return _beyond(data, seq, stop), kind == SEAL and stop == len(data) and not torn
        torn = torn or bool(data)
    return 0, False


def _last_commitment(data: bytes) -> tuple[int, int, int]:
    """Of the last one in a segment: the seq, where it ends, its kind; of a segment without one the same of its head."""
    place = data.rfind(MARK)
    while place >= HEADER.size:
        start = place - HEADER.size
        checksum, length, seq, _, _, _, _, kind, _, _ = HEADER.unpack_from(data, start)
        stop = place + length
        if zlib.crc32(data[start + CRC.size : stop]) == checksum:
            return seq, stop, kind
        place = data.rfind(MARK, 0, place)
    _, _, _, first_seq, _ = SEGMENT.unpack_from(data)
    return first_seq - 1, SEGMENT_BYTES, 0


def _beyond(data: bytes, seq: int, at: int) -> int:
    """The seq of the last whole message from here on: an open block is short, and nothing commits to it yet."""
    while len(data) - at >= HEADER.size:
        checksum, length, number, _, _, _, _, _, _, flags = HEADER.unpack_from(data, at)
        stop = at + HEADER.size + length
        if stop > len(data) or zlib.crc32(data[at + CRC.size : stop]) != checksum:
            break
        seq, at = seq if flags & CONTROL else number, stop
    return seq
