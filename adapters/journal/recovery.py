"""Recovery: the longest valid prefix of a journal, a torn tail told from rot, and the tail mended."""

from itertools import count
from typing import Final

import msgspec

from adapters.journal.disk import Disk, write_all
from adapters.journal.record import COMMIT, Position, Record, commitment, segment_name
from adapters.journal.scan import Scan
from adapters.journal.tail import torn_tail
from contracts.quantities import Nanos

TORN_NAME: Final = "torn-{}.bin"


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal holds.

    `end` is the position behind the last good record, `last_seq` its message (0 for none), `ended_seq` the last
    message of the last whole turn, `unfinished` the messages after that. `head` is the chain's hash at the last closed
    block and `open_bytes` the length of the open one, 0 after `recover`. `torn_bytes` lay behind the end and were kept
    in `torn_name` (empty when only examined).
    """

    records: int
    turns: int
    blocks: int
    last_seq: int
    ended_seq: int
    turn: int
    at_ns: Nanos
    end: Position
    head: bytes
    open_bytes: int
    sealed: bool
    torn_bytes: int
    torn_name: str
    unfinished: tuple[Record, ...]


def examine(disk: Disk) -> Recovery:
    """What is there, read only; raises JournalDamaged for anything but a torn tail."""
    scan = Scan(disk).run()
    return _described(scan, len(torn_tail(disk, scan)), "")


def recover(disk: Disk) -> Recovery:
    """Examine, keep a torn tail aside and cut it, close the open block: a writer may go on.

    Laws: nothing that was durable is lost; recovering again changes nothing. Raises JournalDamaged, having touched
    nothing, when what is broken had been safe once; OSError where the disk fails.
    """
    scan = Scan(disk).run()
    torn = torn_tail(disk, scan)
    name = _cut(disk, scan, torn) if torn else ""
    if scan.segment:
        _make_safe(disk, scan)
    return _described(scan, len(torn), name)


def _cut(disk: Disk, scan: Scan, torn: bytes) -> str:
    """Copy the torn bytes aside, and only when the copy is safe cut them off."""
    assert scan.defect is not None
    at = scan.defect.at
    taken = set(disk.names())
    number = next(number for number in count(1) if TORN_NAME.format(number) not in taken)
    name = TORN_NAME.format(number)
    aside = disk.open_append(name)
    try:
        write_all(aside, torn)
        aside.sync()
    finally:
        aside.close()
    disk.sync_dir()
    if at.offset:
        disk.truncate(segment_name(at.segment), at.offset)
    else:
        disk.remove(segment_name(at.segment))
        disk.sync_dir()
    return name


def _make_safe(disk: Disk, scan: Scan) -> None:
    """Put the end of the journal on the medium and its open block under a commitment.

    A process that was killed leaves in the cache what it never synced: read back, but not yet safe. What goes on from
    here vouches for all of it.
    """
    file = disk.open_append(segment_name(scan.segment))
    try:
        file.sync()
        if scan.chain.open_bytes:
            record = commitment(scan.chain, COMMIT, scan.last_seq, scan.turn, scan.at_ns, scan.end)
            write_all(file, record)
            scan.offset += len(record)
            scan.blocks += 1
            file.sync()
    finally:
        file.close()


def _described(scan: Scan, torn_bytes: int, torn_name: str) -> Recovery:
    return Recovery(
        records=scan.count,
        turns=scan.turns,
        blocks=scan.blocks,
        last_seq=scan.last_seq,
        ended_seq=scan.ended_seq,
        turn=scan.turn,
        at_ns=scan.at_ns,
        end=scan.end,
        head=scan.chain.head,
        open_bytes=scan.chain.open_bytes,
        sealed=scan.sealed and not torn_bytes,
        torn_bytes=torn_bytes,
        torn_name=torn_name,
        unfinished=tuple(scan.unfinished),
    )
