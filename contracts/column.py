"""A column: one immutable numpy array inside a message.

A `Column` is contiguous and little-endian, copied once at the door, not writeable, and has one canonical NaN, so that
equal columns have equal bytes. Absence is NaN for floats; where a type has no NaN the frame carries a mask column.
"""

from __future__ import annotations

import math
import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

EXTENSION_CODE: Final = 1

_FLOAT: Final = np.dtype("<f8")
_INTEGER: Final = np.dtype("<i8")
_FLAG: Final = np.dtype("|b1")
_DTYPES: Final = {"f": _FLOAT, "i": _INTEGER, "b": _FLAG}
_KINDS: Final = dict.fromkeys(_DTYPES.values())
UNCOUNTED: Final = -1
HEAD: Final = struct.Struct("<cBII")
"""What stands before the raw values: kind, dimensions, rows, columns."""


class Column:
    """A read-only array of float64, int64 or bool with one or two dimensions.

    Equality is equality of kind, shape and bytes. A NaN of any payload becomes the canonical NaN, so NaN equals NaN
    here (it does not in numpy); -0.0 and 0.0 stay different, because their bytes are.

    Raises:
        ValueError: other kinds (complex, object, text), more than two dimensions, or integers beyond int64.
    """

    __slots__ = ("_present", "values")

    values: npt.NDArray[Any]
    _present: int

    def __init__(self, values: npt.ArrayLike) -> None:
        array = np.asarray(values)
        dtype = _INTEGER if array.dtype.kind == "u" else _DTYPES.get(array.dtype.kind)
        if dtype is None:
            raise ValueError(f"a column holds f, i or b, was {array.dtype}")
        array = np.array(array, dtype=dtype, order="C")
        _hold(self, array)
        _note(self, _settled(array))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a column is immutable: {name}")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> Any:
        return self.values[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Column) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        raise TypeError("a column is not hashable: compare it, or digest its bytes")

    def __repr__(self) -> str:
        return f"Column({self.values.tolist()!r})"

    def __deepcopy__(self, memo: object) -> Column:
        return self

    @property
    def present(self) -> int:
        """How many places have something to say: finite floats, flags that are set, every integer.

        Counted once for all who hear of the column: most frames say something everywhere, and then nobody has to look.
        """
        if self._present == UNCOUNTED:
            _note(self, _count(self.values))
        return self._present

    def to_bytes(self) -> bytes:
        """Kind, dimensions, shape, then the raw little-endian values."""
        array = self.values
        columns = array.shape[1] if array.ndim == 2 else 0
        return HEAD.pack(array.dtype.kind.encode(), array.ndim, array.shape[0], columns) + array.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Column:
        """The column that `to_bytes` wrote; raises ValueError where the bytes are no column."""
        if len(data) < HEAD.size:
            raise ValueError(f"a column takes at least {HEAD.size} bytes, was {len(data)}")
        kind, dimensions, rows, columns = HEAD.unpack_from(data)
        dtype = _DTYPES.get(kind.decode("ascii", "replace"))
        if dtype is None or dimensions not in (1, 2):
            raise ValueError(f"a column has kind f, i or b and 1 or 2 dimensions, was {kind!r} and {dimensions}")
        shape = (rows,) if dimensions == 1 else (rows, columns)
        body = memoryview(data)[HEAD.size :]
        if len(body) != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"a column of shape {shape} was cut: {len(body)} bytes")
        array = np.frombuffer(body, dtype=dtype).reshape(shape).copy()
        array.flags.writeable = False
        return _kept(array)


_new: Final = Column.__new__
_hold: Final = Column.__dict__["values"].__set__
_note: Final = Column.__dict__["_present"].__set__
"""The slots themselves, which `__setattr__` guards."""


def _kept(array: npt.NDArray[Any], present: int = UNCOUNTED) -> Column:
    """A column of what is settled."""
    column = _new(Column)
    _hold(column, array)
    _note(column, present)
    return column


def _own(array: npt.NDArray[Any]) -> Column:
    """A column of an array that is contiguous, of one of the three kinds, and known to nobody else."""
    return _kept(array, _settled(array))


def _settled(array: npt.NDArray[Any]) -> int:
    """How much of an array is present, which nobody can write to from here on and which has the canonical NaN."""
    if array.ndim not in (1, 2):
        raise ValueError(f"a column holds 1 or 2 dimensions, was {array.ndim}")
    present = _count(array)
    if present < array.size and array.dtype.kind == "f":
        array[np.isnan(array)] = np.nan
    array.setflags(write=False)
    return present


def _count(array: npt.NDArray[Any]) -> int:
    kind = array.dtype.kind
    if kind == "i":
        return array.size
    return int(np.count_nonzero(np.isfinite(array) if kind == "f" else array))


def given(array: npt.NDArray[Any]) -> Column:
    """A column of the array itself, not of a copy: for whoever has just made it and keeps no other hand on it.

    Raises:
        ValueError: an array that is not contiguous, or of another type than the three.
    """
    return _own(_whole(array))


def _whole(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype not in _KINDS or not array.flags.c_contiguous:
        raise ValueError(f"an array is given as a whole, of float64, int64 or bool, was {array.dtype}")
    return array


def floats(values: npt.ArrayLike) -> Column:
    """A float64 column, whatever number kind came in."""
    return _own(np.array(values, dtype=_FLOAT, order="C"))


def rows(table: npt.NDArray[np.float64]) -> list[Column]:
    """Each row of a table as a float64 column of its own, copied and looked at all at once."""
    return _rows_of(np.array(table, dtype=_FLOAT, order="C"))


def given_rows(table: npt.NDArray[Any]) -> list[Column]:
    """Each row of a table as a column of its own; the table is given as an array is to `given`."""
    return _rows_of(_whole(table))


def _rows_of(table: npt.NDArray[Any]) -> list[Column]:
    here = _settled(table)
    if not here and table.size and np.isnan(table).all():
        return [_kept(table[0], 0)] * len(table)  # they all say the same: nothing
    present, found = table.shape[1] if here == table.size else UNCOUNTED, []
    # Most columns of a run are made here: written out, and by number, it takes half as long.
    for number in range(len(table)):
        column = _new(Column)
        _hold(column, table[number])
        _note(column, present)
        found.append(column)
    return found


def integers(values: npt.ArrayLike) -> Column:
    """An int64 column; raises ValueError for values with a fraction."""
    array = np.asarray(values)
    whole = array.astype(_INTEGER, order="C")
    if array.dtype.kind == "f" and np.count_nonzero(whole != array):
        raise ValueError("an integer column got values with a fraction")
    return _own(whole)


def flags(values: npt.ArrayLike) -> Column:
    """A bool column."""
    return _own(np.array(values, dtype=_FLAG, order="C"))
