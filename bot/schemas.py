"""The schemas of messages as people ask for them: of today, of a release, or of a directory of files."""

from pathlib import Path
from typing import Any

import msgspec

from contracts.compatibility import Change, check, version_of
from contracts.schema_snapshots import FACTS, Document, documents, record_document, released, releases
from contracts.upgrades import READERS


class SchemaNotFound(Exception):
    """A message, version or set of schemas that is not there."""


class BadSchema(Exception):
    """A file that is no schema of a message."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the list; `since` is the first release with this version, empty before it is in one."""

    type: str
    version: int
    topic: str
    author: str
    key: str
    recorded: str
    fields: int
    since: str


def listed() -> list[Row]:
    """Every message of today by name."""
    first: dict[tuple[str, int], str] = {}
    for release in reversed(releases()):
        first |= {(name, each[FACTS]["version"]): release for name, each in released(release).items()}
    return [
        Row(
            type=name,
            version=facts["version"],
            topic=facts["topic"],
            author=facts["author"],
            key=facts["key"],
            recorded=facts["recorded"],
            fields=len(each["$defs"][name]["properties"]),
            since=first.get((name, facts["version"]), ""),
        )
        for name, each in sorted(documents().items())
        for facts in (each[FACTS],)
    ]


def one(name: str, version: int | None = None) -> Document:
    """The schema of a message: today's, or that of a version which a release had; raises SchemaNotFound."""
    kept = [documents(), *(released(release) for release in reversed(releases()))]
    found = [each[name] for each in kept if name in each]
    if not found:
        raise SchemaNotFound(f"no message is called {name!r}: `bot schema list` has their names")
    for each in found:
        if version is None or each[FACTS]["version"] == version:
            return each
    versions = sorted({each[FACTS]["version"] for each in found})
    raise SchemaNotFound(f"{name} has no version {version}, on file: {', '.join(map(str, versions))}")


def published() -> dict[str, Document]:
    """The schema of the records of every version there has been, under `Type@version`."""
    return {
        f"{name}@{version_of(document)}": record_document(name, document)
        for kept in (*map(released, releases()), documents())
        for name, document in kept.items()
    }


def compared(against: str) -> tuple[str, list[Change]]:
    """What has changed since a release, or since the schemas of a directory; the last release if not said."""
    if not against and not releases():
        raise SchemaNotFound("no release is on file")
    name = against or releases()[-1]
    before = released(name) if name in releases() else _of_directory(Path(name))
    return name, check(before, documents(), READERS.readable)


def _of_directory(path: Path) -> dict[str, Document]:
    if not path.is_dir():
        raise SchemaNotFound(f"{str(path)!r} is neither a release ({', '.join(releases())}) nor a directory of schemas")
    found = {file.stem: _read(file) for file in sorted(path.glob("*.json"))}
    if not found:
        raise SchemaNotFound(f"{path} holds no schema, expected files such as Order.json")
    return found


def _read(file: Path) -> Document:
    try:
        read: Any = msgspec.json.decode(file.read_bytes())
        facts = read[FACTS]
        assert isinstance(facts["version"], int) and isinstance(read["$defs"], dict)
    except (msgspec.DecodeError, KeyError, TypeError, AssertionError) as error:
        raise BadSchema(f"{file} is no schema of a message: expected {FACTS}, with a version, and $defs") from error
    document: Document = read
    return document
