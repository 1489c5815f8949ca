"""Examples as training takes them: stacked from messages, read from files, streamed to a worker.

A file of examples is either `.npz` with the arrays of `quant.training.Examples`, or a stream: the names of the inputs
as a JSON list on the first line, then each `Example` as four bytes of length (big-endian) and its canonical bytes.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np

from contracts import codec
from contracts.belief import Example
from quant.training import Examples

_LENGTH: Final = struct.Struct(">I")
_FIELDS: Final = ("x", "base", "z", "weight", "said_ns", "end_ns", "names", "schema", "levels")
FILE_BYTES_MAX: Final = 8 << 30


class BadExamples(ValueError):
    """A file that holds no examples to train from; exit code 10."""


def stacked(examples: Iterable[Example], names: Sequence[str]) -> Examples:
    """Messages of one schema as rows, instruments below each other; raises BadExamples where they differ or lack."""
    taken = list(examples)
    if not taken:
        raise BadExamples("there is not one example")
    schema = taken[0].schema
    for number, each in enumerate(taken):
        shape = each.x.values.shape
        if each.schema != schema or shape[-1] != len(names):
            raise BadExamples(
                f"example {number} has schema {each.schema[:12]} and inputs {shape}, expected {schema[:12]} and "
                f"{len(names)}"
            )
    rows = [len(each.z) for each in taken]
    return Examples(
        x=np.concatenate([each.x.values for each in taken]),
        base=np.concatenate([each.base.values for each in taken], axis=1),
        z=np.concatenate([each.z.values for each in taken]),
        weight=np.repeat([each.weight for each in taken], rows),
        said_ns=np.repeat(np.array([each.said_ns for each in taken], dtype=np.int64), rows),
        end_ns=np.repeat(np.array([each.end_ns for each in taken], dtype=np.int64), rows),
        names=tuple(names),
        schema=schema,
    )


def heading(names: Sequence[str]) -> bytes:
    """The first line of a stream."""
    return msgspec.json.encode(list(names)) + b"\n"


def framed(example: Example) -> bytes:
    """One example of a stream."""
    data = codec.encode(example)
    return _LENGTH.pack(len(data)) + data


def read_stream(stream: BinaryIO) -> Examples:
    """Examples of a stream; raises BadExamples where it was cut or holds something else."""
    try:
        names = msgspec.json.decode(stream.readline(1 << 20), type=list[str])
        return stacked(_frames(stream), names)
    except (msgspec.DecodeError, ValueError, IndexError) as error:
        raise BadExamples(f"the stream holds no examples: {error}") from error


def _frames(stream: BinaryIO) -> Iterator[Example]:
    while head := stream.read(_LENGTH.size):
        data = stream.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else b""
        message: Any = codec.decode(Example.__name__, data)
        yield message


def read_examples(path: Path) -> Examples:
    """Examples of a file; raises BadExamples naming what is wrong with it."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadExamples(f"{path} has more than {FILE_BYTES_MAX} bytes")
        with path.open("rb") as file:
            found = _read_arrays(file) if path.suffix == ".npz" else read_stream(file)
    except OSError as error:
        raise BadExamples(f"{path} cannot be read: {error.strerror or error}") from error
    except BadExamples as error:
        raise BadExamples(f"{path}: {error}") from error
    return found


def write_examples(path: Path, examples: Examples) -> None:
    """Keep examples as `.npz`; raises OSError."""
    arrays = {name: np.asarray(getattr(examples, name)) for name in _FIELDS}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    path.write_bytes(buffer.getvalue())


def _read_arrays(file: BinaryIO) -> Examples:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            absent = [name for name in _FIELDS if name not in arrays]
            if absent:
                raise BadExamples(f"lacks {', '.join(absent)}")
            found = {name: arrays[name] for name in _FIELDS}
    except BadExamples:
        raise
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError) as error:
        raise BadExamples(f"holds no arrays of examples: {error}") from error
    kinds = {"x": "f", "base": "f", "z": "f", "weight": "f", "said_ns": "i", "end_ns": "i", "levels": "f"}
    for name, kind in kinds.items():
        if found[name].dtype.kind != kind:
            raise BadExamples(f"{name} is of {found[name].dtype}, expected kind {kind!r}")
    return Examples(
        x=found["x"].astype(np.float64),
        base=found["base"].astype(np.float64),
        z=found["z"].astype(np.float64),
        weight=found["weight"].astype(np.float64),
        said_ns=found["said_ns"].astype(np.int64),
        end_ns=found["end_ns"].astype(np.int64),
        names=tuple(str(each) for each in found["names"].tolist()),
        schema=str(found["schema"]),
        levels=tuple(float(each) for each in found["levels"].tolist()),
    )
