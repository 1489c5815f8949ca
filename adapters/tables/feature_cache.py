"""Computed features on disk, found by the hash of everything they depend on, and never served damaged.

An entry is a directory named by its key: `values.f8`, little-endian floats read by memory map, and `manifest.json`
with names, shape and checksum. It is written beside and moved into place, so that it is whole or not there. An entry
whose bytes do not fit its manifest is counted, taken away and computed anew by whoever asked.
"""

import hashlib
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Facts = tuple[str, str, tuple[str, ...], tuple[int, int, int]]

FORMAT: Final = 1
VALUES: Final = "values.f8"
MANIFEST: Final = "manifest.json"
HITS: Final = "hits"
DAMAGED: Final = "damaged"

_CHUNK: Final = 4096
_WEIGHTS: Final = np.arange(1, 2 * _CHUNK, 2, dtype=np.uint64)
_DAY_S: Final = 86_400.0


class Manifest(msgspec.Struct, frozen=True):
    """What an entry is: `schema` of the features, their names, the shape of the values and their checksum."""

    format: int
    key: str
    schema: str
    names: tuple[str, ...]
    shape: tuple[int, int, int]
    checksum: str


class CacheStatistics(msgspec.Struct, frozen=True):
    """What is there and what it was good for; `damaged` counts entries that were found damaged and taken away."""

    directory: str
    entries: int
    bytes: int
    hits: int
    damaged: int
    oldest_s: float
    newest_s: float
    schemas: dict[str, int]


_READ: Final = msgspec.json.Decoder(Manifest)


def cache_key(schema: str, columns: Mapping[str, npt.NDArray[np.generic]], **parameters: float | str | None) -> str:
    """SHA-256 over the schema of the features, every input column with its name and shape, and the parameters."""
    digest = hashlib.sha256(f"{FORMAT}\n{schema}\n{sorted(parameters.items())}".encode())
    for name in sorted(columns):
        column = np.ascontiguousarray(columns[name])
        digest.update(f"\n{name}:{column.dtype.str}:{column.shape}\n".encode())
        digest.update(column.data)
    return digest.hexdigest()


class FeatureCache:
    """A directory of entries; several processes may use it at once.

    Law: `get(key)` after `put(key, ...)` is the same bytes, or None; whatever happened to the files in between.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def get(self, key: str) -> dict[str, Floats] | None:
        """Features by name, read-only views (instruments, times); None where there is no sound entry."""
        entry = self.directory / key
        try:
            said = (entry / MANIFEST).read_bytes()
        except OSError:
            return None
        try:
            manifest = _READ.decode(said)
            values = _mapped(entry / VALUES, manifest.shape)
        except (OSError, ValueError):
            values = None
        if values is None or not _is_sound(manifest, key, values):
            _count(self.directory / DAMAGED)
            shutil.rmtree(entry, ignore_errors=True)
            return None
        _count(entry / HITS)
        return dict(zip(manifest.names, values, strict=True))

    def put(self, key: str, schema: str, features: Mapping[str, Floats]) -> None:
        """Keep features of equal shapes (instruments, times); an entry that is there already stays.

        Raises OSError where the disk does not take it; nothing is left behind then.
        """
        values = np.ascontiguousarray(np.stack(list(features.values())), dtype="<f8")
        self.directory.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".writing-", dir=self.directory))
        try:
            (beside / VALUES).write_bytes(values.data)
            facts = (key, schema, tuple(features), _three(values))
            manifest = Manifest(FORMAT, *facts, _checksum(facts, values))
            (beside / MANIFEST).write_bytes(msgspec.json.encode(manifest))
            if not (self.directory / key).exists():
                os.replace(beside, self.directory / key)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def statistics(self, now_s: float) -> CacheStatistics:
        """What is there; ages are those of its files at `now_s`, seconds since 1970."""
        entries = list(self._entries())
        written = [_written_s(path) for path, _ in entries]
        schemas: dict[str, int] = {}
        for _, manifest in entries:
            schemas[manifest.schema] = schemas.get(manifest.schema, 0) + 1
        return CacheStatistics(
            directory=str(self.directory),
            entries=len(entries),
            bytes=sum(_size(path) for path, _ in entries),
            hits=sum(_counted(path / HITS) for path, _ in entries),
            damaged=_counted(self.directory / DAMAGED),
            oldest_s=max(0.0, now_s - min(written, default=now_s)),
            newest_s=max(0.0, now_s - max(written, default=now_s)),
            schemas=schemas,
        )

    def clean(self, schema: str | None = None, *, days_max: float | None = None, now_s: float = 0.0) -> tuple[int, int]:
        """Take away entries of other features than `schema`, older than `days_max` at `now_s`, damaged, half written.

        Without either condition everything goes. Answers how many entries and how many bytes went.
        """
        kept = {
            path
            for path, manifest in self._entries()
            if (schema is not None or days_max is not None)
            and (schema is None or manifest.schema == schema)
            and (days_max is None or now_s - _written_s(path) <= days_max * _DAY_S)
        }
        gone = [path for path in self._directories() if path not in kept]
        size = sum(_size(path) for path in gone)
        for path in gone:
            shutil.rmtree(path, ignore_errors=True)
        return len(gone), size

    def _directories(self) -> Iterator[Path]:
        if self.directory.is_dir():
            yield from sorted(path for path in self.directory.iterdir() if path.is_dir())

    def _entries(self) -> Iterator[tuple[Path, Manifest]]:
        for path in self._directories():
            try:
                manifest = _READ.decode((path / MANIFEST).read_bytes())
            except (OSError, ValueError):
                continue
            if manifest.key == path.name:
                yield path, manifest


def _mapped(path: Path, shape: tuple[int, int, int]) -> Floats:
    """The file as an array; raises ValueError where its size does not fit, OSError where it cannot be mapped."""
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(content, dtype="<f8").reshape(shape)


def _is_sound(manifest: Manifest, key: str, values: Floats) -> bool:
    return (
        (manifest.format, manifest.key) == (FORMAT, key)
        and len(manifest.names) == len(values)
        and _checksum((key, manifest.schema, manifest.names, manifest.shape), values) == manifest.checksum
    )


def _checksum(facts: Facts, values: Floats) -> str:
    """A hash of what the values are and of their weighted sums by 4096 words: it reads at the speed of memory.

    Odd weights make every flipped bit change its sum, and different ones every exchange of places.
    """
    words = values.reshape(-1).view(np.uint64)
    whole = len(words) - len(words) % _CHUNK
    sums = words[:whole].reshape(-1, _CHUNK) @ _WEIGHTS
    return hashlib.sha256(repr(facts).encode() + sums.tobytes() + words[whole:].tobytes()).hexdigest()


def _three(values: Floats) -> tuple[int, int, int]:
    features, instruments, times = values.shape
    return features, instruments, times


def _count(path: Path) -> None:
    """One more: a byte at the end of a file, which needs no lock; not counted where the disk does not take it."""
    try:
        with path.open("ab", buffering=0) as file:
            file.write(b"+")
    except OSError:
        return


def _counted(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _written_s(entry: Path) -> float:
    return (entry / MANIFEST).stat().st_mtime


def _size(entry: Path) -> int:
    return sum(path.stat().st_size for path in entry.iterdir() if path.is_file())
