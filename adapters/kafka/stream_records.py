"""How a stream lies on Kafka: blocks of messages and frames of parts as msgpack, each proved by a shared secret.

A record is believed only where its HMAC-SHA256 over topic, profile and value verifies: whoever can write to a topic but
does not know the secret says nothing, and what was said on one topic or by another profile proves nothing on this one.
What was once said can be said again by anybody; numbers and epochs inside the value see to that.
"""

import hmac
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Final

import msgspec

from contracts import codec
from contracts.belief import FeatureFrame, SignalFrame
from contracts.column import EXTENSION_CODE, Column
from contracts.life import Beat
from contracts.secret import Secret
from contracts.stream import PartFrames, StreamBlock, StreamMessage

STREAM: Final = "roles.stream"
SHARDS: Final = "roles.shards"
DESKS: Final = "roles.desks"
"""Topics: the record of the ingest, what parts said of a beat (one partition for each part), who may be the desk."""

PROOF: Final = "hmac"
"""The header of the proof."""

KEY_BYTES_MIN: Final = 16
BLOCK_BYTES: Final = 128 * 1024
BEAT: Final = Beat.__name__


class Unproved(ValueError):
    """A record without a proof, with a wrong one, or that is none of ours; never heard of any further."""


class Seal:
    """Proves and checks values of one profile with one secret.

    Raises:
        ValueError: a secret too short to be one.
    """

    def __init__(self, key: Secret, profile: str) -> None:
        if len(key.reveal().encode()) < KEY_BYTES_MIN:
            raise ValueError(f"roles.key refers to fewer than {KEY_BYTES_MIN} bytes, expected at least that many")
        self._key = key
        self._context = profile.encode()

    def proof(self, topic: str, value: bytes) -> bytes:
        """The proof of a value on a topic."""
        return hmac.digest(self._key.reveal().encode(), b"\0".join((topic.encode(), self._context, value)), sha256)

    def headers(self, topic: str, value: bytes) -> list[tuple[str, bytes]]:
        """What a record carries."""
        return [(PROOF, self.proof(topic, value))]

    def check(self, topic: str, value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> bytes:
        """The value, proved; raises Unproved."""
        said = dict(headers).get(PROOF)
        if value is None or said is None:
            raise Unproved("a record without a proof")
        if not hmac.compare_digest(self.proof(topic, value), bytes(said)):
            raise Unproved("a record whose proof is wrong")
        return value


def _from_extension(code: int, data: memoryview) -> Any:
    if code != EXTENSION_CODE:
        raise ValueError(f"msgpack extension was {code}, expected {EXTENSION_CODE}")
    return Column.from_bytes(data)


_BLOCKS: Final = msgspec.msgpack.Decoder(StreamBlock)
_FRAMES: Final = msgspec.msgpack.Decoder(PartFrames, ext_hook=_from_extension)


def encode(said: StreamBlock | PartFrames) -> bytes:
    """The value of a record."""
    return codec.encode(said)


def block_of(value: bytes) -> StreamBlock:
    """The block of a value; raises Unproved for bytes that are none."""
    try:
        block = _BLOCKS.decode(value)
    except (msgspec.DecodeError, ValueError) as error:
        raise Unproved(f"no block of a stream: {error}") from error
    first = block.messages[0].seq if block.messages else 0
    if first < 1 or any(each.seq != first + place for place, each in enumerate(block.messages)):
        raise Unproved("a block whose messages do not follow each other")
    return block


def frames_of(value: bytes) -> PartFrames:
    """The frames of a value; raises Unproved for bytes that are none."""
    try:
        frames = _FRAMES.decode(value)
    except (msgspec.DecodeError, ValueError) as error:
        raise Unproved(f"no frames of a part: {error}") from error
    if not all(isinstance(each, SignalFrame) for each in frames.signals):
        raise Unproved("no signals of a part")
    assert frames.features is None or isinstance(frames.features, FeatureFrame), "the decoder saw to it"
    return frames


def cut(messages: Iterable[StreamMessage], block_bytes: int = BLOCK_BYTES) -> Iterator[list[StreamMessage]]:
    """Pieces of a stream: each ends with a beat, or is large enough."""
    piece: list[StreamMessage] = []
    size = 0
    for message in messages:
        piece.append(message)
        size += len(message.payload)
        if message.type == BEAT or size >= block_bytes:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
