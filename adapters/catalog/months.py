"""Rows into months, and rows that come later into the months that are there already."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from adapters.catalog.manifest import Part, is_bars
from adapters.catalog.parts import Columns, known_column
from adapters.catalog.staging import Staging
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos


def file_under(staging: Staging, kind: str, name: str, columns: Columns) -> list[Part]:
    """Write rows, in order of time, into the parts of their months, beside those that are there.

    A bar that is there already with equal values is the same bar; one with other values raises DatasetUnusable. Rows of
    other kinds are all kept.
    """
    written = []
    for month, rows in _by_month(columns[known_column(kind)]):
        mine = {column: values[rows] for column, values in columns.items()}
        present = staging.part(kind, name, month)
        if present is not None:
            frame = staging.rows_of(present)
            mine = _joined({column: frame[column].to_numpy() for column in frame.columns}, mine, kind, name)
        written.append(staging.write(kind, name, month, mine))
    return written


def month_of(at_ns: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The month of each instant in UTC, as `datetime64[M]`."""
    return at_ns.astype("datetime64[ns]").astype("datetime64[M]")


def _by_month(at_ns: npt.NDArray[np.int64]) -> Iterator[tuple[str, slice]]:
    """The months of instants in order, each with the rows that fall into it."""
    months = month_of(at_ns)
    starts = [0, *(np.flatnonzero(np.diff(months.astype(np.int64))) + 1).tolist(), len(months)]
    for first, end in pairwise(starts):
        yield str(months[first]), slice(first, end)


def _joined(present: Columns, new: Columns, kind: str, name: str) -> Columns:
    """Both in order of time, the present ones first where they are of one instant; equal bars once."""
    every = tuple(dict.fromkeys((*present, *new)))
    both = {column: np.concatenate([_or_nan(present, column), _or_nan(new, column)]) for column in every}
    known = both[known_column(kind)]
    order = np.argsort(known, kind="stable")
    both = {column: values[order] for column, values in both.items()}
    if not is_bars(kind):
        return both
    again = np.flatnonzero(np.diff(known[order]) == 0) + 1
    for column, values in both.items():
        other = ~_equal(values[again], values[again - 1])
        if other.any():
            _refuse(name, column, int(known[order][again[other][0]]), values[again[other][0] - 1 : again[other][0] + 1])
    return {column: np.delete(values, again) for column, values in both.items()}


def _refuse(name: str, column: str, at_ns: Nanos, values: npt.NDArray[Any]) -> None:
    when = np.datetime_as_string(np.datetime64(at_ns, "ns"), unit="s")
    raise DatasetUnusable(
        f"{name}: the bar that closes at {when} is there already with {column} {values[0]}, was {values[1]} now, "
        "expected the same; import into another data set, or leave the range out with --from and --to"
    )


def _or_nan(columns: Columns, name: str) -> npt.NDArray[Any]:
    length = len(next(iter(columns.values())))
    return columns[name] if name in columns else np.full(length, np.nan)


def _equal(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    same = np.asarray(left == right, dtype=np.bool_)
    return same | (np.isnan(left) & np.isnan(right)) if left.dtype.kind == "f" else same
