"""Rows into months, and rows that come later into the months that are there already."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.catalog.manifest import Part, is_bars
from adapters.catalog.parts import known_column
from adapters.catalog.pieces import merged, part_pieces
from adapters.catalog.staging import Staging
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos

PLACE: Final = frozenset(("epoch", "frame"))
"""Columns that say where a row stood in its source."""


def file_under(
    staging: Staging, kind: str, name: str, rows: pl.DataFrame | dict[str, Any], beside: Sequence[Part] = ()
) -> list[Part]:
    """Write rows, in order of time, into the parts of their months, beside those that are there.

    Parts `beside` are earlier rows of the same source, which do not count yet.

    A bar that is there already with equal values is the same bar; one with other values raises DatasetUnusable, and so
    does a row of another kind that an earlier source brought already.
    """
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows)
    if not is_bars(kind):
        return file_pieces(staging, kind, name, iter((frame,)), beside)
    written = []
    for month, first, length in _by_month(frame[known_column(kind)].to_numpy()):
        mine = frame.slice(first, length)
        present, _ = _present(staging, kind, name, month, beside)
        mine = _joined(staging.rows_of(present), mine, name) if present is not None else mine
        written.append(staging.write(kind, name, month, mine))
    return written


def file_pieces(
    staging: Staging, kind: str, name: str, pieces: Iterator[pl.DataFrame], beside: Sequence[Part] = ()
) -> list[Part]:
    """The same of rows that are no bars and come some at a time, in order of time: no month is held whole."""
    written = []
    for month, mine in groupby(_cut(pieces), key=itemgetter(0)):
        new: Iterator[pl.DataFrame] = (frame for _, frame in mine)
        present, own = _present(staging, kind, name, month, beside)
        if present is not None:
            new = new if own else _unlike(staging.root, present, new)
            new = merged(part_pieces(staging.root, present), new, known_column(kind))
        written.append(staging.write_pieces(kind, name, month, new))
    return written


def _present(staging: Staging, kind: str, name: str, month: str, beside: Sequence[Part]) -> tuple[Part | None, bool]:
    """The part that there is for a month, and whether it is the source's own."""
    own = next((part for part in beside if (part.kind, part.name, part.month) == (kind, name, month)), None)
    return own or staging.part(kind, name, month), own is not None


def _cut(pieces: Iterator[pl.DataFrame]) -> Iterator[tuple[str, pl.DataFrame]]:
    """The pieces with their months, no piece of two."""
    for frame in pieces:
        for month, first, length in _by_month(frame["at_ns"].to_numpy()):
            yield month, frame.slice(first, length)


def month_of(at_ns: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The month of each instant in UTC, as `datetime64[M]`."""
    return at_ns.astype("datetime64[ns]").astype("datetime64[M]")


def _by_month(at_ns: npt.NDArray[np.int64]) -> Iterator[tuple[str, int, int]]:
    """The months of instants in order, each with its first row and how many fall into it."""
    months = month_of(at_ns)
    starts = [0, *(np.flatnonzero(np.diff(months.astype(np.int64))) + 1).tolist(), len(months)]
    for first, end in pairwise(starts):
        yield str(months[first]), first, end - first


def _joined(present: pl.DataFrame, new: pl.DataFrame, name: str) -> pl.DataFrame:
    """Bars of both in order of time, equal ones once."""
    known = "close_ns"
    both = pl.concat([present, new], how="diagonal_relaxed").sort(known, maintain_order=True)
    both = both.with_columns(pl.col(column).fill_null(float("nan")) for column in both.columns if column != known)
    again = np.flatnonzero(np.diff(both[known].to_numpy()) == 0) + 1
    for column in both.columns:
        other = again[both[column].gather(again).ne_missing(both[column].gather(again - 1)).to_numpy()]
        if len(other):
            _refuse_other(name, column, both[known][int(other[0])], both[column][int(other[0]) - 1 : int(other[0]) + 1])
    return both.filter(~pl.int_range(pl.len()).is_in(again.tolist())) if len(again) else both


def _refuse_other(name: str, column: str, at_ns: Nanos, values: pl.Series) -> None:
    raise DatasetUnusable(
        f"{name}: the bar that closes at {_when(at_ns)} is there already with {column} {values[0]}, was {values[1]} "
        "now, expected the same; import into another data set, or leave the range out with --from and --to"
    )


def _unlike(root: Path, present: Part, new: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The new rows; raises DatasetUnusable where one of them is there.

    Nobody can tell a row that came twice from two equal rows: the range is to be said. Where a row stood in its source
    says nothing about it.
    """
    for frame in new:
        told = [name for name in frame.columns if name not in PLACE]
        for overlap in part_pieces(root, present, int(frame["at_ns"][0]), int(frame["at_ns"][-1])):
            twice = overlap.join(frame, on=told, how="semi", nulls_equal=True)
            if twice.height:
                raise DatasetUnusable(
                    f"{present.name}: {twice.height} of its {present.kind} are there already, the first of "
                    f"{_when(twice['at_ns'][0])}; leave the range out with --from and --to"
                )
        yield frame


def _when(at_ns: Nanos) -> str:
    return f"{np.datetime_as_string(np.datetime64(at_ns, 'ns'), unit='s')}Z"
