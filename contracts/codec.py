"""Messages as bytes: msgpack for the journal, JSON for people, and the schema of each type."""

import hashlib
from typing import Any, Final, TypeVar

import msgspec
import numpy as np

from contracts.column import EXTENSION_CODE, Column
from contracts.topics import BY_TYPE

StateT = TypeVar("StateT", bound=msgspec.Struct)


class UnknownMessage(ValueError):
    """A type name that is in no topic."""


def _to_msgpack(value: object) -> object:
    if isinstance(value, Column):
        return msgspec.msgpack.Ext(EXTENSION_CODE, value.to_bytes())
    raise NotImplementedError(f"no message holds a {type(value).__name__}")


def _from_extension(code: int, data: memoryview) -> Column:
    if code != EXTENSION_CODE:
        raise ValueError(f"msgpack extension was {code}, expected {EXTENSION_CODE}")
    return Column.from_bytes(data)


def _to_json(value: object) -> object:
    if isinstance(value, Column):
        values = value.values
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            return [_finite(row) for row in values.tolist()]
        return values.tolist()
    raise NotImplementedError(f"no message holds a {type(value).__name__}")


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return value if value - value == 0 else (None if value != value else str(value))


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_to_msgpack)
_JSON: Final = msgspec.json.Encoder(enc_hook=_to_json)
_DECODERS: Final[dict[str, msgspec.msgpack.Decoder[Any]]] = {
    kind.__name__: msgspec.msgpack.Decoder(kind, ext_hook=_from_extension) for kind in BY_TYPE
}

encode = _ENCODER.encode
"""The canonical msgpack bytes of a message (or of an actor's state): fields in order, equal messages equal bytes."""

encode_into = _ENCODER.encode_into
"""The same bytes written into a bytearray from an offset on."""

encode_json = _JSON.encode
"""JSON for people: a column is a list, NaN is null, infinities are text."""


def decode(type_name: str, data: bytes | memoryview) -> msgspec.Struct:
    """The message of that type; raises UnknownMessage, or msgspec.ValidationError where bytes and type differ."""
    decoder = _DECODERS.get(type_name)
    if decoder is None:
        raise UnknownMessage(f"message type was {type_name!r}, which is in no topic")
    message: msgspec.Struct = decoder.decode(data)
    return message


def decode_fields(data: bytes | memoryview) -> dict[str, Any]:
    """The names and values of a message of any version, columns as columns; raises ValueError for what is none."""
    fields = msgspec.msgpack.decode(data, ext_hook=_from_extension)
    if not isinstance(fields, dict):
        raise ValueError(f"a message is a map of its fields, was a {type(fields).__name__}")
    return fields


def decode_state(kind: type[StateT], data: bytes) -> StateT:
    """An actor's state from its snapshot."""
    return msgspec.msgpack.decode(data, type=kind, ext_hook=_from_extension)


DIGEST_BYTES: Final = 16
"""Shorter than any message of a topic that is recorded as `digest`, so that one kept whole is told apart."""


def digest(data: bytes | memoryview) -> bytes:
    """BLAKE2b-128 of a payload: what is journaled of a topic that is recorded as `digest`."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()


def schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON schema of a type, columns as arrays."""
    return msgspec.json.schema(kind, schema_hook=_column_schema)


def schema_digest(kind: type[msgspec.Struct]) -> str:
    """A short hash of a type's schema: changes when a field comes, goes or changes its type."""
    return hashlib.blake2b(msgspec.json.encode(schema(kind), order="deterministic"), digest_size=8).hexdigest()


def _column_schema(kind: type) -> dict[str, Any]:
    if kind is Column:
        return {"type": "array", "description": "float64, int64 or bool; NaN as null"}
    raise NotImplementedError(f"no message holds a {kind.__name__}")
