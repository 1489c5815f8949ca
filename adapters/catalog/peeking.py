"""A look at a file before it is read: one that is cut, forged, or gigabytes of nothing is refused at once."""

import os
from itertools import chain
from pathlib import Path
from typing import Final

from adapters.tables.errors import ForeignTable, MissingTable, UnreadableTable
from adapters.tables.footers import Extent, feather_extents, parquet_extents
from adapters.tables.reading import CSV, FEATHER, PARQUET

LOOKED_AT: Final = 65_536
"""Bytes read at each of a few places."""

PLACES: Final = 16
FOOTER_BYTES_MAX: Final = 64 << 20
"""A reader takes the whole footer into memory first; some 200 bytes tell of a column of a row group, so that 64 MB hold
three hundred thousand of them: thousands of columns in a hundred row groups."""

FOOTER_READ_MAX: Final = 8 << 20
"""A longer footer is left to the reader: to take it apart here takes seconds."""

UNTOLD_MAX: Final = 64 << 20
"""Of indices and filters that no row group tells of there may be so much, or as much as there are rows."""

_HEAD: Final = 8
_PARQUET: Final = b"PAR1"
_FEATHER: Final = b"ARROW1"
_PACKED: Final = (".gz", ".zst")


def refuse_nothing(path: Path) -> None:
    """Raise where the file cannot be what its name says, having read a megabyte of it at most.

    Raises:
        MissingTable: nothing is there.
        ForeignTable: a directory, a device, a pipe.
        UnreadableTable: empty; a text of zero bytes, of blanks, or without lines; a Parquet or Feather file whose
            first or last bytes are others, or whose footer is nothing, longer than the file, or absurdly long, or
            tells of rows that lie beside the file, are nothing, or are next to nothing of it.
    """
    try:
        if not path.exists():
            raise MissingTable(f"{path}: no such file")
        if not path.is_file():
            raise ForeignTable(f"{path}: is {'a directory' if path.is_dir() else 'no regular file'}, expected a file")
        with path.open("rb") as file:
            _refuse(path, file.fileno(), file.seek(0, os.SEEK_END))
    except OSError as error:
        raise UnreadableTable(f"{path}: cannot be read: {error.strerror}") from error


def _refuse(path: Path, descriptor: int, size: int) -> None:
    samples = [(at, _sample(descriptor, at)) for at in _places(size)]
    name = path.name.lower()
    if not size:
        raise UnreadableTable(f"{path}: is empty, expected a table")
    if name.endswith(PARQUET):
        _refuse_ends(path, samples, _PARQUET, "a Parquet file")
        _refuse_footer(path, descriptor, size, _PARQUET)
    elif name.endswith(FEATHER):
        _refuse_ends(path, samples, _FEATHER, "a Feather file")
        _refuse_footer(path, descriptor, size, _FEATHER)
    elif name.endswith(CSV) and not name.endswith(_PACKED):
        _refuse_text(path, samples)


def _places(size: int) -> list[int]:
    """Where to look: the beginning, the end, and between, evenly."""
    last = max(0, size - LOOKED_AT)
    return sorted({last * step // PLACES for step in range(PLACES + 1)})


def _sample(descriptor: int, at: int) -> bytes:
    return os.pread(descriptor, LOOKED_AT, at)


def _refuse_text(path: Path, samples: list[tuple[int, bytes]]) -> None:
    for at, sample in samples:
        if b"\0" in sample:
            first = "a zero byte" if at == 0 else "zero bytes, one of them"
            raise UnreadableTable(f"{path}: has {first} at {at + sample.index(0):,}, expected text")
        if len(sample) == LOOKED_AT and not sample.strip():
            raise UnreadableTable(f"{path}: has {LOOKED_AT:,} blanks from byte {at:,} on, expected rows")
    if samples[-1][0] >= LOOKED_AT * PLACES and not any(b"\n" in sample for _, sample in samples):
        raise UnreadableTable(f"{path}: has no end of a line in {len(samples)} places, expected rows")


def _refuse_ends(path: Path, samples: list[tuple[int, bytes]], magic: bytes, what: str) -> None:
    if not samples[0][1].startswith(magic):
        raise UnreadableTable(f"{path}: begins with {samples[0][1][:8]!r}, expected {magic!r} as {what} does")
    if not samples[-1][1].endswith(magic):
        raise UnreadableTable(f"{path}: ends with {samples[-1][1][-8:]!r}, expected {magic!r}: {what} was cut short")


def _refuse_footer(path: Path, descriptor: int, size: int, magic: bytes) -> None:
    """Both formats end with a footer, its length in four bytes, and their name."""
    end = size - len(magic) - 4
    length = int.from_bytes(_sample(descriptor, max(0, end))[:4], "little", signed=True)
    room = min(end - len(magic), FOOTER_BYTES_MAX)
    if not 0 < length <= room:
        raise UnreadableTable(f"{path}: its footer is said to have {length:,} bytes, expected 1 to {max(1, room):,}")
    footer = os.pread(descriptor, length, end - length)
    if not footer[:LOOKED_AT].strip(b"\0"):
        looked = min(length, LOOKED_AT)
        raise UnreadableTable(f"{path}: its footer begins with {looked:,} zero bytes, expected a schema")
    if length <= FOOTER_READ_MAX:
        try:
            parquet = magic == _PARQUET
            extents = parquet_extents(footer) if parquet else [*chain.from_iterable(feather_extents(footer))]
        except ValueError as error:
            raise UnreadableTable(f"{path}: its footer is damaged: {error}") from None
        _refuse_extents(path, descriptor, extents, len(magic), end - length)


def _refuse_extents(path: Path, descriptor: int, extents: list[Extent], first: int, end: int) -> None:
    """Rows lie between the name and the footer, begin with something, and are what most of the file is."""
    for each in extents:
        if each.first < first or each.length < 0 or each.first + each.length > end:
            raise UnreadableTable(
                f"{path}: its footer tells of rows in {each.length:,} bytes from {each.first:,} on, expected them "
                f"between {first:,} and {end:,}"
            )
    for each in extents[:: len(extents) // PLACES + 1]:
        if each.length >= _HEAD and not os.pread(descriptor, _HEAD, each.first).strip(b"\0"):
            raise UnreadableTable(f"{path}: has zero bytes from {each.first:,} on, expected rows as its footer says")
    told = sum(each.length for each in extents)
    if end - first - told > max(told, UNTOLD_MAX):
        raise UnreadableTable(f"{path}: its footer tells of {told:,} bytes, expected it to tell of {end - first:,}")
