"""Readers for messages of older versions: what an old record said, in the words of today.

A message keeps its version while changes are additive; what was left out has its default. Any other change takes the
next version in `contracts.topics` and a `Step` here, from the fields as the old version named them to those of the
next. Steps are chained, so each is written once and never again. A message that is gone has a step to another one.
Journals and Kafka records are read through `READERS` alone, so everybody after that sees today's messages.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from contracts import codec
from contracts.topics import TABLE

Fields = dict[str, Any]
"""A message as names and values: columns are columns, money and literals are text."""


class UnreadableVersion(ValueError):
    """A record of a version that nothing here reads: written by a newer release, or its step is missing."""


class Step(msgspec.Struct, frozen=True):
    """One version to the next: `to` names the message it became, if not the same (then `to_version` is its version)."""

    type: str
    version: int
    change: Callable[[Fields], Fields]
    to: str = ""
    to_version: int = 0

    @property
    def target(self) -> tuple[str, int]:
        """The type and version that the changed fields are of."""
        return (self.to, self.to_version) if self.to else (self.type, self.version + 1)


STEPS: Final[tuple[Step, ...]] = ()
"""Every step there has been since release 0.1.0."""


class Readers:
    """Reads every version that the steps lead up from; `versions` are those of today by type name.

    Raises:
        ValueError: two steps from one version, or a step that does not lead to a version of today.
    """

    def __init__(self, steps: Iterable[Step], versions: Mapping[str, int]) -> None:
        self.versions = dict(versions)
        self._steps: dict[tuple[str, int], Step] = {}
        for step in steps:
            if (step.type, step.version) in self._steps:
                raise ValueError(f"two steps lead from {step.type}@{step.version}")
            self._steps[step.type, step.version] = step
        for name, version in self._steps:
            if not self.readable(name, version):
                raise ValueError(f"the steps from {name}@{version} lead to no message of today")

    def readable(self, name: str, version: int) -> bool:
        """Whether a record of that version can be read."""
        return self.target(name, version) is not None

    def target(self, name: str, version: int) -> str | None:
        """Which message of today a record becomes; None where no chain of steps leads there."""
        for _ in range(len(self._steps) + 1):
            if self.versions.get(name) == version:
                return name
            step = self._steps.get((name, version))
            if step is None:
                return None
            name, version = step.target
        return None

    def fields(self, name: str, version: int, fields: Fields) -> tuple[str, Fields]:
        """The message that it is today, and its fields; raises UnreadableVersion."""
        self._must_read(name, version)
        while self.versions.get(name) != version:
            step = self._steps[name, version]
            fields = step.change(dict(fields))
            name, version = step.target
        return name, fields

    def payload(self, name: str, version: int, payload: bytes) -> tuple[str, bytes]:
        """The same of a journaled payload: the type of today and its canonical bytes; raises UnreadableVersion."""
        if self.versions.get(name) == version:
            return name, payload
        self._must_read(name, version)
        today, fields = self.fields(name, version, codec.decode_fields(payload))
        return today, codec.encode(codec.decode(today, codec.encode(fields)))

    def _must_read(self, name: str, version: int) -> None:
        if self.readable(name, version):
            return
        today = self.versions.get(name)
        if today is None:
            why = "is of no topic and has no reader"
        elif version > today:
            why = f"was written by a newer release, this one reads up to {name}@{today}"
        else:
            why = f"has no reader that leads to {name}@{today}"
        raise UnreadableVersion(f"message {name}@{version} {why}")


VERSIONS: Final[Mapping[str, int]] = {topic.payload.__name__: topic.version for topic in TABLE}
READERS: Final = Readers(STEPS, VERSIONS)
