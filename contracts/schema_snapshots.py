"""The schema of every message as a file, so that a changed contract is a visible diff, and those of every release.

Run `python -m contracts.schema_snapshots` after changing a message, and read the diff. With `--release NAME` the
schemas of now are frozen as those of a release: what was written by it stays readable from then on.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from contracts.codec import schema
from contracts.topics import FRAMES, TABLE, Topic

DIRECTORY: Final = Path(__file__).parent / "schemas"
RELEASED: Final = DIRECTORY / "released"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

FACTS: Final = "x-keel"
"""The keyword under which a document says what is no matter of JSON: version, topic, author, what is kept."""

_FRAMES: Final = frozenset(kind.__name__ for kind in FRAMES)
_COLUMN_VALUES: Final = {"type": ["number", "boolean", "null", "string", "array"]}

Document = dict[str, Any]


class UnknownRelease(ValueError):
    """A release whose schemas are not on file."""


def document(topic: Topic) -> Document:
    """The published schema of a topic's messages as JSON: NaN is null, a column a list."""
    kind = topic.payload.__name__
    facts = {
        "version": topic.version,
        "topic": topic.name,
        "author": topic.author,
        "key": topic.key,
        "outside": topic.outside,
        "retained": topic.retained,
        "recorded": topic.recorded,
    }
    head = {"$schema": DIALECT, "$id": f"urn:keel:{kind}:{topic.version}", "title": kind, FACTS: facts}
    body = _as_json_says(msgspec.json.decode(msgspec.json.encode(schema(topic.payload), order="deterministic")))
    return {**head, **body}


def documents() -> dict[str, Document]:
    """The document of every message by type name."""
    return {topic.payload.__name__: document(topic) for topic in TABLE}


def record_document(name: str, published: Document) -> Document:
    """The schema of what a mirror writes of a message: of a frame one record for each instrument, which has a symbol
    and its own cell of every column. Where nothing is known of the instruments a frame is one record, whole.
    """
    if name not in _FRAMES:
        return published
    own: Document = published["$defs"][name]
    fields = {"symbol": {"type": "string"}} | {
        field: {**said, "type": _COLUMN_VALUES["type"]} if said.get("items") == _COLUMN_VALUES else said
        for field, said in own["properties"].items()
    }
    changed = {
        "$id": published["$id"] + ":record",
        "$defs": {**published["$defs"], name: {**own, "properties": fields}},
    }
    return {**published, **changed}


def rendered() -> dict[str, bytes]:
    """File content by file name, for every message type."""
    return {f"{name}.json": _pretty(each) for name, each in documents().items()}


def write() -> None:
    """Make the files say what the types say; files of types that are gone go too."""
    DIRECTORY.mkdir(exist_ok=True)
    files = rendered()
    for path in DIRECTORY.glob("*.json"):
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        (DIRECTORY / name).write_bytes(content)


def releases() -> tuple[str, ...]:
    """The releases on file, oldest first."""
    return tuple(sorted((path.stem for path in RELEASED.glob("*.json")), key=_place))


@cache
def released(release: str) -> dict[str, Document]:
    """The documents of a release by type name; raises UnknownRelease."""
    path = RELEASED / f"{release}.json"
    if release not in releases():
        raise UnknownRelease(f"release was {release!r}, on file are {', '.join(releases()) or 'none'}")
    found: dict[str, Document] = msgspec.json.decode(path.read_bytes())
    return found


def freeze(release: str) -> Path:
    """Keep the schemas of now as those of a release; raises FileExistsError for one that is on file."""
    RELEASED.mkdir(parents=True, exist_ok=True)
    path = RELEASED / f"{release}.json"
    with path.open("xb") as file:
        file.write(_pretty(documents()))
    released.cache_clear()
    return path


def _as_json_says(part: Any) -> Any:
    """A schema of types as one of their JSON, in which a float may be NaN and a column may hold lists of its rows."""
    if isinstance(part, list):
        return [_as_json_says(each) for each in part]
    if not isinstance(part, dict):
        return part
    said = {name: _as_json_says(each) for name, each in part.items()}
    if said.get("type") == "number":
        said["type"] = ["number", "null"]
    elif said.get("type") == "array" and "items" not in said and "prefixItems" not in said:
        said["items"] = _COLUMN_VALUES
    return said


def _place(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".") if part.isdecimal())


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=1) + b"\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--release"] and len(sys.argv) == 3:
        freeze(sys.argv[2])
    elif not sys.argv[1:]:
        write()
    else:
        sys.exit("usage: python -m contracts.schema_snapshots [--release NAME]")
