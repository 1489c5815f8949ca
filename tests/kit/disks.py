"""A disk in memory that loses, tears and reorders whatever was not synced, fails on demand, and can lose its power."""

import errno
from collections.abc import Callable, Iterator

import numpy as np

from adapters.journal.disk import AppendFile

SECTOR = 64
"""Bytes that a torn write keeps or loses together; smaller than a real sector, so that small tests have many."""


class PowerCut(BaseException):
    """The power went away in the middle of a call; nothing of the process runs on."""


Fault = Callable[[str, int], None]
"""Is shown every call, with its index from 0, before it takes effect; raises what shall go wrong."""


def no_fault(call: str, index: int) -> None:
    """Everything works."""


def fails_at(place: int, number: int, *, forever: bool = False, only: str = "") -> Fault:
    """Call `place` (counted among calls named `only`, if given) raises that errno, once or from then on."""
    seen = 0

    def fault(call: str, index: int) -> None:
        nonlocal seen
        if call in UNFAILING or (only and call != only):
            return
        seen += 1
        if seen - 1 == place or (forever and seen - 1 > place):
            raise OSError(number, f"injected at call {index} ({call})")

    return fault


def cut_at(place: int) -> Fault:
    """The power goes at that call, before it takes effect (a write then takes effect in part)."""

    def fault(call: str, index: int) -> None:
        if index == place:
            raise PowerCut(call)

    return fault


UNFAILING = frozenset({"names", "free_bytes", "close", "send"})


class _File:
    """An inode: what the medium has for sure, what the cache has, and what a failed sync has lost for good."""

    def __init__(self, data: bytes = b"") -> None:
        self.cached = bytearray(data)
        self.durable = len(data)
        self.lost: list[tuple[int, int]] = []

    def sync(self) -> None:
        for start, stop in self.lost:
            self.cached[start:stop] = bytes(stop - start)
        self.lost.clear()
        self.durable = len(self.cached)

    def lose(self) -> None:
        """What a failed fsync does: the pages are clean now, and never were written."""
        self.lost.append((self.durable, len(self.cached)))


class CrashingDisk:
    """Implements `adapters.journal.disk.Disk`.

    A file's bytes are safe after its `sync`; a name after `sync_dir`. `crash` gives the disk as the next process may
    find it: of every unsynced byte anything may have become, but unsynced renames come in order or not at all. Every
    call is counted and shown to `fault`; `send` is counted too, as a place where the power may go. A write takes at
    most `write_bytes_max` bytes.
    """

    def __init__(self, fault: Fault = no_fault, space: int = 1 << 40, write_bytes_max: int = 1 << 40) -> None:
        self.fault = fault
        self.write_bytes_max = write_bytes_max
        self.space = space
        self.calls: list[str] = []
        self.files: dict[str, _File] = {}
        self._named: dict[str, _File] = {}
        self._renames: list[dict[str, _File]] = []

    def open_append(self, name: str) -> AppendFile:
        self._call("open")
        if name not in self.files:
            self.files[name] = _File()
            self._renames.append(dict(self.files))
        return _Handle(self, self.files[name])

    def read(self, name: str) -> bytes:
        self._call("read")
        if name not in self.files:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        return bytes(self.files[name].cached)

    def names(self) -> list[str]:
        self._call("names")
        return sorted(self.files)

    def rename(self, old: str, new: str) -> None:
        self._call("rename")
        self.files[new] = self.files.pop(old)
        self._renames.append(dict(self.files))

    def remove(self, name: str) -> None:
        self._call("remove")
        if self.files.pop(name, None) is not None:
            self._renames.append(dict(self.files))

    def truncate(self, name: str, size: int) -> None:
        self._call("truncate")
        del self.files[name].cached[size:]
        self.files[name].sync()

    def allocate(self, name: str, size: int) -> None:
        self._call("allocate")
        self.files[name] = _File(bytes(size))
        self._renames.append(dict(self.files))

    def sync_dir(self) -> None:
        self._call("sync_dir")
        self._named = dict(self.files)
        self._renames.clear()

    def free_bytes(self) -> int:
        self._call("free_bytes")
        return max(0, self.space - sum(len(file.cached) for file in self.files.values()))

    def send(self) -> None:
        """An order leaves the process here."""
        self._call("send")

    def put(self, name: str, data: bytes) -> None:
        """A file that is safely there."""
        self.files[name] = _File(data)
        self.sync_dir()

    def copy(self) -> "CrashingDisk":
        """The same files on a disk of its own, everything safe."""
        other = CrashingDisk()
        for name, file in self.files.items():
            other.put(name, bytes(file.cached))
        return other

    def crash(self, chance: np.random.Generator) -> "CrashingDisk":
        """What the next process finds."""
        after = CrashingDisk()
        states = [self._named, *self._renames]
        for name, file in states[int(chance.integers(len(states)))].items():
            after.put(name, _survivor(file, chance))
        return after

    def _call(self, call: str) -> None:
        self.calls.append(call)
        self.fault(call, len(self.calls) - 1)


class _Handle:
    """One open file of the disk."""

    def __init__(self, disk: CrashingDisk, file: _File) -> None:
        self._disk = disk
        self._file = file

    def write(self, data: bytes | memoryview) -> int:
        try:
            self._disk._call("write")
        except (OSError, PowerCut) as wrong:
            if not isinstance(wrong, OSError) or wrong.errno != errno.ENOSPC:
                self._file.cached += data[: len(data) // 2]
            raise
        room = self._disk.space - sum(len(file.cached) for file in self._disk.files.values())
        if data and room <= 0:
            raise OSError(errno.ENOSPC, "no space left")
        taken = min(len(data), room, self._disk.write_bytes_max)
        self._file.cached += data[:taken]
        return taken

    def sync(self) -> None:
        try:
            self._disk._call("sync")
        except OSError:
            self._file.lose()
            raise
        self._file.sync()

    def close(self) -> None:
        self._disk._call("close")


def _survivor(file: _File, chance: np.random.Generator) -> bytes:
    """The safe bytes, then what may have become of the others."""
    for start, stop in file.lost:
        file.cached[start:stop] = bytes(stop - start)
    safe, loose = bytes(file.cached[: file.durable]), bytes(file.cached[file.durable :])
    fate = chance.integers(5)
    if fate == 0:
        return safe
    if fate == 1:
        return safe + loose
    if fate == 2:
        return safe + loose[: int(chance.integers(len(loose) + 1))]
    return safe + b"".join(_sectors(loose, chance, garbage=fate == 4))


def _sectors(loose: bytes, chance: np.random.Generator, *, garbage: bool) -> Iterator[bytes]:
    """Some sectors reached the medium and some did not, in no order."""
    for start in range(0, len(loose), SECTOR):
        sector = loose[start : start + SECTOR]
        if chance.random() < 0.5:
            yield sector
        else:
            yield chance.bytes(len(sector)) if garbage else bytes(len(sector))
