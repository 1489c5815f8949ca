"""Reading a journal: its messages as a stream, and the proof that nothing in it was changed."""

from collections.abc import Iterator

import msgspec

from adapters.journal.disk import Disk
from adapters.journal.record import Record
from adapters.journal.scan import Defect, Scan
from adapters.journal.tail import torn_tail
from contracts.upgrades import READERS, Readers


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a walk over the whole journal found; `problems` is empty if every byte is as it was written.

    `head` is the chain's hash at the last closed block: equal to an exported head, nothing before it was changed.
    """

    records: int
    turns: int
    blocks: int
    segments: int
    sealed: bool
    head: str
    open_bytes: int
    problems: tuple[Defect, ...]


def records(disk: Disk, readers: Readers = READERS) -> Iterator[Record]:
    """The messages of a journal in order and in today's words, one segment in memory at a time, up to a torn tail.

    Raises JournalDamaged at the place where something is wrong and was not simply cut short, UnreadableVersion for a
    message of a version without a reader. Whoever must know of a torn tail too asks `verify` or `examine` first.
    """
    scan, versions = Scan(disk), readers.versions
    for record in scan.records():
        yield record if versions.get(record.type) == record.version else current(record, readers)
    torn_tail(disk, scan)


def current(record: Record, readers: Readers = READERS) -> Record:
    """The record as today's message; one that is of today, or of a type that nobody knows, comes back as it is.

    Of a digest, or where only the place was kept, the type alone can be told anew.
    """
    name, version = record.type, record.version
    known = readers.target(name, version)
    if known is None and name not in readers.versions:
        return record
    if known is not None and not record.kept:
        return msgspec.structs.replace(record, type=known, version=readers.versions[known])
    name, payload = readers.payload(name, version, record.payload)
    return msgspec.structs.replace(record, type=name, version=readers.versions[name], payload=payload)


def verify(disk: Disk) -> Verification:
    """Walk everything, read only, and name the first place where a byte is not as it was written."""
    scan = Scan(disk).run()
    return Verification(
        records=scan.count,
        turns=scan.turns,
        blocks=scan.blocks,
        segments=len(scan.numbers),
        sealed=scan.sealed and scan.defect is None,
        head=scan.chain.head.hex(),
        open_bytes=scan.chain.open_bytes,
        problems=(scan.defect,) if scan.defect is not None else (),
    )
