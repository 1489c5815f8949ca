"""The growing end of the journal: segments, the hash chain over them, and what is known to be on the medium."""

import errno
from typing import Final

from adapters.journal.disk import AppendFile, Disk
from adapters.journal.record import (
    COMMIT,
    Chain,
    Position,
    commitment,
    segment_head,
    segment_name,
)
from contracts.quantities import Nanos

SPARE: Final = "next.seg"
"""The next segment, open before it is needed: a process out of file descriptors can still write its journal."""

RESERVE: Final = "reserve.bin"
"""Bytes that are given back to a full disk, so that the last words of a run fit on it."""

RESERVE_BYTES: Final = 1 << 20


class Segments:
    """Writes bytes after bytes, closes blocks, starts segments. Every call may raise OSError; then it is over.

    Laws: a segment starts with a closed block behind it, and everything before it is on the medium; a commitment names
    a position before which everything was on the medium when it was written.
    """

    def __init__(self, disk: Disk, number: int, head: bytes) -> None:
        self.disk = disk
        self.number = number
        self.offset = 0
        self.synced = Position(number, 0)
        self.chain = Chain(head)
        self.space_was_short = False
        self._retired: list[AppendFile] = []
        self._reserved = True
        disk.allocate(RESERVE, RESERVE_BYTES)
        self.file = disk.open_append(segment_name(number))
        self._spare: AppendFile | None = self._open_spare()
        disk.sync_dir()

    @property
    def position(self) -> Position:
        """The end of what was written."""
        return Position(self.number, self.offset)

    def write(self, data: bytes, first_seq: int) -> None:
        """Append to the open block; `first_seq` is of the first message in the data, should a segment start here."""
        if self.offset == 0:
            data = segment_head(self.number, first_seq, self.chain.head) + data
        self.chain.add(data)
        self._put(data)

    def commit(self, seq: int, turn: int, at_ns: Nanos, kind: int = COMMIT) -> None:
        """Close the open block, if there is anything in it or the journal is to be sealed."""
        if self.offset == 0 or (not self.chain.open_bytes and kind == COMMIT):
            return
        self._put(commitment(self.chain, kind, seq, turn, at_ns, self.synced))

    def sync(self) -> None:
        """Return when everything written is on the medium."""
        position = self.position
        self.file.sync()
        self.synced = position

    def roll(self) -> None:
        """Start the next segment behind a closed and synced block."""
        assert not self.chain.open_bytes, "a segment ends with a closed block"
        self.sync()
        self._retired.append(self.file)
        self.number += 1
        self.offset = 0
        if self._spare is None:
            self.file = self.disk.open_append(segment_name(self.number))
        else:
            self.disk.rename(SPARE, segment_name(self.number))
            self.file = self._spare
        self.disk.sync_dir()
        self.synced = self.position
        self._spare = self._open_spare()

    def release_retired(self) -> None:
        """Close files of finished segments, once nobody syncs them any more."""
        while self._retired:
            self._retired.pop().close()

    def release_reserve(self) -> bool:
        """Give the reserve back to the disk; says whether there was one."""
        had, self._reserved = self._reserved, False
        if had:
            self.disk.remove(RESERVE)
        return had

    def close(self) -> None:
        """Let go of every file, and of those that were kept in reserve."""
        self.release_retired()
        self.file.close()
        if self._spare is not None:
            self._spare.close()
        self.disk.remove(SPARE)
        self.disk.remove(RESERVE)

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                written = self.file.write(rest)
            except OSError as error:
                if error.errno != errno.ENOSPC or not self.release_reserve():
                    raise
                self.space_was_short = True
                continue
            self.offset += written
            rest = rest[written:]

    def _open_spare(self) -> AppendFile | None:
        """A fresh spare, or none for now when the process has no descriptor left: the next segment will need one."""
        self.disk.remove(SPARE)
        try:
            return self.disk.open_append(SPARE)
        except OSError as error:
            if error.errno not in {errno.EMFILE, errno.ENFILE}:
                raise
            return None
