"""The walk over a journal: every record checked by checksum, place and hash chain, until one is wrong."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from adapters.journal.disk import Disk
from adapters.journal.record import (
    COMMIT,
    COMMITMENT,
    CONTROL,
    CRC,
    FORMAT,
    GENESIS,
    HEADER,
    LAST,
    MARK,
    NAME,
    NAME_ID,
    SEAL,
    SEGMENT,
    SEGMENT_BYTES,
    SEGMENT_MARK,
    TURN_END,
    Chain,
    Position,
    Record,
    segment_name,
    segment_numbers,
)
from contracts.quantities import Nanos

_KINDS: Final = (NAME, TURN_END, COMMIT, SEAL)


class JournalDamaged(ValueError):
    """The journal is not what was written: quarantined as it is, never cut.

    `seq` is of the first message that cannot be trusted, `offset` and `segment` where it lies, `what` is wrong.
    """

    def __init__(self, seq: int, offset: int, segment: int, what: str) -> None:
        self.seq = seq
        self.offset = offset
        self.segment = segment
        self.what = what
        super().__init__(f"the journal is damaged at seq {seq}, offset {offset} of {segment_name(segment)}: {what}")


class Defect(msgspec.Struct, frozen=True):
    """Where a walk ended before the end, and why. `broken` bytes may be a torn tail; what is whole but wrong is not."""

    seq: int
    at: Position
    what: str
    broken: bool

    def damage(self) -> JournalDamaged:
        """The defect as an error."""
        return JournalDamaged(self.seq, self.at.offset, self.at.segment, self.what)


class _Wrong(Exception):
    def __init__(self, what: str, *, broken: bool = False, in_block: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.broken = broken
        self.in_block = in_block


class Scan:
    """Walks the segments of a disk in order, one in memory at a time.

    `records()` yields messages up to the end or the first `defect`. The attributes tell how far it came: `end` is the
    position behind the last good record, `chain` the hash with the open block, `synced` the last position that a
    commitment calls safe, `unfinished` the messages of a turn whose end was not found.
    """

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.numbers = segment_numbers(disk.names())
        self.chain = Chain(GENESIS)
        self.segment = 0
        self.offset = 0
        self.synced = Position(0, 0)
        self.last_seq = 0
        self.ended_seq = 0
        self.turn = 0
        self.at_ns: Nanos = 0
        self.count = 0
        self.turns = 0
        self.blocks = 0
        self.sealed = False
        self.defect: Defect | None = None
        self.unfinished: list[Record] = []
        self._names: dict[int, str] = {}
        self._block = (1, Position(0, 0))
        self._unhashed = 0

    @property
    def end(self) -> Position:
        """The place behind the last good record."""
        return Position(self.segment, self.offset)

    def records(self) -> Iterator[Record]:
        """Every message in order."""
        for number in self.numbers:
            data = self.disk.read(segment_name(number))
            if not data:
                continue
            try:
                self._enter(number, data)
            except _Wrong as wrong:
                self._stop(wrong, Position(number, 0))
                return
            try:
                yield from self._segment(data)
            except _Wrong as wrong:
                self._hash(memoryview(data), self.offset)
                self._stop(wrong, self.end)
                return

    def run(self) -> "Scan":
        """Walk to the end, keeping nothing but the figures."""
        for _ in self.records():
            pass
        return self

    def _enter(self, number: int, data: bytes) -> None:
        """Check the head of a segment against the one before it."""
        expected = self.segment + 1
        if self.chain.open_bytes:
            raise _Wrong(f"{segment_name(self.segment)} is cut: its last block is open, but a segment follows")
        if number != expected:
            raise _Wrong(f"{segment_name(expected)} is missing")
        if len(data) < SEGMENT_BYTES or CRC.unpack_from(data, SEGMENT.size)[0] != zlib.crc32(data[: SEGMENT.size]):
            raise _Wrong("the head of the segment is broken", broken=True)
        mark, form, claimed, first_seq, head = SEGMENT.unpack_from(data)
        if mark != SEGMENT_MARK or form != FORMAT:
            raise _Wrong(f"the segment has format {form}, expected {FORMAT}")
        if claimed != number:
            raise _Wrong(f"the file holds segment {claimed}")
        if head != self.chain.head or first_seq != self.last_seq + 1:
            raise _Wrong("the segment does not continue the one before it")
        self.chain.add(data[:SEGMENT_BYTES])
        self.segment, self.offset = number, SEGMENT_BYTES
        self.synced = Position(number, 0)
        self._block = (self.last_seq + 1, self.end)
        self._unhashed = SEGMENT_BYTES
        self._names = {}

    def _segment(self, data: bytes) -> Iterator[Record]:
        view = memoryview(data)
        size, offset = len(data), SEGMENT_BYTES
        unpack, checksum, header = HEADER.unpack_from, zlib.crc32, HEADER.size
        while offset < size:
            if size - offset < header:
                raise _Wrong(f"{size - offset} bytes are no record", broken=True)
            crc, length, *fields = unpack(view, offset)
            stop = offset + header + length
            if stop > size or checksum(view[offset + 4 : stop]) != crc:
                raise _Wrong("the record fails its checksum", broken=True)
            payload = data[offset + header : stop]
            if fields[-1] & CONTROL:
                self._control(fields, payload, view, offset, stop)
                self.offset = offset = stop
            else:
                record = self._message(fields, payload)
                self.offset = offset = stop
                yield record
        self._hash(view, offset)

    def _message(self, fields: list[Any], payload: bytes) -> Record:
        seq, turn, cause, at_ns, source, kind, version, flags = fields
        if seq != self.last_seq + 1:
            raise _Wrong(f"a record has seq {seq}, expected {self.last_seq + 1}")
        try:
            author, type_name = self._names[source], self._names[kind]
        except KeyError:
            raise _Wrong(f"a record uses a name ({source} or {kind}) that the segment has not explained") from None
        record = Record(seq, turn, cause, at_ns, author, type_name, version, flags, payload)
        self.last_seq, self.turn, self.at_ns = seq, turn, at_ns
        self.count += 1
        self.sealed = False
        self.unfinished.append(record)
        if flags & LAST:
            self._end_turn()
        return record

    def _control(self, fields: list[Any], payload: bytes, view: memoryview, offset: int, stop: int) -> None:
        seq, turn, _, at_ns, _, kind, _, _ = fields
        if kind not in _KINDS:
            raise _Wrong(f"a control record has the unknown kind {kind}")
        if kind == NAME:
            self._name(payload)
            return
        if (seq, turn, at_ns) != (self.last_seq, self.turn, self.at_ns):
            raise _Wrong(f"a control record belongs to seq {seq}, expected {self.last_seq}")
        if kind == TURN_END:
            self._end_turn()
            return
        self._hash(view, offset)
        self._commitment(payload, view[offset + CRC.size : stop - len(GENESIS)])
        self._block = (self.last_seq + 1, Position(self.segment, stop))
        self._unhashed = stop
        self.sealed = kind == SEAL

    def _name(self, payload: bytes) -> None:
        try:
            (identifier,) = NAME_ID.unpack_from(payload)
            self._names[identifier] = payload[NAME_ID.size :].decode()
        except (struct.error, UnicodeDecodeError):
            raise _Wrong(f"a name is no text: {payload[:40]!r}") from None

    def _commitment(self, payload: bytes, hashed: memoryview) -> None:
        if len(payload) != COMMITMENT.size:
            raise _Wrong(f"a commitment has {len(payload)} bytes, expected {COMMITMENT.size}")
        mark, segment, offset, head = COMMITMENT.unpack(payload)
        if mark != MARK or head != self.chain.close(hashed):
            raise _Wrong(f"the hash chain breaks between seq {self._block[0]} and {self.last_seq}", in_block=True)
        self.synced = Position(segment, offset)
        self.blocks += 1

    def _stop(self, wrong: _Wrong, at: Position) -> None:
        seq, at = self._block if wrong.in_block else (self.last_seq + 1, at)
        self.defect = Defect(seq, at, wrong.what, wrong.broken)

    def _end_turn(self) -> None:
        self.ended_seq = self.last_seq
        self.turns += 1
        self.unfinished.clear()

    def _hash(self, view: memoryview, stop: int) -> None:
        if stop > self._unhashed:
            self.chain.add(view[self._unhashed : stop])
            self._unhashed = stop
