"""Where the footers of Parquet and Feather files say that rows lie, read without any reader of such files.

Only what is needed of Thrift's compact protocol and of FlatBuffers: https://github.com/apache/thrift, `doc/specs`, and
https://github.com/apache/arrow, `format/File.fbs`; fields by their numbers in `parquet.thrift`.
"""

import struct
from typing import Any, Final, NamedTuple

DEPTH_MAX: Final = 16

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS: Final = (4, 5, 6)

_ROW_GROUPS, _COLUMNS, _COLUMN_META = 4, 1, 3
_COMPRESSED, _DATA_PAGE, _DICTIONARY_PAGE = 7, 9, 11

_DICTIONARIES, _BATCHES = 2, 3
_BLOCK: Final = struct.Struct("<qi4xq")


class Extent(NamedTuple):
    """Some bytes of a file."""

    first: int
    length: int


def parquet_extents(footer: bytes) -> list[Extent]:
    """Where the columns of the row groups lie; raises ValueError for a footer that is none."""
    try:
        told = _Thrift(footer).struct()
        chunks = [chunk[_COLUMN_META] for group in told[_ROW_GROUPS] for chunk in group[_COLUMNS]]
        return [Extent(_first_page(chunk), int(chunk[_COMPRESSED])) for chunk in chunks]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("it tells of no row groups") from error


def feather_extents(footer: bytes) -> tuple[list[Extent], list[Extent]]:
    """Where the dictionaries lie, and where the batches do; raises ValueError for a footer that is none."""
    try:
        return _blocks(footer, _DICTIONARIES), _blocks(footer, _BATCHES)
    except struct.error as error:
        raise ValueError("it tells of no batches") from error


def _first_page(chunk: dict[int, Any]) -> int:
    dictionary = int(chunk[_DICTIONARY_PAGE]) if _DICTIONARY_PAGE in chunk else 0
    return min(dictionary or 2**63, int(chunk[_DATA_PAGE]))


class _Thrift:
    """A structure of the compact protocol as values by field number."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._depth = data, 0, 0

    def struct(self) -> dict[int, Any]:
        """The fields; raises IndexError where the bytes end before, ValueError for what no protocol has."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ValueError("it is nested too deeply")
        fields, number = dict[int, Any](), 0
        while (head := self._byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            fields[number] = head & 15 == _TRUE if head & 15 in (_TRUE, _FALSE) else self._value(head & 15)
        self._depth -= 1
        return fields

    def _value(self, kind: int) -> Any:
        if kind in _INTEGERS:
            return self._zigzag()
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind == _BINARY:
            return self._skip(self._varint())
        if kind in (_LIST, _SET):
            head = self._byte()
            count = self._varint() if head >> 4 == 15 else head >> 4
            return [self._value(head & 15) for _ in range(self._sane(count))]
        if kind == _STRUCT:
            return self.struct()
        if kind == _DOUBLE:
            return self._skip(8)
        raise ValueError(f"it has a value of kind {kind}")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _varint(self) -> int:
        shift = value = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("it has a number of more than 64 bits")
        return value | byte << shift

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _skip(self, count: int) -> None:
        self._at += self._sane(count)

    def _sane(self, count: int) -> int:
        if count > len(self._data) - self._at:
            raise ValueError(f"it has {count:,} of something in {len(self._data):,} bytes")
        return count


def _blocks(footer: bytes, field: int) -> list[Extent]:
    table = struct.unpack_from("<I", footer, 0)[0]
    offsets = table - struct.unpack_from("<i", footer, table)[0]
    if offsets < 0:
        raise ValueError("its fields lie before it")
    size = struct.unpack_from("<H", footer, offsets)[0]
    at = struct.unpack_from("<H", footer, offsets + 4 + 2 * field)[0] if 4 + 2 * field < size else 0
    if not at:
        return []
    vector = table + at + struct.unpack_from("<I", footer, table + at)[0]
    count = struct.unpack_from("<I", footer, vector)[0]
    if count * _BLOCK.size > len(footer):
        raise ValueError(f"it has {count:,} blocks in {len(footer):,} bytes")
    found = (_BLOCK.unpack_from(footer, vector + 4 + _BLOCK.size * place) for place in range(count))
    return [Extent(first, meta + body) for first, meta, body in found]
