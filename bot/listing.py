"""What there is to say of a run without walking its journal: when it began, how much it holds, how it ended.

The end of a journal is read from its last commitment, which is believed here; `verified` walks it all.
"""

import zlib
from pathlib import Path
from typing import Final, Literal

import msgspec

from adapters.journal.disk import Disk
from adapters.journal.reader import records
from adapters.journal.record import CRC, HEADER, MARK, SEAL, segment_name, segment_numbers
from adapters.journal.scan import JournalDamaged
from bot.logging import utc
from bot.replaying import journal_bytes, journal_of, verify_run
from runtime.control import NoAnswer, NotRunning, Refused, ask

RunState = Literal["sealed", "running", "cut", "empty", "damaged"]
ANSWER_S_MAX: Final = 1.0


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One run: `records` as its last commitment counts them, `problem` where it was found to be damaged."""

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


def _end(disk: Disk) -> tuple[int, bool]:
    """The seq and the seal of the last commitment."""
    for number in reversed(segment_numbers(disk.names())):
        data = disk.read(segment_name(number))
        place = data.rfind(MARK)
        if place < HEADER.size:
            continue
        start = place - HEADER.size
        checksum, length, seq, _, _, _, _, kind, _, _ = HEADER.unpack_from(data, start)
        stop = place + length
        if zlib.crc32(data[start + CRC.size : stop]) == checksum:
            return seq, kind == SEAL and stop == len(data)
    return 0, False
