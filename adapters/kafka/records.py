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

import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.kafka import cells
from adapters.kafka.cells import Cells, RowReader, texts_of
from adapters.kafka.forms import ROWS_FIRST, SHARED, Form, form_of, number_text, walk, written
from adapters.kafka.settings import Format
from contracts import codec
from contracts.envelope import Envelope
from contracts.market import UniverseChanged
from contracts.topics import BY_TYPE_NAME
from contracts.topics import Recorded as Recorded

Header = tuple[str, bytes]


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One record: the topic as the table names it, and the bytes."""

    topic: str
    key: bytes
    value: bytes
    headers: list[Header]


class UnknownType(ValueError):
    """A message of a type that is in no topic."""


class _Known:
    """What all messages of one type and author have in common."""

    __slots__ = ("decode", "form", "headers", "key", "reader")

    def __init__(self, form: Form, headers: tuple[Header, ...]) -> None:
        self.form, self.headers, self.key = form, headers, form.key
        kind = BY_TYPE_NAME[form.type].payload
        self.decode = msgspec.msgpack.Decoder(kind).decode
        self.reader = RowReader(kind.__struct_fields__) if form.row else None


class _Symbols:
    """The symbols of one universe version, as keys and as JSON."""

    __slots__ = ("keys", "names", "texts")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.keys = [name.encode() for name in names]
        self.texts = [codec.encode_json(name) for name in names]


class Recorder:
    """Makes the records of one run's messages; learns the symbols of each universe version as it passes.

    A frame of a universe that never passed is one record, whole. `run` is the run's name for everybody outside:
    ACCOUNT/NAME.
    """

    def __init__(self, run: str, form: Format = "json", universes: Mapping[int, tuple[str, ...]] | None = None) -> None:
        self._run: Header = ("run", run.encode())
        self._json = form == "json"
        self._authors: dict[tuple[str, str], _Known] = {}
        self._symbols = {version: _Symbols(names) for version, names in (universes or {}).items()}
        self._at: tuple[int, Header] = (-1, ("at", b"-1"))

    @property
    def universes(self) -> dict[int, tuple[str, ...]]:
        """The symbols of every universe that passed, by its version."""
        return {version: symbols.names for version, symbols in self._symbols.items()}

    def of_envelope(self, envelope: Envelope[Any]) -> list[Outgoing]:
        """The records of a message as the bus delivers it; raises UnknownType."""
        return self.of_journal(
            envelope.seq,
            envelope.turn,
            envelope.cause,
            envelope.at_ns,
            envelope.source,
            type(envelope.payload).__name__,
            codec.encode(envelope.payload),
        )

    def of_journal(
        self, seq: int, turn: int, cause: int, at_ns: int, source: str, kind: str, payload: bytes,
        recorded: Recorded = "full",
    ) -> list[Outgoing]:  # fmt: skip
        """The records of a message of today's version as the journal keeps it.

        Raises UnknownType, or msgspec.ValidationError for a payload that is not of its type.
        """
        known = self._authors.get((kind, source)) or self._introduce(kind, source)
        if at_ns != self._at[0]:
            self._at = (at_ns, ("at", b"%d" % at_ns))
        headers = [
            *known.headers,
            ("seq", b"%d" % seq),
            ("turn", b"%d" % turn),
            ("cause", b"%d" % cause if cause else b"0"),
            self._at[1],
        ]
        form = known.form
        if recorded != "full":
            return [_left_out(form, headers, source, payload, recorded)]
        if form.plain:
            message = known.decode(payload)
            key = getattr(message, known.key) if known.key else source
            value = codec.encode_json(message) if self._json else payload
            return [Outgoing(form.topic, key.encode(), value, headers)]
        if known.reader is not None:
            return [self._of_row(known, known.reader, headers, source, payload)]
        return self._of_fields(form, headers, cells.decode(payload), source, payload)

    def _introduce(self, kind: str, source: str) -> _Known:
        try:
            form = form_of(kind)
        except KeyError:
            raise UnknownType(f"message type was {kind!r}, which is in no topic") from None
        said = (self._run, ("source", source.encode()), ("schema", form.schema))
        known = self._authors[kind, source] = _Known(form, said)
        return known

    def _of_row(self, known: _Known, reader: RowReader, headers: list[Header], source: str, payload: bytes) -> Outgoing:
        form = known.form
        try:
            row, shapes = reader.read(payload)
        except msgspec.ValidationError:  # a field that came later than the record is not there
            return self._of_fields(form, headers, cells.decode(payload), source, payload)[0]
        headers.append(("columns", (form.shapes % shapes).encode()))
        key = getattr(row, known.key) if known.key else source
        return Outgoing(form.topic, key.encode(), codec.encode_json(row) if self._json else payload, headers)

    def _of_fields(
        self, form: Form, headers: list[Header], fields: dict[str, Any], source: str, payload: bytes
    ) -> list[Outgoing]:
        if form.frame:
            symbols = self._symbols.get(fields["universe"])
            if symbols is not None and _is_over(form, fields, len(symbols.names)):
                return self._of_frame(form, headers, fields, symbols)
        elif form.type == UniverseChanged.__name__:
            universe = fields["universe"]
            names = tuple(each["symbol"] for each in universe["instruments"])
            self._symbols[universe["version"]] = _Symbols(names)
        headers += _beyond_json(form, fields)
        key = source if form.frame or not form.key else str(fields[form.key])
        value = codec.encode_json(shown(form, fields)) if self._json else payload
        return [Outgoing(form.topic, key.encode(), value, headers)]

    def _of_frame(self, form: Form, headers: list[Header], fields: dict[str, Any], symbols: _Symbols) -> list[Outgoing]:
        count = len(symbols.names)
        shapes: list[str] = []
        columns: list[tuple[str, Cells, int]] = []
        shared: dict[str, Any] = {}
        for name, value in fields.items():
            axis = axis_of(form.type, name, value.shape, count) if isinstance(value, Cells) else None
            if axis is None:
                shared[name] = value
            else:
                columns.append((name, value, axis))
            if isinstance(value, Cells):
                shapes.append(f"{name}={_shape(value, axis)}")
        headers += _beyond_json(form, {name: value for name, value in shared.items() if name not in form.columns})
        headers.append(("columns", " ".join(shapes).encode()))
        values = _json_rows if self._json else _packed_rows
        topic, parts = form.topic, _parts(count)
        return [
            Outgoing(topic, key, value, [*headers, part])
            for key, value, part in zip(symbols.keys, values(symbols, columns, shown(form, shared)), parts)
        ]


def _left_out(form: Form, headers: list[Header], source: str, payload: bytes, recorded: Recorded) -> Outgoing:
    """The place of a message that the journal did not keep, and its digest if there is one."""
    headers.append(("recorded", recorded.encode()))
    kept = {"digest": payload.hex()} if recorded == "digest" else {}
    return Outgoing(form.topic, source.encode(), codec.encode_json(kept), headers)


def _json_rows(symbols: _Symbols, columns: list[tuple[str, Cells, int]], shared: dict[str, Any]) -> list[bytes]:
    """One JSON object for each instrument, put together of texts: each number is written once, by the column."""
    # Every frame names its universe, so what is shared is never empty.
    rest = codec.encode_json(shared)[1:].replace(b"%", b"%%")
    names = "".join(f',"{name}":%b' for name, _, _ in columns)
    template = b'{"symbol":%b' + names.encode() + b"," + rest
    return [template % row for row in zip(symbols.texts, *(texts_of(column, axis) for _, column, axis in columns))]


def _packed_rows(symbols: _Symbols, columns: list[tuple[str, Cells, int]], shared: dict[str, Any]) -> list[bytes]:
    names = ["symbol", *(name for name, _, _ in columns)]
    rows = zip(symbols.names, *(_by_instrument(column, axis) for _, column, axis in columns))
    return [codec.encode(dict(zip(names, row)) | shared) for row in rows]


@functools.cache
def _parts(count: int) -> list[Header]:
    return [("part", b"%d/%d" % (number, count)) for number in range(count)]


def shown(form: Form, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with their cells as JSON shows them."""
    if form.nested:
        return {name: _shown(each) for name, each in fields.items()}
    for name in form.columns:
        if name in fields:
            fields[name] = fields[name].rows
    return fields


def _shown(value: Any) -> Any:
    if isinstance(value, Cells):
        return value.rows
    if isinstance(value, dict):
        return {name: _shown(each) for name, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list) else value


def axis_of(kind: str, name: str, shape: tuple[int, ...], count: int) -> int | None:
    """Along which dimension of a frame's column its instruments lie; None where it is not over them.

    A column left empty, as one that came later than the record, is over nothing.
    """
    if (kind, name) in SHARED:
        return None
    axis = 0 if (kind, name) in ROWS_FIRST else len(shape) - 1
    return axis if shape[axis] == count else None


def _is_over(form: Form, fields: dict[str, Any], count: int) -> bool:
    """Whether there is anything of single instruments in a frame."""
    return count > 0 and any(
        axis_of(form.type, name, fields[name].shape, count) is not None for name in form.columns if name in fields
    )


def _by_instrument(column: Cells, axis: int) -> Any:
    """One cell, or one list of cells, for each instrument."""
    plain = column.plain
    if len(column.shape) == 1:
        return plain
    count = column.shape[axis]
    if axis == 0:
        return column.rows
    return [plain[number::count] for number in range(count)]


def _shape(column: Cells, axis: int | None = None) -> str:
    if axis is None:
        return column.head.text
    sizes = ["*" if number == axis else str(size) for number, size in enumerate(column.shape)]
    return column.head.kind + ",".join(sizes)


def _beyond_json(form: Form, fields: dict[str, Any]) -> list[Header]:
    """Headers for columns, and for numbers that are not finite."""
    shapes, numbers = [], []
    for name, value in fields.items():
        if isinstance(value, Cells):
            shapes.append(f"{name}={_shape(value)}")
        elif form.deep:
            for path, found in walk(value, (name,)):
                if isinstance(found, Cells):
                    shapes.append(f"{written(path)}={_shape(found)}")
                else:
                    numbers.append(f"{written(path)}={number_text(found)}")
    headers = [("columns", " ".join(shapes).encode())] if shapes else []
    return [*headers, ("numbers", " ".join(numbers).encode())] if numbers else headers
