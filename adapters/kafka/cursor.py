"""Beside the run: how far the mirror has come, and what it could not write, both on the disk before they count."""

import os
import zlib
from pathlib import Path
from typing import Final, Protocol

import msgspec

from adapters.journal.follow import START, Place

FILE_MODE: Final = 0o600


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Everything up to `place` was acknowledged by the brokers; `universes` are those that later frames may name."""

    run: str
    env: str
    place: Place = START
    universes: dict[int, tuple[str, ...]] = {}
    records: int = 0


class CursorDamaged(ValueError):
    """A cursor that is not what was written, or belongs to another run; exit code 10."""


class Cursors(Protocol):
    """Where one cursor is kept."""

    def read(self) -> Cursor:
        """The last one that was written; the beginning where there is none."""

    def write(self, cursor: Cursor) -> None:
        """Keep it, and be on the medium when this returns."""


class CursorFile:
    """One cursor in one file, replaced whole; it never goes back.

    Raises CursorDamaged for a file that is none of ours, OSError where the disk fails.
    """

    def __init__(self, path: Path, run: str, env: str) -> None:
        self.path = path
        self._empty = Cursor(run=run, env=env)
        self._last = self.read()

    def read(self) -> Cursor:
        """The cursor on the disk."""
        try:
            found = _checked(self.path.read_bytes())
        except FileNotFoundError:
            return self._empty
        except (msgspec.MsgspecError, ValueError) as error:
            raise CursorDamaged(f"{self.path} is damaged: {error}; remove it to mirror the run again") from error
        if (found.run, found.env) != (self._empty.run, self._empty.env):
            raise CursorDamaged(f"{self.path} is of run {found.run} in {found.env}, expected {self._empty.run}")
        return found

    def write(self, cursor: Cursor) -> None:
        """Replace it; a cursor that lies before the last one is an error in the mirror."""
        assert cursor.place.seq >= self._last.place.seq, "the cursor of a mirror goes forward"
        content = msgspec.json.encode(cursor)
        replace(self.path, b'%b,"checksum":"%08x"}' % (content[:-1], zlib.crc32(content)))
        self._last = cursor


def _checked(data: bytes) -> Cursor:
    """A digit that has changed would pass over messages, so the checksum of all before it comes last."""
    cursor = msgspec.json.decode(data, type=Cursor)
    content, _, checksum = data.rpartition(b',"checksum":')
    if checksum != b'"%08x"}' % zlib.crc32(content + b"}"):
        raise ValueError("its checksum is wrong")
    return cursor


def replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and be on the medium when this returns."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
