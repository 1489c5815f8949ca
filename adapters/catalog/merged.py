"""Rows of many instruments and kinds as one stream in order of time, with a bounded number of them in memory.

Each part is read a row group at a time, and a heap takes the earliest row among all names. Rows of one instant keep the
order of kinds, then of names, then of the source, whatever months and row groups they lie in.
"""

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from adapters.catalog.manifest import KINDS, Manifest, Part
from adapters.catalog.parts import ROW_GROUP, first_line
from adapters.catalog.rows import messages, symbol_of_name
from contracts.history import DatasetUnusable, Dated
from contracts.quantities import Nanos


def merged_rows(
    root: Path, manifest: Manifest, kinds: frozenset[str], span: tuple[Nanos, Nanos], symbols: tuple[str, ...] | None
) -> Iterator[Dated]:
    """All rows of these kinds known in [span), oldest first; raises DatasetUnusable where a part is damaged."""
    streams = [
        _stream(root, kind, name, parts, span)
        for kind in KINDS
        if kind in kinds
        for name, parts in manifest.of_kind(kind).items()
        if symbols is None or symbol_of_name(kind, name) in ("", *symbols)
    ]
    return heapq.merge(*streams, key=lambda row: row.at_ns)


def _stream(root: Path, kind: str, name: str, parts: Sequence[Part], span: tuple[Nanos, Nanos]) -> Iterator[Dated]:
    """The rows of one name, part after part."""
    from_ns, to_ns = span
    for part in parts:
        if part.first_ns >= to_ns or part.last_ns < from_ns:
            continue
        before_ns = part.first_ns
        for at in range(0, part.rows, ROW_GROUP):
            frame = _group(root, part, at)
            known = frame["at_ns"].to_numpy()
            if len(known) and (known[0] < before_ns or (np.diff(known) < 0).any() or known[-1] > part.last_ns):
                raise DatasetUnusable(f"{root / part.path}: its rows are not in the order in which they were known")
            before_ns = int(known[-1]) if len(known) else before_ns
            first, end = np.searchsorted(known, [from_ns, to_ns])
            yield from messages(kind, name, frame[int(first) : int(end)])


def _group(root: Path, part: Part, at: int) -> pl.DataFrame:
    path = root / part.path
    try:
        frame = pl.scan_parquet(path, glob=False).slice(at, ROW_GROUP).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DatasetUnusable(f"{path}: {first_line(error)}") from error
    if frame.height != min(ROW_GROUP, part.rows - at):
        raise DatasetUnusable(f"{path}: has fewer rows than the {part.rows} that the manifest says")
    return frame
