"""Records back into messages: exactly the bytes that the journal has, whatever partition each part came by."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import msgspec
import numpy as np

from adapters.kafka.forms import ROWS_FIRST, number_of, place, type_of
from contracts import codec
from contracts.column import Column
from contracts.upgrades import READERS, UnreadableVersion

_DTYPES: Final = {"f": np.float64, "i": np.int64, "b": np.bool_}
PENDING_MAX: Final = 4096
_JSON: Final = msgspec.json.Decoder()


class MalformedRecord(ValueError):
    """A record that no mirror wrote; says what is wrong with it."""


class Heard(msgspec.Struct, frozen=True, gc=False):
    """One message as it was mirrored, in today's words; `payload` is its canonical msgpack, a digest, or nothing."""

    run: str
    seq: int
    turn: int
    cause: int
    at_ns: int
    source: str
    type: str
    recorded: Literal["full", "digest", "none"]
    payload: bytes

    @property
    def message(self) -> msgspec.Struct:
        """The message itself; raises ValueError where the journal did not keep it."""
        if self.recorded != "full":
            raise ValueError(f"message {self.seq} of {self.run} was recorded as {self.recorded}")
        return codec.decode(self.type, self.payload)


class Assembler:
    """Puts messages together from records that come in any order between partitions.

    Duplicates of a part are dropped while its frame is open; who reads across restarts of a mirror drops whole messages
    by (run, seq). At most `pending_max` frames are open, the oldest is given up and counted in `given_up`.
    """

    def __init__(self, pending_max: int = PENDING_MAX) -> None:
        self._open: dict[tuple[str, int], dict[int, tuple[str, Any]]] = {}
        self._pending_max = pending_max
        self.given_up = 0

    def add(self, topic: str, value: bytes, headers: Iterable[tuple[str, bytes]]) -> Heard | None:
        """The message that this record completes, None while parts are missing; `topic` as the table names it.

        Raises MalformedRecord, or UnreadableVersion for a version that nothing here reads.
        """
        try:
            said = {name: data.decode() for name, data in headers}
            if "part" not in said:
                return _heard(topic, said, [_tree(value)])
            return self._add_part(topic, said, value)
        except (MalformedRecord, UnreadableVersion):
            raise
        except (KeyError, IndexError, TypeError, ValueError, msgspec.MsgspecError) as error:
            raise MalformedRecord(f"a record of {topic}: {type(error).__name__}: {error}") from error

    def _add_part(self, topic: str, said: dict[str, str], value: bytes) -> Heard | None:
        number, _, count = said["part"].partition("/")
        whose = (said["run"], int(said["seq"]))
        parts = self._open.setdefault(whose, {})
        parts[int(number)] = (topic, _tree(value))
        if len(parts) == int(count):
            del self._open[whose]
            return _heard(topic, said, [parts[each][1] for each in range(int(count))])
        if len(self._open) > self._pending_max:
            del self._open[next(iter(self._open))]
            self.given_up += 1
        return None


def _tree(value: bytes) -> Any:
    return _JSON.decode(value) if value[:1] == b"{" else codec.decode_fields(value)


def _heard(topic: str, said: dict[str, str], parts: Sequence[dict[str, Any]]) -> Heard:
    kind, _, version = said["schema"].partition("@")
    recorded: Any = said.get("recorded", "full")
    if recorded == "full":
        if kind != type_of(topic) and READERS.target(kind, int(version)) != type_of(topic):
            raise MalformedRecord(f"a record of {topic} says that it is a {kind}")
        kind, payload = _payload(kind, int(version), _fields(kind, said, parts))
    elif recorded in ("digest", "none"):
        payload = bytes.fromhex(parts[0].get("digest", ""))
    else:
        raise MalformedRecord(f"a record of {topic} was recorded as {recorded!r}")
    return Heard(
        said["run"], int(said["seq"]), int(said["turn"]), int(said["cause"]), int(said["at"]), said["source"],
        kind, recorded, payload,
    )  # fmt: skip


def _payload(kind: str, version: int, fields: dict[str, Any]) -> tuple[str, bytes]:
    """The canonical bytes of today's message."""
    if READERS.versions.get(kind) != version:
        kind, fields = READERS.fields(kind, version, fields)
    return kind, codec.encode(codec.decode(kind, codec.encode(fields)))


def _fields(kind: str, said: dict[str, str], parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    fields = parts[0]
    if "part" in said:
        fields.pop("symbol", None)
    for written in _words(said, "columns"):
        way, _, shape = written.partition("=")
        if "*" in shape:
            fields[way] = _put_together(kind, way, shape, parts)
        else:
            container, last = place(fields, way)
            container[last] = _column(container[last], shape)
    for written in _words(said, "numbers"):
        way, _, text = written.partition("=")
        container, last = place(fields, way)
        container[last] = number_of(text)
    return fields


def _words(said: dict[str, str], name: str) -> list[str]:
    """The words of a header; only a space parts them, every other white space belongs to a word."""
    return said[name].split(" ") if said.get(name) else []


def _put_together(kind: str, name: str, shape: str, parts: Sequence[dict[str, Any]]) -> Column:
    cells = [part[name] for part in parts]
    sizes = shape[1:].replace("*", str(len(parts)))
    rows_first = (kind, name) in ROWS_FIRST
    whole = _array(cells, shape[0], (len(cells), -1) if "," in sizes else (len(cells),))
    if whole.ndim == 2 and not rows_first:
        whole = whole.T
    return Column(whole.reshape([int(size) for size in sizes.split(",")]))


def _column(value: Any, shape: str) -> Column:
    if isinstance(value, Column):
        return value
    return Column(_array(value, shape[0], tuple(int(size) for size in shape[1:].split(","))))


def _array(cells: Any, kind: str, shape: tuple[int, ...]) -> Any:
    """The values again: null is NaN, and the infinities come from their text."""
    values = [_number(each) for each in _flat(cells)] if kind == "f" else list(_flat(cells))
    array: Any = np.array(values, dtype=_DTYPES[kind])
    return array.reshape((shape[0], 0)) if array.size == 0 and shape[-1] == -1 else array.reshape(shape)


def _flat(cells: Any) -> Iterable[Any]:
    for each in cells:
        if isinstance(each, list):
            yield from _flat(each)
        else:
            yield each


def _number(cell: Any) -> float:
    return float("nan") if cell is None else float(cell)
