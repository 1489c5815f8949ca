"""One part on disk: columns of one instrument and month in a Parquet file, whole or absent.

A part is sorted by its first column, the instant at which each row was known: `close_ns` of bars, `at_ns` of the rest.
Compression is LZ4 and row groups hold 8192 rows, so that a few days of a month are read at the speed of memory.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.catalog.durable import write_whole
from adapters.catalog.manifest import Part, bar_s_of, is_bars, part_path
from contracts.history import DatasetUnusable
from contracts.quantities import nanos

Columns = dict[str, npt.NDArray[Any]]

ROW_GROUP: Final = 8192
AT_ONCE: Final = 64
"""So many files are read side by side."""

BAR_COLUMNS: Final = ("open", "high", "low", "close", "volume", "trades", "bid", "ask")


def known_column(kind: str) -> str:
    """The column that says when a row was known."""
    return "close_ns" if is_bars(kind) else "at_ns"


def write_part(root: Path, kind: str, name: str, month: str, frame: pl.DataFrame) -> Part:
    """Write a part and say what it is; its rows must be in order. Raises OSError."""
    relative = part_path(kind, name, month)
    path = root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    known = frame[known_column(kind)].to_numpy()
    write_whole(path, lambda new: _write_rows(frame, new))
    return Part(
        path=relative,
        kind=kind,
        name=name,
        month=month,
        columns=tuple(frame.columns),
        rows=frame.height,
        first_ns=int(known[0]),
        last_ns=int(known[-1]),
        regular=is_bars(kind) and not ((known - known[0]) % nanos(bar_s_of(kind))).any(),
        sha256=file_digest(path),
        content=content_digest(frame),
    )


def _write_rows(frame: pl.DataFrame, path: Path) -> None:
    with on_disk(path):
        frame.write_parquet(path, compression="lz4", row_group_size=ROW_GROUP, statistics=True)


@contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Tell a disk that takes no more as an OSError."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        failed = disk_failure(error, path)
        if failed is None:
            raise
        raise failed from error


def disk_failure(error: pl.exceptions.PolarsError, path: Path) -> OSError | None:
    """What the operating system said inside of an error of writing; None where it said nothing."""
    failed = re.search(r"\(os error (\d+)\)", str(error))  # a full disk is no defect of the rows
    return None if failed is None else OSError(int(failed[1]), os.strerror(int(failed[1])), str(path))


def file_digest(path: Path) -> str:
    """SHA-256 of the bytes of a file; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_digest(frame: pl.DataFrame) -> str:
    """SHA-256 of names, types and values, column by column; bytes of a file depend on who wrote it, these do not."""
    digest = hashlib.sha256()
    for column in frame.iter_columns():
        empty = bool(column.null_count())
        digest_column(digest, column.name, column.dtype, len(column), (column,), any_empty=empty)
    return digest.hexdigest()


def digest_column(
    digest: "hashlib._Hash", name: str, of: pl.DataType, rows: int, pieces: Iterable[pl.Series], *, any_empty: bool
) -> None:
    """Take one column into a digest, whatever pieces it comes in; `any_empty` says whether a row of any is null."""
    digest.update(f"{name} {of} {rows} ".encode())
    if of.is_numeric() and not any_empty:
        for piece in pieces:
            digest.update(np.ascontiguousarray(piece.to_numpy()).view(np.uint8).data)
        return
    between = b"["
    for piece in pieces:
        digest.update(between + repr(piece.to_list())[1:-1].encode())
        between = b", "
    digest.update(b"]")


def read_slices(root: Path, wanted: Sequence[tuple[Part, int, int]]) -> list[Columns]:
    """Of each part, that many rows from that row on, all at once.

    Raises DatasetUnusable naming the file that is missing, damaged or not what the manifest says.
    """
    plans = [pl.scan_parquet(root / part.path, glob=False).slice(at, length) for part, at, length in wanted]
    try:
        frames = [
            frame for first in range(0, len(plans), AT_ONCE) for frame in pl.collect_all(plans[first : first + AT_ONCE])
        ]
    except (pl.exceptions.PolarsError, OSError):
        frames = []
    if any(frame.height != min(length, part.rows - at) for frame, (part, at, length) in zip(frames, wanted)):
        frames = []
    if len(frames) < len(wanted):
        raise DatasetUnusable("a data set is damaged", damages(root, [part for part, _, _ in wanted]))
    return [{name: frame[name].to_numpy() for name in frame.columns} for frame in frames]


def known_of(root: Path, part: Part) -> npt.NDArray[np.int64]:
    """When each row of a part was known; raises DatasetUnusable naming the file."""
    try:
        column = pl.read_parquet(root / part.path, columns=[known_column(part.kind)], glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DatasetUnusable(f"{root / part.path}: {first_line(error)}") from error
    return np.asarray(column.to_series().to_numpy(), dtype=np.int64)


def read_part(root: Path, part: Part) -> pl.DataFrame:
    """One part whole; raises DatasetUnusable naming the file."""
    try:
        frame = pl.read_parquet(root / part.path, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DatasetUnusable(f"{root / part.path}: {first_line(error)}") from error
    if frame.height != part.rows:
        raise DatasetUnusable(f"{root / part.path}: has {frame.height} rows, the manifest says {part.rows}")
    return frame


def damages(root: Path, parts: Sequence[Part]) -> tuple[str, ...]:
    """The files that are not what the manifest says, byte by byte."""
    found = []
    for part in parts:
        path = root / part.path
        try:
            if file_digest(path) != part.sha256:
                found.append(f"{path}: its bytes are not those that were written")
        except OSError as error:
            found.append(f"{path}: cannot be read: {error.strerror}")
    return tuple(found)


def first_line(error: BaseException) -> str:
    """What an error says, without its trace of calls."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
