"""Files and directories that are there whole or not at all, and still there after the power was cut."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put this content under this name, on the medium when this returns; raises OSError."""
    write_whole(path, lambda temporary: _write(temporary, content))


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside it, then give it its name; nothing is left where that fails."""
    temporary = path.with_name(path.name + ".new")
    try:
        write(temporary)
        sync(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def locked(directory: Path) -> int:
    """Make a directory and hold it for this process: a descriptor, to be closed. Raises BlockingIOError, or OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not holds(descriptor, directory):
            raise BlockingIOError
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def holds(descriptor: int, directory: Path) -> bool:
    """Whether this is still the directory under that name: who held it before may have given it another one."""
    return directory.exists() and os.fstat(descriptor).st_ino == directory.stat().st_ino


def sync(path: Path) -> None:
    """Return when a file, or the names in a directory, are on the medium."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
