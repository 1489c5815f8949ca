"""The bytes of the journal: segment headers, records, and the control records that end turns and close blocks."""

import hashlib
import re
import struct
import zlib
from typing import Final, NamedTuple

import msgspec

from contracts.quantities import Nanos

FORMAT: Final = 1
"""The version of everything in this module; it is in every segment header."""

SCHEMA: Final = 1
"""The version in control records; in a message's record it is that of its type (see `contracts.topics`)."""

OUTSIDE: Final = 1
"""Flag: the message was admitted, not derived."""
LAST: Final = 2
"""Flag: the last record of its turn."""
DIGEST: Final = 4
"""Flag: the payload is the BLAKE2b-128 digest of the message."""
BARE: Final = 8
"""Flag: only the header was kept."""
CONTROL: Final = 16
"""Flag: no message, but one of the journal's own records; its kind is in the place of the type."""

NAME: Final = 1
"""Control: the payload is an id (u16) and the name it stands for from here on in this segment."""
TURN_END: Final = 2
"""Control: the turn of the record before it is over."""
COMMIT: Final = 3
"""Control: closes a block of the hash chain."""
SEAL: Final = 4
"""Control: closes the last block of a run that ended in order."""

CRC: Final = struct.Struct("<I")
FIELDS: Final = struct.Struct("<IQQQqHHHH")
"""length, seq, turn, cause, at_ns, source, type, version, flags: what the checksum covers, before the payload."""
HEADER: Final = struct.Struct("<IIQQQqHHHH")
"""The same with the checksum in front."""
PROMISE: Final = struct.Struct("<8sIQ")
"""Start of the payload of COMMIT and SEAL: mark, and the position that was synced before (segment, offset)."""
COMMITMENT: Final = struct.Struct("<8sIQ16s")
"""The whole payload: the promise and the chain's hash."""
NAME_ID: Final = struct.Struct("<H")
SEGMENT: Final = struct.Struct("<8sIIQ16s")
"""Head of a segment: mark, format, number, seq of its first message, the chain's hash so far; a checksum follows."""
SEGMENT_BYTES: Final = SEGMENT.size + CRC.size

MARK: Final = b"\x8bKeelC\r\n"
"""In every COMMIT and SEAL, so that one can be found again after damage."""
SEGMENT_MARK: Final = b"\x8bKeelJ\r\n"
GENESIS: Final = bytes(16)
"""The hash before the first block."""

_SEGMENT_NAME: Final = re.compile(r"journal-(\d{6})\.seg")


class Position(NamedTuple):
    """A place in the journal: the number of a segment, from 1, and an offset in bytes."""

    segment: int
    offset: int


class Record(msgspec.Struct, frozen=True, gc=False):
    """One message as it was kept, its names resolved; `payload` is msgpack, a digest or nothing (see `flags`)."""

    seq: int
    turn: int
    cause: int
    at_ns: Nanos
    source: str
    type: str
    version: int
    flags: int
    payload: bytes

    @property
    def outside(self) -> bool:
        """Whether the message was admitted."""
        return bool(self.flags & OUTSIDE)

    @property
    def last(self) -> bool:
        """Whether the record itself says that it ends its turn (a later TURN_END may say it too)."""
        return bool(self.flags & LAST)

    @property
    def kept(self) -> bool:
        """Whether the payload is the message itself."""
        return not self.flags & (DIGEST | BARE)


def frame(fields: bytes, payload: bytes) -> bytes:
    """A whole record of packed FIELDS and a payload."""
    body = fields + payload
    return CRC.pack(zlib.crc32(body)) + body


def control(kind: int, seq: int, turn: int, at_ns: Nanos, payload: bytes = b"") -> bytes:
    """A control record; it carries the seq, turn and time of the message before it."""
    return frame(FIELDS.pack(len(payload), seq, turn, 0, at_ns, 0, kind, SCHEMA, CONTROL), payload)


def segment_head(number: int, first_seq: int, chain: bytes) -> bytes:
    """The first bytes of a segment."""
    head = SEGMENT.pack(SEGMENT_MARK, FORMAT, number, first_seq, chain)
    return head + CRC.pack(zlib.crc32(head))


def segment_name(number: int) -> str:
    """The file that holds a segment."""
    return f"journal-{number:06d}.seg"


def segment_numbers(names: list[str]) -> list[int]:
    """The segments among some files, in order."""
    return sorted(int(match[1]) for match in map(_SEGMENT_NAME.fullmatch, names) if match)


class Chain:
    """The running hash of the journal: BLAKE2b-128 over the hash so far and the bytes of the open block."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.open_bytes = 0
        self._block = hashlib.blake2b(head, digest_size=16)

    def add(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the open block."""
        self._block.update(data)
        self.open_bytes += len(data)

    def close(self, commitment: bytes | memoryview) -> bytes:
        """Close the block under its commitment, a record without its checksum and its hash; returns the new head."""
        self._block.update(commitment)
        self.head = self._block.digest()
        self._block = hashlib.blake2b(self.head, digest_size=16)
        self.open_bytes = 0
        return self.head


def commitment(chain: Chain, kind: int, seq: int, turn: int, at_ns: Nanos, synced: Position) -> bytes:
    """Close the open block: the record of the kind COMMIT or SEAL, with the chain's new head in it."""
    fields = FIELDS.pack(COMMITMENT.size, seq, turn, 0, at_ns, 0, kind, SCHEMA, CONTROL)
    promise = PROMISE.pack(MARK, *synced)
    return frame(fields, promise + chain.close(fields + promise))
