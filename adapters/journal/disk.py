"""The disk as the journal needs it: a few calls on the plain files of one directory."""

import os
import stat
from pathlib import Path
from typing import Protocol


class AppendFile(Protocol):
    """One open file that only grows. Every call may raise OSError."""

    def write(self, data: bytes | memoryview) -> int:
        """Append, and say how many bytes went in: perhaps fewer than were given."""

    def sync(self) -> None:
        """Return when what was written is on the medium. After an error nothing is known; it must not be retried."""

    def close(self) -> None:
        """Let go of the file."""


def write_all(file: AppendFile, data: bytes) -> None:
    """Append every byte, in as many writes as it takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


class Disk(Protocol):
    """The files of one directory, by plain name. Every call may raise OSError."""

    def open_append(self, name: str) -> AppendFile:
        """Open a file at its end, create it when absent."""

    def read(self, name: str) -> bytes:
        """The whole file."""

    def names(self) -> list[str]:
        """All files in alphabetical order."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, replacing what had it."""

    def remove(self, name: str) -> None:
        """Remove a file; one that is absent is no error."""

    def truncate(self, name: str, size: int) -> None:
        """Cut a file, and return when the cut is on the medium."""

    def allocate(self, name: str, size: int) -> None:
        """Create a file that owns that many bytes of the medium."""

    def sync_dir(self) -> None:
        """Return when creations, renames and removals are on the medium."""

    def free_bytes(self) -> int:
        """How much may still be written."""


class _PosixFile:
    """A file descriptor opened for appending."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes | memoryview) -> int:
        return os.write(self._descriptor, data)

    def sync(self) -> None:
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class PosixDisk:
    """One directory (mode 0700) of files (mode 0600); no symbolic link is followed and no name leaves the directory.

    The directory is held open, so nobody can put another one in its place. Raises OSError where it cannot be made or
    is a link, ValueError for a name with a path in it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        os.fchmod(self._directory, 0o700)

    def close(self) -> None:
        """Let go of the directory."""
        if self._directory >= 0:
            os.close(self._directory)
            self._directory = -1

    def open_append(self, name: str) -> AppendFile:
        """Open a file at its end, create it when absent."""
        return _PosixFile(self._open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT))

    def read(self, name: str) -> bytes:
        """The whole file."""
        with os.fdopen(self._open(name, os.O_RDONLY), "rb") as file:
            return file.read()

    def names(self) -> list[str]:
        """All regular files in alphabetical order."""
        return sorted(name for name in os.listdir(self._directory) if self._is_file(name))

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, replacing what had it."""
        os.rename(_plain(old), _plain(new), src_dir_fd=self._directory, dst_dir_fd=self._directory)

    def remove(self, name: str) -> None:
        """Remove a file; one that is absent is no error."""
        try:
            os.unlink(_plain(name), dir_fd=self._directory)
        except FileNotFoundError:
            return

    def truncate(self, name: str, size: int) -> None:
        """Cut a file, and return when the cut is on the medium."""
        descriptor = self._open(name, os.O_WRONLY)
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def allocate(self, name: str, size: int) -> None:
        """Create a file that owns that many bytes of the medium."""
        descriptor = self._open(name, os.O_WRONLY | os.O_CREAT)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)

    def sync_dir(self) -> None:
        """Return when creations, renames and removals are on the medium."""
        os.fsync(self._directory)

    def free_bytes(self) -> int:
        """What the file system leaves to an ordinary user."""
        figures = os.fstatvfs(self._directory)
        return figures.f_bavail * figures.f_frsize

    def _open(self, name: str, how: int) -> int:
        return os.open(_plain(name), how | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self._directory)

    def _is_file(self, name: str) -> bool:
        return stat.S_ISREG(os.stat(name, dir_fd=self._directory, follow_symlinks=False).st_mode)


def _plain(name: str) -> str:
    if not name or name in {".", ".."} or "/" in name or "\0" in name:
        raise ValueError(f"a file of the journal has a plain name, was {name!r}")
    return name
