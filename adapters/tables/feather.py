"""A Feather file batch by batch: each is read alone, as mapped pages of a whole file would all count as memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from adapters.tables.errors import UnreadableTable
from adapters.tables.footers import Extent, feather_extents

_MAGIC: Final = b"ARROW1"
_BEGINS: Final = 8
"""The name of the format, and two bytes to fill."""

_GOES_ON: Final = b"\xff" * 4
_ENDS: Final = _GOES_ON + bytes(4)


def feather_batches(path: Path) -> Iterator[pl.DataFrame]:
    """The batches in their order; raises UnreadableTable, OSError or PolarsError."""
    with path.open("rb") as file:

        def bytes_of(extent: Extent) -> bytes:
            file.seek(extent.first)
            return file.read(extent.length)

        dictionaries, batches = _extents(path)
        if not batches:
            return
        first = min(extent.first for extent in (*dictionaries, *batches))
        schema = bytes_of(Extent(_BEGINS, max(0, first - _BEGINS)))
        if not schema.startswith(_GOES_ON):
            # Some writers leave out of a file what a stream says before its schema: that one follows, and its length.
            schema = _GOES_ON + len(schema).to_bytes(4, "little") + schema
        before = schema + b"".join(map(bytes_of, dictionaries))
        for batch in batches:
            yield pl.read_ipc_stream(before + bytes_of(batch) + _ENDS)


def _extents(path: Path) -> tuple[list[Extent], list[Extent]]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        end = file.seek(max(0, size - len(_MAGIC) - 4))
        length = int.from_bytes(file.read(4), "little")
        if file.read() != _MAGIC or not 0 < length < end:
            raise UnreadableTable(f"{path}: does not end as a Feather file does")
        file.seek(end - length)
        try:
            return feather_extents(file.read(length))
        except ValueError as error:
            raise UnreadableTable(f"{path}: its footer is damaged: {error}") from None
