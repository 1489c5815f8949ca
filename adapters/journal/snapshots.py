"""Snapshots of actors on a disk: the newest one that is whole and not ahead of the journal bounds a recovery."""

import hashlib
import re
import struct
import zlib
from collections.abc import Mapping
from typing import Final

import msgspec

from adapters.journal.disk import Disk, write_all

KEPT: Final = 3
"""The newest may be broken and the second ahead of a cut journal; a third costs little."""

_HEAD: Final = struct.Struct("<8sIQ16s")
_MARK: Final = b"\x8bKeelS\r\n"
_NAME: Final = re.compile(r"snapshot-(\d{20})\.bin")
_TEMPORARY: Final = "snapshot.tmp"


class Snapshot(msgspec.Struct, frozen=True):
    """The states after message `seq`: bytes by part, and the digest of the schema that each part was written with."""

    seq: int
    parts: dict[str, bytes]
    schemas: dict[str, str]


class SnapshotBroken(ValueError):
    """A file that is no whole snapshot."""


_decoder: Final = msgspec.msgpack.Decoder(Snapshot)


class Snapshots:
    """Keeps the last three snapshots of a run.

    Laws: after a crash at any moment the store holds the old or the new snapshot, never neither; `latest` never
    answers with a broken one, nor with one of a message that the journal does not have.
    """

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.passed_over: tuple[str, ...] = ()

    def write(self, seq: int, parts: Mapping[str, bytes], schemas: Mapping[str, str]) -> None:
        """Keep the states after message `seq`; older ones beyond three go, and those of a lost future.

        Raises ValueError where a part has no schema, OSError where the disk fails (then the old ones are untouched).
        """
        if sorted(parts) != sorted(schemas):
            raise ValueError(f"every part has a schema: parts {sorted(parts)}, schemas {sorted(schemas)}")
        data = _packed(Snapshot(seq, dict(parts), dict(schemas)))
        self.disk.remove(_TEMPORARY)
        file = self.disk.open_append(_TEMPORARY)
        try:
            write_all(file, data)
            file.sync()
        finally:
            file.close()
        self.disk.rename(_TEMPORARY, _name(seq))
        self.disk.sync_dir()
        self._prune(seq)

    def latest(self, max_seq: int) -> Snapshot | None:
        """The newest whole snapshot of a message up to `max_seq`; `passed_over` then names the others and why."""
        passed_over: list[str] = []
        found = None
        for seq in reversed(self.seqs()):
            if seq > max_seq:
                passed_over.append(f"{_name(seq)}: newer than the journal, which ends with seq {max_seq}")
                continue
            try:
                found = _unpacked(self.disk.read(_name(seq)), seq)
                break
            except SnapshotBroken as broken:
                passed_over.append(f"{_name(seq)}: {broken}")
        self.passed_over = tuple(passed_over)
        return found

    def seqs(self) -> list[int]:
        """Of which messages there are snapshots, whole or not, in order."""
        return sorted(int(match[1]) for match in map(_NAME.fullmatch, self.disk.names()) if match)

    def _prune(self, written_seq: int) -> None:
        seqs = self.seqs()
        past = [seq for seq in seqs if seq <= written_seq]
        for seq in [seq for seq in seqs if seq > written_seq] + past[:-KEPT]:
            self.disk.remove(_name(seq))


def _name(seq: int) -> str:
    return f"snapshot-{seq:020d}.bin"


def _packed(snapshot: Snapshot) -> bytes:
    body = msgspec.msgpack.encode(snapshot)
    return _HEAD.pack(_MARK, zlib.crc32(body), len(body), hashlib.blake2b(body, digest_size=16).digest()) + body


def _unpacked(data: bytes, seq: int) -> Snapshot:
    if len(data) < _HEAD.size:
        raise SnapshotBroken(f"{len(data)} bytes are no snapshot")
    mark, checksum, length, digest = _HEAD.unpack_from(data)
    body = data[_HEAD.size :]
    if mark != _MARK or len(body) != length:
        raise SnapshotBroken(f"it holds {len(body)} bytes, expected {length}")
    if zlib.crc32(body) != checksum or hashlib.blake2b(body, digest_size=16).digest() != digest:
        raise SnapshotBroken("its bytes are not those that were written")
    try:
        snapshot = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise SnapshotBroken(f"it has another layout: {error}") from error
    if snapshot.seq != seq:
        raise SnapshotBroken(f"it is of seq {snapshot.seq}, its name says {seq}")
    return snapshot
