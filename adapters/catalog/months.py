"""Rows into months, and rows that come later into the months that are there already."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.catalog.manifest import Part, is_bars
from adapters.catalog.parts import known_column
from adapters.catalog.staging import Staging
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos


def file_under(
    staging: Staging, kind: str, name: str, rows: pl.DataFrame | dict[str, Any], beside: Sequence[Part] = ()
) -> list[Part]:
    """Write rows, in order of time, into the parts of their months, beside those that are there.

    Parts `beside` are earlier rows of the same source, which do not count yet.

    A bar that is there already with equal values is the same bar; one with other values raises DatasetUnusable, and so
    does a row of another kind that an earlier source brought already.
    """
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows)
    known = known_column(kind)
    written = []
    for month, first, length in _by_month(frame[known].to_numpy()):
        mine = frame.slice(first, length)
        own = next((part for part in beside if (part.kind, part.name, part.month) == (kind, name, month)), None)
        present = own or staging.part(kind, name, month)
        if present is not None:
            before = staging.rows_of(present)
            if own is None and not is_bars(kind):
                _refuse_again(before, mine, kind, name)
            mine = _joined(before, mine, kind, name)
        written.append(staging.write(kind, name, month, mine))
    return written


def month_of(at_ns: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The month of each instant in UTC, as `datetime64[M]`."""
    return at_ns.astype("datetime64[ns]").astype("datetime64[M]")


def _by_month(at_ns: npt.NDArray[np.int64]) -> Iterator[tuple[str, int, int]]:
    """The months of instants in order, each with its first row and how many fall into it."""
    months = month_of(at_ns)
    starts = [0, *(np.flatnonzero(np.diff(months.astype(np.int64))) + 1).tolist(), len(months)]
    for first, end in pairwise(starts):
        yield str(months[first]), first, end - first


def _joined(present: pl.DataFrame, new: pl.DataFrame, kind: str, name: str) -> pl.DataFrame:
    """Both in order of time, the present ones first where they are of one instant; equal bars once."""
    known = known_column(kind)
    both = pl.concat([present, new], how="diagonal_relaxed").sort(known, maintain_order=True)
    if not is_bars(kind):
        return both
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


def _refuse_again(present: pl.DataFrame, new: pl.DataFrame, kind: str, name: str) -> None:
    """Nobody can tell a row that came twice from two equal rows: the range is to be said."""
    overlap = present.filter(pl.col("at_ns").is_between(new["at_ns"][0], new["at_ns"][-1]))
    twice = overlap.join(new, on=new.columns, how="semi", nulls_equal=True) if overlap.height else overlap
    if twice.height:
        raise DatasetUnusable(
            f"{name}: {twice.height} of its {kind} are there already, the first of {_when(twice['at_ns'][0])}; "
            "leave the range out with --from and --to"
        )


def _when(at_ns: Nanos) -> str:
    return f"{np.datetime_as_string(np.datetime64(at_ns, 'ns'), unit='s')}Z"
