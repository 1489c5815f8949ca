"""A part that is written and digested some rows at a time: what is held does not grow with its month."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from adapters.catalog.durable import write_whole
from adapters.catalog.manifest import Part, part_path
from adapters.catalog.parts import ROW_GROUP, digest_column, file_digest, first_line, on_disk
from adapters.catalog.rows import SCHEMAS
from contracts.history import DatasetUnusable

AT_ONCE: Final = 12 * ROW_GROUP
"""Rows of a part that are held."""


def write_pieces(root: Path, kind: str, name: str, month: str, pieces: Iterable[pl.DataFrame]) -> Part:
    """Write a part of rows that come in order, not a single one of bars; raises OSError, and what `pieces` raises."""
    relative = part_path(kind, name, month)
    path = root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    seen = _Seen(pieces)
    write_whole(path, lambda new: _sink(seen.frames, kind, new))
    return Part(
        path=relative,
        kind=kind,
        name=name,
        month=month,
        columns=tuple(SCHEMAS[kind]),
        rows=seen.rows,
        first_ns=seen.first_ns,
        last_ns=seen.last_ns,
        regular=False,
        sha256=file_digest(path),
        content=_content(path, kind, seen.rows),
    )


def part_pieces(root: Path, part: Part, from_ns: int | None = None, to_ns: int | None = None) -> Iterator[pl.DataFrame]:
    """The rows of a part known in [from, to], some at a time; raises DatasetUnusable where it is damaged."""
    path, rows = root / part.path, 0
    plan = pl.scan_parquet(path, glob=False)
    if from_ns is not None and to_ns is not None:
        plan = plan.filter(pl.col("at_ns").is_between(from_ns, to_ns))
    try:
        for frame in plan.collect_batches(chunk_size=AT_ONCE, maintain_order=True):
            rows += frame.height
            if frame.height:
                yield frame
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DatasetUnusable(f"{path}: {first_line(error)}") from error
    if from_ns is None and rows != part.rows:
        raise DatasetUnusable(f"{path}: has {rows} rows, the manifest says {part.rows}")


def merged(first: Iterator[pl.DataFrame], second: Iterator[pl.DataFrame], known: str) -> Iterator[pl.DataFrame]:
    """The rows of both in the order of `known`, which each has; those of `first` come first where they are equal."""
    one, other = next(first, None), next(second, None)
    while one is not None and other is not None:
        last, until = int(one[known][-1]), int(other[known][-1])
        if last <= until:
            # There may be more of the first one at its last instant: what the second has of that one waits.
            ahead = int(np.searchsorted(other[known].to_numpy(), last))
            yield pl.concat([one, other[:ahead]]).sort(known, maintain_order=True)
            one, other = next(first, None), other[ahead:]
        else:
            ahead = int(np.searchsorted(one[known].to_numpy(), until, side="right"))
            yield pl.concat([one[:ahead], other]).sort(known, maintain_order=True)
            one, other = one[ahead:], next(second, None)
    yield from (frame for frame in (one, other) if frame is not None)
    yield from first
    yield from second


class _Seen:
    """Pieces on their way: how many rows passed, and when the first and the last of them was known."""

    def __init__(self, pieces: Iterable[pl.DataFrame]) -> None:
        self._pieces = pieces
        self.rows, self.first_ns, self.last_ns = 0, 0, 0

    def frames(self, *_: object) -> Iterator[pl.DataFrame]:
        """The pieces, as a source of the reader's; it asks for nothing less than all columns and rows."""
        for frame in self._pieces:
            self.first_ns = self.first_ns if self.rows else int(frame["at_ns"][0])
            self.last_ns = int(frame["at_ns"][-1])
            self.rows += frame.height
            yield frame


def _sink(frames: Callable[..., Iterator[pl.DataFrame]], kind: str, path: Path) -> None:
    plan = register_io_source(frames, schema=pl.Schema(SCHEMAS[kind]))
    with on_disk(path):
        plan.sink_parquet(path, compression="lz4", row_group_size=ROW_GROUP, statistics=True, maintain_order=True)


def _content(path: Path, kind: str, rows: int) -> str:
    """What `parts.content_digest` says of all rows together."""
    plan = pl.scan_parquet(path, glob=False)
    empty = plan.null_count().collect().row(0, named=True)
    digest = hashlib.sha256()
    for name, of in SCHEMAS[kind].items():
        batches = plan.select(name).collect_batches(chunk_size=AT_ONCE, maintain_order=True)
        pieces = (frame.to_series() for frame in batches)
        digest_column(digest, name, of, rows, pieces, any_empty=bool(empty[name]))
    return digest.hexdigest()
