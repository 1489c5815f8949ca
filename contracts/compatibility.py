"""Whether a changed message still reads what was written before: additive optional fields only, else a new version.

A document is what `contracts.schema_snapshots` makes of a message. Additive is: a field with a default, another value
of an enum (a reader must expect values it does not know), a looser bound. All else breaks: those who read records of
both releases would be wrong about one of them. What a number means is not in its schema: the unit is the end of a
field's name, so a changed unit is another name; changed words alone are told and break nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from contracts.schema_snapshots import FACTS, Document

Kind = Literal[
    "added", "removed", "required", "relaxed", "type", "enum", "widened", "default", "bound", "words",
    "topic", "author", "key", "outside", "retained", "recorded", "version", "reader", "new",
]  # fmt: skip
ADDITIVE: Final[frozenset[str]] = frozenset({"added", "relaxed", "widened", "words", "new"})

_SHAPE: Final = ("type", "format", "contentEncoding", "const", "discriminator")
_PARTS: Final = ("items", "additionalProperties")
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMING: Final = frozenset({"$defs", "$ref", "$id", "$schema", "title", FACTS})
_KNOWN: Final = _NAMING.union(_SHAPE, _PARTS, _LISTS, ("description", "properties", "required", "enum", "default"))


class Change(msgspec.Struct, frozen=True):
    """One difference between two schemas of a message: where, of which kind, and in words."""

    type: str
    path: str
    kind: Kind
    text: str

    @property
    def breaks(self) -> bool:
        """Whether records of before and after cannot be read alike."""
        return self.kind not in ADDITIVE


Readable = Callable[[str, int], bool]
"""Whether there is a reader for a message type's old version."""


def check(before: Mapping[str, Document], now: Mapping[str, Document], readable: Readable) -> list[Change]:
    """What has changed since a release, message by message; a new version must be able to read the old."""
    found: list[Change] = []
    for name, old in before.items():
        version = version_of(old)
        new = now.get(name)
        if new is None:
            found += [] if readable(name, version) else [Change(name, "", "removed", "the message is gone, unread")]
        elif version_of(new) == version:
            found += changes(name, old, new)
        elif version_of(new) < version:
            found.append(Change(name, "", "version", f"version {version_of(new)}, was {version}"))
        elif not readable(name, version):
            found.append(Change(name, "", "reader", f"version {version_of(new)} has no reader for version {version}"))
    found += [Change(name, "", "new", "a new message") for name in now if name not in before]
    return found


def version_of(document: Document) -> int:
    """The version of a message's document."""
    version: int = document[FACTS]["version"]
    return version


def changes(name: str, old: Document, new: Document) -> list[Change]:
    """Every difference between two documents of one message."""
    found = [
        Change(name, fact, fact, f"{fact} is {_shown(now)}, was {_shown(was)}")
        for fact, was in old[FACTS].items()
        if (now := new[FACTS].get(fact)) != was and fact != "version"
    ]
    walk = _Walk(old, new)
    return found + [Change(name, path, kind, text) for path, kind, text in walk.compare(old, new, "")]


class _Walk:
    """Two documents side by side, references followed in each."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old.get("$defs", {}), new.get("$defs", {})
        self._open: set[tuple[str, str]] = set()

    def compare(self, old: Any, new: Any, path: str) -> Iterator[tuple[str, Kind, str]]:
        pair = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if all(pair):
            if pair in self._open:
                return
            self._open.add(pair)
        before, after = _followed(old, self._old), _followed(new, self._new)
        yield from _words(before, after, path)
        yield from _shape(before, after, path)
        yield from self._fields(before, after, path)
        yield from self._inner(before, after, path)
        self._open.discard(pair)

    def _fields(self, old: Document, new: Document, path: str) -> Iterator[tuple[str, Kind, str]]:
        was, now = old.get("properties", {}), new.get("properties", {})
        needed, needed_now = set(old.get("required", ())), set(new.get("required", ()))
        for name in was:
            here = f"{path}.{name}" if path else name
            if name not in now:
                yield here, "removed", "the field is gone or has another name"
                continue
            yield from self.compare(was[name], now[name], here)
            if name in needed_now - needed:
                yield here, "required", "the field has no default any more"
            elif name in needed - needed_now:
                yield here, "relaxed", "the field has a default now"
        for name in now:
            if name not in was:
                here = f"{path}.{name}" if path else name
                if name in needed_now:
                    yield here, "required", "a new field without a default"
                else:
                    yield here, "added", "a new field with a default"

    def _inner(self, old: Document, new: Document, path: str) -> Iterator[tuple[str, Kind, str]]:
        for keyword in _PARTS:
            was, now = old.get(keyword), new.get(keyword)
            if isinstance(was, dict) and isinstance(now, dict):
                yield from self.compare(was, now, path + "[]")
            elif was != now:
                yield path, "type", f"{keyword} is {_shown(now)}, was {_shown(was)}"
        for keyword in _LISTS:
            was, now = old.get(keyword, ()), new.get(keyword, ())
            if len(was) != len(now):
                yield path, "type", f"{keyword} has {len(now)} alternatives, had {len(was)}"
                continue
            for number, (one, other) in enumerate(zip(was, now, strict=True)):
                yield from self.compare(one, other, f"{path}|{number}")


def _followed(part: Document, definitions: Mapping[str, Document]) -> Document:
    """A part with its reference resolved; what stands beside a reference holds too."""
    if "$ref" not in part:
        return part
    return definitions[part["$ref"].rpartition("/")[2]] | {name: part[name] for name in part if name != "$ref"}


def _words(old: Document, new: Document, path: str) -> Iterator[tuple[str, Kind, str]]:
    if old.get("description") != new.get("description"):
        yield path, "words", "other words; where they mean another number, take another name"


def _shape(old: Document, new: Document, path: str) -> Iterator[tuple[str, Kind, str]]:
    for keyword in _SHAPE:
        if old.get(keyword) != new.get(keyword):
            yield path, "type", f"{keyword} is {_shown(new.get(keyword))}, was {_shown(old.get(keyword))}"
    yield from _enum(old, new, path)
    if "default" in old and old["default"] != new.get("default"):
        yield path, "default", f"the default is {_shown(new.get('default'))}, was {_shown(old['default'])}"
    for keyword in sorted((set(old) | set(new)) - _KNOWN):
        if keyword not in new:
            yield path, "relaxed", f"{keyword} {_shown(old[keyword])} is gone"
        elif old.get(keyword) != new[keyword]:
            yield path, "bound", f"{keyword} is {_shown(new[keyword])}, was {_shown(old.get(keyword))}"


def _enum(old: Document, new: Document, path: str) -> Iterator[tuple[str, Kind, str]]:
    was, now = old.get("enum"), new.get("enum")
    if was == now:
        return
    if was is None or now is None:
        yield path, "type", "any value before, some now" if was is None else "some values before, any now"
        return
    gone = [value for value in was if value not in now]
    if gone:
        yield path, "enum", f"the value {_shown(gone[0])} is gone"
    else:
        yield path, "widened", "another value: " + ", ".join(_shown(each) for each in now if each not in was)


def _shown(value: Any) -> str:
    return "nothing" if value is None else msgspec.json.encode(value).decode()
