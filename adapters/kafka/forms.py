"""What a message type is on Kafka: its topic, its key, and what of it JSON alone would not bring back exactly."""

import functools
import math
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect

from adapters.kafka.cells import Cells
from contracts.column import Column
from contracts.market import UniverseChanged
from contracts.topics import BY_TYPE, BY_TYPE_NAME, FRAMES

ROWS_FIRST: Final = frozenset({("Example", "x")})
"""Columns of two dimensions whose rows, not columns, are the instruments."""

SHARED: Final = frozenset(
    {
        ("BarHistory", "close_ns"),
        *(("Slate", name) for name in ("levels", "regimes", "stack", "expert_weights")),
    }
)
"""Columns of frames that are not over the universe, whatever their length: every record repeats them."""

_ESCAPES: Final = str.maketrans({"~": "~0", "/": "~1", " ": "~2", "=": "~3"})
_ESCAPED: Final = {"0": "~", "1": "/", "2": " ", "3": "="}
_CANONICAL_NAN: Final = struct.pack("<d", math.nan)

Step = str | int
Path = tuple[Step, ...]


class Form(msgspec.Struct, frozen=True):
    """The form of one message type.

    `columns` are its own columns, `shapes` how their header is written. `deep` says that there may be numbers that JSON
    has no word for anywhere below, `nested` columns, so that it must be walked through. JSON brings back all of what is
    `plain`, and of a `row` all but its own columns.
    """

    type: str
    topic: str
    schema: bytes
    key: str
    frame: bool
    columns: tuple[str, ...]
    shapes: str
    deep: bool
    nested: bool
    plain: bool
    row: bool


@functools.cache
def form_of(type_name: str) -> Form:
    """The form of a message type; raises KeyError for what is in no topic."""
    topic = BY_TYPE_NAME[type_name]
    described = inspect.type_info(topic.payload)
    assert isinstance(described, inspect.StructType)
    columns = tuple(field.name for field in described.fields if _is_column(field.type))
    frame, universe = topic.payload in FRAMES, topic.payload is UniverseChanged
    rest = [field.type for field in described.fields if not _is_column(field.type)]
    deep, nested = (any(_holds(each, wanted) for each in rest) for wanted in (_is_odd, _is_column))
    return Form(
        type=type_name,
        topic=topic.name,
        schema=f"{type_name}@{topic.version}".encode(),
        key=topic.key,
        frame=frame,
        columns=columns,
        shapes=" ".join(f"{name}=%s" for name in columns),
        deep=deep,
        nested=nested,
        plain=not (columns or deep or universe),
        row=bool(columns) and not (deep or frame),
    )


def type_of(topic: str) -> str:
    """The message type of a topic of the table; raises KeyError for another."""
    return _TYPES[topic]


_TYPES: Final = {topic.name: kind.__name__ for kind, topic in BY_TYPE.items()}


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All cells below fields, and every number that is not finite, with the way to it."""
    if isinstance(value, float):
        if not math.isfinite(value):
            yield path, value
    elif isinstance(value, Cells):
        yield path, value
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from walk(each, (*path, index))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from walk(each, (*path, key))


def written(path: Path) -> str:
    """A way as text."""
    return "/".join(str(step).translate(_ESCAPES) for step in path)


def place(tree: Any, way: str) -> tuple[Any, Any]:
    """Where a written way leads in decoded JSON: the container and the key in it; raises KeyError, IndexError.

    Steps into a list are numbers.
    """
    *steps, last = [_unescaped(step) for step in way.split("/")]
    for step in steps:
        tree = tree[int(step)] if isinstance(tree, list) else tree[step]
    return tree, (int(last) if isinstance(tree, list) else last)


def number_text(value: float) -> str:
    """A number that is not finite as text; a NaN with bits of its own keeps them."""
    bits = struct.pack("<d", value)
    return f"nan:{bits.hex()}" if math.isnan(value) and bits != _CANONICAL_NAN else str(value)


def number_of(text: str) -> float:
    """The number that `number_text` wrote; raises ValueError."""
    if text.startswith("nan:"):
        (value,) = struct.unpack("<d", bytes.fromhex(text[4:]))
        return float(value)
    return float(text)


def _unescaped(step: str) -> str:
    head, *rest = step.split("~")
    return head + "".join(_ESCAPED[each[0]] + each[1:] for each in rest)


def _is_column(described: inspect.Type) -> bool:
    return isinstance(described, inspect.CustomType) and described.cls is Column


def _is_odd(described: inspect.Type) -> bool:
    return isinstance(described, inspect.FloatType) or _is_column(described)


def _holds(described: Any, wanted: Callable[[inspect.Type], bool]) -> bool:
    """Whether there is such a thing in a type, or anywhere below it."""
    if wanted(described):
        return True
    if isinstance(described, inspect.StructType):
        return any(_holds(field.type, wanted) for field in described.fields)
    inner = [getattr(described, name, None) for name in ("item_type", "value_type")]
    inner += [*getattr(described, "item_types", ()), *getattr(described, "types", ())]
    return any(_holds(each, wanted) for each in inner if each is not None)
