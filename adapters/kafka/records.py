"""Messages as records: a row is one record, a frame one for each instrument, and nothing of either is lost.

A record's value is the message as JSON (NaN is null), or msgpack; of a frame it has one instrument's `symbol` and cells
and repeats the rest. Its key is the topic's key field, the symbol, or the author. The headers are text:

run, seq, turn, cause, at   which run, and the envelope's numbers; `at` is nanoseconds since 1970 UTC
source, schema              who said it, and `Type@version`
part                        of a frame: which instrument of how many, `3/10`
columns                     kind and shape of each column, `mu=f* quantiles=f9,*`: f, i or b, `*` is the instrument
numbers                     what JSON has no word for: `cvar_after=inf`
recorded                    `digest` or `none` where the journal did not keep the message
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np

from adapters.kafka.forms import ROWS_FIRST, SHARED, Form, form_of, number_text, walk, written
from adapters.kafka.settings import Format
from contracts import codec
from contracts.column import Column
from contracts.envelope import Envelope
from contracts.market import UniverseChanged

Header = tuple[str, bytes]
Recorded = Literal["full", "digest", "none"]


class Outgoing(NamedTuple):
    """One record: the topic as the table names it, and the bytes."""

    topic: str
    key: bytes
    value: bytes
    headers: list[Header]


class UnknownType(ValueError):
    """A message of a type that is in no topic."""


class Recorder:
    """Makes the records of one run's messages; learns the symbols of each universe version as it passes.

    A frame of a universe that never passed is one record, whole. `run` is the run's name for everybody outside:
    ACCOUNT/NAME.
    """

    def __init__(self, run: str, form: Format = "json", universes: Mapping[int, tuple[str, ...]] | None = None) -> None:
        self._run: Header = ("run", run.encode())
        self._json = form == "json"
        self._authors: dict[tuple[str, str], tuple[Form, list[Header]]] = {}
        self.universes = dict(universes or {})

    def of_envelope(self, envelope: Envelope[Any]) -> list[Outgoing]:
        """The records of a message as the bus delivers it; raises UnknownType."""
        kind = type(envelope.payload).__name__
        form, headers = self._headers(
            envelope.seq, envelope.turn, envelope.cause, envelope.at_ns, envelope.source, kind
        )
        return self._records(form, headers, envelope.payload, envelope.source)

    def of_journal(
        self,
        seq: int, turn: int, cause: int, at_ns: int, source: str, kind: str, payload: bytes, recorded: Recorded,
    ) -> list[Outgoing]:  # fmt: skip
        """The records of a message of today's version as the journal keeps it.

        Raises UnknownType, or msgspec.ValidationError for a payload that is not of its type.
        """
        form, headers = self._headers(seq, turn, cause, at_ns, source, kind)
        if recorded == "full":
            return self._records(form, headers, codec.decode(kind, payload), source)
        headers.append(("recorded", recorded.encode()))
        value: dict[str, Any] = {"digest": payload.hex()} if recorded == "digest" else {}
        return [Outgoing(form.topic, source.encode(), self._encoded(value), headers)]

    def _headers(
        self, seq: int, turn: int, cause: int, at_ns: int, source: str, kind: str
    ) -> tuple[Form, list[Header]]:
        known = self._authors.get((kind, source))
        form, said = known or self._introduce(kind, source)
        return form, [
            *said,
            ("seq", b"%d" % seq),
            ("turn", b"%d" % turn),
            ("cause", b"%d" % cause),
            ("at", b"%d" % at_ns),
        ]

    def _introduce(self, kind: str, source: str) -> tuple[Form, list[Header]]:
        try:
            form = form_of(kind)
        except KeyError:
            raise UnknownType(f"message type was {kind!r}, which is in no topic") from None
        said = [self._run, ("source", source.encode()), ("schema", form.schema)]
        self._authors[kind, source] = (form, said)
        return form, said

    def _records(self, form: Form, headers: list[Header], message: msgspec.Struct, source: str) -> list[Outgoing]:
        if form.frame:
            symbols = self.universes.get(message.universe)  # type: ignore[attr-defined] # every frame names one
            if symbols is not None and _is_over(form, message, len(symbols)):
                return self._of_frame(form, headers, message, symbols)
        elif isinstance(message, UniverseChanged):
            self.universes[message.universe.version] = message.universe.symbols
        if form.columns:
            columns = " ".join([f"{name}={_shape(getattr(message, name))}" for name in form.columns])
            headers.append(("columns", columns.encode()))
        if form.deep:
            headers += _odd(message, form.columns)
        key = source if form.frame or not form.key else str(getattr(message, form.key))
        value = codec.encode_json(message) if self._json else codec.encode(message)
        return [Outgoing(form.topic, key.encode(), value, headers)]

    def _of_frame(
        self, form: Form, headers: list[Header], message: msgspec.Struct, symbols: tuple[str, ...]
    ) -> list[Outgoing]:
        count = len(symbols)
        shapes, names, cells = [], ["symbol"], [list(symbols)]
        shared: dict[str, Any] = {}
        for name in message.__struct_fields__:
            value = getattr(message, name)
            if name not in form.columns:
                shared[name] = value
                continue
            axis = axis_of(form.type, name, value, count)
            shapes.append(f"{name}={_shape(value, axis)}")
            if axis is None:
                shared[name] = value
            else:
                names.append(name)
                cells.append(self._cells(value.values if axis == 0 else value.values.T))
        headers.append(("columns", " ".join(shapes).encode()))
        if form.deep:
            headers += _odd(message, form.columns)
        return self._rows(form.topic, headers, names, cells, shared)

    def _rows(
        self, topic: str, headers: list[Header], names: list[str], cells: list[Any], shared: dict[str, Any]
    ) -> list[Outgoing]:
        count = len(cells[0])
        # Every frame has `universe`, so what is shared is never empty and both halves can be put together as text.
        rest = b"," + codec.encode_json(shared)[1:]
        made = []
        for number, row in enumerate(zip(*cells)):
            cells_of_one = dict(zip(names, row))
            value = codec.encode_json(cells_of_one)[:-1] + rest if self._json else codec.encode(cells_of_one | shared)
            made.append(Outgoing(topic, row[0].encode(), value, [*headers, ("part", b"%d/%d" % (number, count))]))
        return made

    def _cells(self, values: Any) -> list[Any]:
        cells: list[Any] = values.tolist()
        return [_plain(each) for each in cells] if self._json and _is_odd(values) else cells

    def _encoded(self, value: dict[str, Any]) -> bytes:
        return codec.encode_json(value) if self._json else codec.encode(value)


def axis_of(kind: str, name: str, column: Column, count: int) -> int | None:
    """Along which dimension of a frame's column its instruments lie; None where it is not over them.

    A column left empty, as one that came later than the record, is over nothing.
    """
    shape = column.values.shape
    if (kind, name) in SHARED:
        return None
    axis = 0 if (kind, name) in ROWS_FIRST else len(shape) - 1
    return axis if shape[axis] == count else None


_LISTS: Final = (list, tuple)


def _is_over(form: Form, message: msgspec.Struct, count: int) -> bool:
    """Whether there is anything of single instruments in a frame."""
    return count > 0 and any(
        axis_of(form.type, name, getattr(message, name), count) is not None for name in form.columns
    )


def _shape(column: Column, axis: int | None = None) -> str:
    kind, shape = column.values.dtype.kind, column.values.shape
    sizes = ["*" if number == axis else str(size) for number, size in enumerate(shape)]
    return f"{kind}{','.join(sizes)}"


def _odd(message: msgspec.Struct, columns: tuple[str, ...]) -> list[Header]:
    """Headers for the columns further down, and for numbers that are not finite."""
    shapes, numbers = [], []
    for name in message.__struct_fields__:
        if name not in columns:
            for path, found in walk(getattr(message, name), (name,)):
                if isinstance(found, Column):
                    shapes.append(f"{written(path)}={_shape(found)}")
                else:
                    numbers.append(f"{written(path)}={number_text(found)}")
    headers = [("columns", " ".join(shapes).encode())] if shapes else []
    return [*headers, ("numbers", " ".join(numbers).encode())] if numbers else headers


def _is_odd(values: Any) -> bool:
    return bool(values.dtype.kind == "f" and not np.isfinite(values).all())


def _plain(cell: Any) -> Any:
    if isinstance(cell, _LISTS):
        return [_plain(each) for each in cell]
    return cell if cell - cell == 0 else (None if cell != cell else str(cell))
