"""Messages to records: the one loop that every message of a run passes through, so it is written for speed."""

import zlib
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from adapters.journal.record import BARE, CRC, DIGEST, FIELDS, NAME, NAME_ID, control
from contracts import codec
from contracts.envelope import Envelope
from contracts.topics import BULK, BY_TYPE

_MODES: Final = {"full": 0, "digest": DIGEST, "none": BARE}


class Encoder:
    """Packs envelopes; knows which names the open segment has already been told.

    With `decisions_only` nothing but the place of what is bulky is kept; topics in `full` are kept whole where a digest
    would do.
    """

    def __init__(self, *, decisions_only: bool = False, full: Collection[str] = ()) -> None:
        self._full = frozenset(full)
        self._bare = frozenset(BULK) if decisions_only else frozenset()
        self._ids: dict[str, int] = {}
        self._kinds: dict[type[msgspec.Struct], tuple[int, int, int]] = {}
        self._sources: dict[str, int] = {}

    def start_segment(self) -> None:
        """Forget all names: a segment explains itself."""
        self._ids.clear()
        self._kinds.clear()
        self._sources.clear()

    def encode(self, envelopes: Sequence[Envelope[Any]], flags: Sequence[int]) -> bytes:
        """The records of these envelopes in order; raises KeyError for a message that is in no topic."""
        parts: list[bytes] = []
        add, kinds, sources = parts.append, self._kinds, self._sources
        encode, pack, checksum, pack_checksum = codec.encode, FIELDS.pack, zlib.crc32, CRC.pack
        for envelope, flag in zip(envelopes, flags):
            message = envelope.payload
            kind, mode, version = kinds.get(type(message)) or self._introduce(type(message), parts)
            source = sources.get(envelope.source) or self._introduce_source(envelope.source, parts)
            payload = b"" if mode == BARE else encode(message)
            if mode == DIGEST:
                payload = codec.digest(payload)
            body = pack(
                len(payload),
                envelope.seq,
                envelope.turn,
                envelope.cause,
                envelope.at_ns,
                source,
                kind,
                version,
                flag | mode,
            )
            if payload:
                body += payload
            add(pack_checksum(checksum(body)))
            add(body)
        return b"".join(parts)

    def _introduce(self, kind: type[msgspec.Struct], parts: list[bytes]) -> tuple[int, int, int]:
        topic = BY_TYPE[kind]
        mode = BARE if kind in self._bare else _MODES["full" if topic.name in self._full else topic.recorded]
        self._kinds[kind] = (self._id(kind.__name__, parts), mode, topic.version)
        return self._kinds[kind]

    def _introduce_source(self, source: str, parts: list[bytes]) -> int:
        self._sources[source] = self._id(source, parts)
        return self._sources[source]

    def _id(self, name: str, parts: list[bytes]) -> int:
        if name not in self._ids:
            self._ids[name] = len(self._ids) + 1
            parts.append(control(NAME, 0, 0, 0, NAME_ID.pack(self._ids[name]) + name.encode()))
        return self._ids[name]
