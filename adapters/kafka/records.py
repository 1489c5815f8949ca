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
from typing import Any, Literal, NamedTuple

from adapters.kafka import cells
from adapters.kafka.cells import Cells
from adapters.kafka.forms import ROWS_FIRST, SHARED, Form, form_of, number_text, walk, written
from adapters.kafka.settings import Format
from contracts import codec
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
        self._authors: dict[tuple[str, str], tuple[Form, tuple[Header, ...]]] = {}
        self.universes = dict(universes or {})

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
        form, said = self._authors.get((kind, source)) or self._introduce(kind, source)
        headers = [
            *said, ("seq", b"%d" % seq), ("turn", b"%d" % turn), ("cause", b"%d" % cause), ("at", b"%d" % at_ns)
        ]  # fmt: skip
        if recorded != "full":
            headers.append(("recorded", recorded.encode()))
            kept = {"digest": payload.hex()} if recorded == "digest" else {}
            return [Outgoing(form.topic, source.encode(), codec.encode_json(kept), headers)]
        if form.is_plain:
            message = codec.decode(kind, payload)
            key = str(getattr(message, form.key)) if form.key else source
            value = codec.encode_json(message) if self._json else payload
            return [Outgoing(form.topic, key.encode(), value, headers)]
        return self._of_fields(form, headers, cells.decode(payload), source, payload)

    def _introduce(self, kind: str, source: str) -> tuple[Form, tuple[Header, ...]]:
        try:
            form = form_of(kind)
        except KeyError:
            raise UnknownType(f"message type was {kind!r}, which is in no topic") from None
        said = (self._run, ("source", source.encode()), ("schema", form.schema))
        self._authors[kind, source] = (form, said)
        return form, said

    def _of_fields(
        self, form: Form, headers: list[Header], fields: dict[str, Any], source: str, payload: bytes
    ) -> list[Outgoing]:
        if form.frame:
            symbols = self.universes.get(fields["universe"])
            if symbols is not None and _is_over(form, fields, len(symbols)):
                return self._of_frame(form, headers, fields, symbols)
        elif form.type == UniverseChanged.__name__:
            universe = fields["universe"]
            self.universes[universe["version"]] = tuple(each["symbol"] for each in universe["instruments"])
        if form.deep or form.frame:
            headers += _beyond_json(form, fields)
        else:
            shapes = form.shapes % tuple([fields[name].head.text for name in form.columns])
            headers.append(("columns", shapes.encode()))
        key = source if form.frame or not form.key else str(fields[form.key])
        value = codec.encode_json(shown(form, fields)) if self._json else payload
        return [Outgoing(form.topic, key.encode(), value, headers)]

    def _of_frame(
        self, form: Form, headers: list[Header], fields: dict[str, Any], symbols: tuple[str, ...]
    ) -> list[Outgoing]:
        count = len(symbols)
        shapes, names, columns = [], ["symbol"], [symbols]
        shared: dict[str, Any] = {}
        for name, value in fields.items():
            if not isinstance(value, Cells):
                shared[name] = value
                continue
            axis = axis_of(form.type, name, value.shape, count)
            shapes.append(f"{name}={_shape(value, axis)}")
            if axis is None:
                shared[name] = value
            else:
                names.append(name)
                columns.append(_by_instrument(value, axis))
        headers += _beyond_json(form, {name: value for name, value in shared.items() if name not in form.columns})
        headers.append(("columns", " ".join(shapes).encode()))
        shared = shown(form, shared)
        # Every frame names its universe, so what is shared is never empty, and both halves go together as text.
        rest = b"," + codec.encode_json(shared)[1:]
        made = []
        for number, row in enumerate(zip(*columns)):
            one = dict(zip(names, row))
            value = codec.encode_json(one)[:-1] + rest if self._json else codec.encode(one | shared)
            made.append(Outgoing(form.topic, row[0].encode(), value, [*headers, ("part", b"%d/%d" % (number, count))]))
        return made


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
