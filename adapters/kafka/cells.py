"""Journaled payloads as plain fields: columns become tuples of numbers at once, without an array in between."""

import functools
import struct
from typing import Any, Final, NamedTuple

import msgspec

from contracts import codec
from contracts.column import EXTENSION_CODE, HEAD

_LETTERS: Final = {"f": "d", "i": "q", "b": "?"}
_HEADS_MAX: Final = 65_536


class Head(NamedTuple):
    """What stands before the values of a column; `text` says kind and shape in short: `f3`, `i9,10`."""

    kind: str
    shape: tuple[int, ...]
    text: str
    values: struct.Struct


class Cells(msgspec.Struct, frozen=True, gc=False):
    """A column as it stands in a payload."""

    head: Head
    values: tuple[Any, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its dimensions."""
        return self.head.shape

    @property
    def rows(self) -> Any:
        """The values as JSON shows them: a list, or a list of rows; NaN is null and an infinity is text."""
        plain, shape = self.plain, self.head.shape
        if len(shape) == 1:
            return plain
        width = shape[1]
        return [plain[row * width : (row + 1) * width] for row in range(shape[0])]

    @property
    def plain(self) -> tuple[Any, ...]:
        """The values one after another, in what JSON has for each."""
        values = self.values
        if self.head.kind == "f":
            total = sum(values)
            if total - total != 0:
                return tuple([value if value - value == 0 else _odd(value) for value in values])
        return values


def _odd(value: float) -> str | None:
    return None if value != value else str(value)


@functools.lru_cache(maxsize=_HEADS_MAX)
def head_of(raw: bytes) -> Head:
    """The head that these bytes are."""
    letter, dimensions, rows, columns = HEAD.unpack(raw)
    kind, shape = letter.decode(), (rows,) if dimensions == 1 else (rows, columns)
    count = rows if dimensions == 1 else rows * columns
    text = kind + ",".join(str(size) for size in shape)
    return Head(kind, shape, text, struct.Struct(f"<{count}{_LETTERS[kind]}"))


def _from_extension(code: int, data: memoryview) -> Cells:
    if code != EXTENSION_CODE:
        raise ValueError(f"msgpack extension was {code}, expected {EXTENSION_CODE}")
    head = head_of(bytes(data[: HEAD.size]))
    return Cells(head, head.values.unpack_from(data, HEAD.size))


def texts_of(column: Cells, axis: int) -> list[bytes]:
    """The JSON of each instrument's cell, or cells, of a column whose instruments lie along an axis."""
    if len(column.head.shape) == 1:
        return codec.encode_json(column.plain)[1:-1].split(b",")
    if axis == 0:
        return [codec.encode_json(row) for row in column.rows]
    count, plain = column.head.shape[1], column.plain
    return [codec.encode_json(plain[number::count]) for number in range(count)]


decode: Final = msgspec.msgpack.Decoder(ext_hook=_from_extension).decode
"""The fields of a payload by name; columns are `Cells`, money and literals text."""


class RowReader:
    """Reads payloads of one type whose columns are its own: a row with tuples in the place of columns, and their heads.

    The fields must be those of the type, all of them; raises msgspec.ValidationError otherwise.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._heads: list[str] = []
        row = msgspec.defstruct("Row", [(name, Any) for name in names], gc=False)
        self._decode = msgspec.msgpack.Decoder(row, ext_hook=self._on_extension).decode

    def read(self, payload: bytes) -> tuple[Any, tuple[str, ...]]:
        """The row, and kind and shape of each column in the order of the fields."""
        self._heads.clear()
        row = self._decode(payload)
        return row, tuple(self._heads)

    def _on_extension(self, code: int, data: memoryview) -> tuple[Any, ...]:
        head = head_of(bytes(data[: HEAD.size]))
        self._heads.append(head.text)
        if code == EXTENSION_CODE and head.kind != "f" and len(head.shape) == 1:
            return head.values.unpack_from(data, HEAD.size)  # most columns of rows are ticks and lots
        rows: tuple[Any, ...] = _from_extension(code, data).rows
        return rows
