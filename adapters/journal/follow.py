"""Following a journal that another process writes: each message once, in order, and none before it is on the medium."""

import contextlib
import os
import re
import zlib
from pathlib import Path
from typing import Final

import msgspec

from adapters.journal.record import (
    COMMIT,
    COMMITMENT,
    CONTROL,
    CRC,
    FORMAT,
    GENESIS,
    HEADER,
    MARK,
    NAME,
    NAME_ID,
    SEAL,
    SEGMENT,
    SEGMENT_BYTES,
    SEGMENT_MARK,
    Chain,
    Record,
    segment_name,
    segment_numbers,
)
from adapters.journal.scan import JournalDamaged

READ_BYTES: Final = 1 << 20
_SEGMENT: Final = re.compile(r"journal-\d{6}\.seg")


class Place(msgspec.Struct, frozen=True):
    """Where a reader stands: everything up to `seq` was read, and the next message is in `segment` or after it.

    `head` is the chain's hash at the start of that segment, by which another journal in the same place is told.
    """

    seq: int
    segment: int
    head: str


START: Final = Place(0, 0, "")


class Head(msgspec.Struct, frozen=True):
    """The hash of the chain behind message `seq`: what proves later that nothing before it was changed."""

    seq: int
    at_ns: int
    head: str
    sealed: bool


class Follower:
    """Reads on from a place; `read` may be called for ever.

    Laws: what `read` gives has been synced to the medium, so that no recovery takes it back; the hash chain is checked
    block by block. `head` is the chain's at the last closed block, `ended` says that the journal was sealed and is read
    to its end, `broken` what is wrong with bytes behind the last whole record (which may yet become whole). Raises
    JournalDamaged where a journal is not what was written, or is another than the place is of.
    """

    def __init__(self, directory: Path, after: Place = START) -> None:
        self._directory = directory
        self._file = -1
        self._after = after
        self._number = after.segment
        self._offset = 0
        self._hashed = 0
        self._synced = (0, 0)
        self._chain = Chain(GENESIS)
        self._names: dict[int, str] = {}
        self._segment_head = after.head
        self.seq = 0
        self.at_ns = 0
        self.head: Head | None = None
        self.broken = ""

    @property
    def place(self) -> Place:
        """Where to go on after everything that was read."""
        return Place(self.seq, self._number, self._segment_head)

    @property
    def ended(self) -> bool:
        """Whether the journal was sealed and all of it was read."""
        return self.head is not None and self.head.sealed and self.head.seq == self.seq

    def read(self, bytes_max: int = READ_BYTES) -> list[Record]:
        """The next messages, none when there are none yet."""
        found: list[Record] = []
        taken = 0
        while taken < bytes_max or not found:
            data = self._more(bytes_max)
            used = self._take(data, found) if data else 0
            if self.seq <= self._after.seq:
                found.clear()  # read before: it costs no turn of the reader
            else:
                taken += used
            if used:
                continue
            if data and len(data) >= bytes_max and not self.broken:
                bytes_max *= 2  # one record is longer than all that was to be read at once
            elif not self._next_segment(data):
                self.broken = (self.broken or f"{len(data)} bytes are no whole record") if data else ""
                break
        if found:
            self._make_safe()
        return [record for record in found if record.seq > self._after.seq]

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _more(self, bytes_max: int) -> bytes:
        if self._file < 0 and not self._open(max(self._number, 1) if self._after.segment else self._first()):
            return b""
        return os.pread(self._file, bytes_max, self._offset)

    def _first(self) -> int:
        numbers = segment_numbers(sorted(name for name in os.listdir(self._directory) if _SEGMENT.fullmatch(name)))
        return numbers[0] if numbers else 1

    def _open(self, number: int) -> bool:
        """Begin a segment, once its head is there whole."""
        try:
            file = os.open(self._directory / segment_name(number), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        head = os.pread(file, SEGMENT_BYTES, 0)
        if len(head) < SEGMENT_BYTES:
            os.close(file)
            return False
        try:
            self._begin(number, head)
        except JournalDamaged:
            os.close(file)
            raise
        self.close()
        self._file = file
        return True

    def _begin(self, number: int, data: bytes) -> None:
        mark, form, claimed, first_seq, head = SEGMENT.unpack_from(data)
        if CRC.unpack_from(data, SEGMENT.size)[0] != zlib.crc32(data[: SEGMENT.size]):
            raise self._damage(number, "the head of the segment is broken")
        if (mark, form, claimed) != (SEGMENT_MARK, FORMAT, number):
            raise self._damage(number, f"the segment says that it is {claimed} of format {form}")
        if self._file >= 0 and (head != self._chain.head or first_seq != self.seq + 1):
            raise self._damage(number, "the segment does not continue the one before it")
        if self._file < 0 and self._after.segment == number and head.hex() != self._after.head:
            raise self._damage(number, "this is another journal than the one that was read so far")
        self._chain = Chain(head)
        self._chain.add(data)
        self._segment_head = head.hex()
        self._number, self._offset, self._hashed = number, SEGMENT_BYTES, SEGMENT_BYTES
        self._names = {}
        self.seq = first_seq - 1

    def _next_segment(self, rest: bytes) -> bool:
        """Whether there is more to be read now: in the segment that follows, or here after another look.

        `rest` is what lies behind the last whole record; a process that took the run up has cut it off before it began
        another segment, so what is still there then was broken once it had been safe.
        """
        following = self._directory / segment_name(self._number + 1)
        with contextlib.suppress(FileNotFoundError):
            if self._file < 0 or following.stat().st_size < SEGMENT_BYTES:
                return False
            if os.pread(self._file, len(rest) + 1, self._offset) != rest:
                return True
            if rest:
                raise self._damage(self._number, self.broken or "the record is cut, but a segment follows")
            return self._open(self._number + 1)
        return False

    def _take(self, data: bytes, found: list[Record]) -> int:
        """Take the whole records of what was read; says how many bytes they are."""
        unpack, checksum, header, names = HEADER.unpack_from, zlib.crc32, HEADER.size, self._names
        view = memoryview(data)
        size, offset, seq, add = len(data), 0, self.seq, found.append
        self.broken = ""
        while size - offset >= header:
            crc, length, number, turn, cause, at_ns, source, kind, version, flags = unpack(data, offset)
            stop = offset + header + length
            if stop > size:
                break
            if checksum(view[offset + 4 : stop]) != crc:
                self.broken = "the record fails its checksum"
                break
            if flags & CONTROL:
                self.seq = seq
                self._control(kind, number, at_ns, view, offset, stop)
            elif number != seq + 1:
                raise self._damage(self._number, f"a record has seq {number}, expected {seq + 1}")
            else:
                seq = number
                if source not in names or kind not in names:
                    raise self._damage(
                        self._number, f"a record uses a name ({source} or {kind}) that was not explained"
                    )
                payload = data[offset + header : stop]
                add(Record(seq, turn, cause, at_ns, names[source], names[kind], version, flags, payload))
                self.at_ns = at_ns
            offset = stop
        self.seq = seq
        self._hash(view, offset)
        self._offset += offset
        self._hashed = self._offset
        return offset

    def _control(self, kind: int, seq: int, at_ns: int, view: memoryview, offset: int, stop: int) -> None:
        payload = bytes(view[offset + HEADER.size : stop])
        if kind == NAME:
            self._names[NAME_ID.unpack_from(payload)[0]] = payload[NAME_ID.size :].decode()
        elif kind in (COMMIT, SEAL):
            self._hash(view, offset)
            mark, *_, head = COMMITMENT.unpack(payload)
            if mark != MARK or head != self._chain.close(view[offset + CRC.size : stop - len(GENESIS)]):
                raise self._damage(self._number, f"the hash chain breaks before seq {seq}")
            self._hashed = self._offset + stop
            self.head = Head(seq, at_ns, head.hex(), kind == SEAL)

    def _hash(self, view: memoryview, offset: int) -> None:
        start = self._hashed - self._offset
        if offset > start:
            self._chain.add(view[start:offset])
            self._hashed = self._offset + offset

    def _make_safe(self) -> None:
        """What a process wrote and never synced is in the cache alone: nothing of it leaves before it is safe."""
        if self._synced != (self._number, self._offset):
            os.fdatasync(self._file)
            self._synced = (self._number, self._offset)

    def _damage(self, number: int, what: str) -> JournalDamaged:
        return JournalDamaged(self.seq + 1, self._offset if number == self._number else 0, number, what)
