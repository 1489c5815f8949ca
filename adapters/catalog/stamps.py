"""The times of one column of a file that is read in pieces: as one look at all would read them, or not at all."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.tables.cells import form_of, times
from adapters.tables.errors import BadTable, bad_cell

Int64s = npt.NDArray[np.int64]

UNLIKE: Final = 400.0
"""Counts that differ so much in size are looked at together, as they may be of several units."""

_OFFSET: Final = r"(?i)(z|[+-]\d{2}:?\d{2})$"


class OtherForm(Exception):
    """Times of one column are written in several ways, or one of them is none: only a look at all judges that."""


class Stamps:
    """The pieces of one column of times; in one `zone` only, unless any is taken."""

    def __init__(self, path: Path, *, any_zone: bool = False) -> None:
        self._path, self._any_zone = path, any_zone
        self._zone: str | None = None
        self._form: tuple[str, int, bool] | None = None
        self._largest_ns, self._least_ns = 0, 2**63 - 1

    def refuse_zones(self, column: pl.Series, before: int) -> None:
        """Raise BadTable at the first time of another offset than the first of all."""
        if not self._any_zone:
            self._zone = _zone(self._path, column, self._zone, before)

    def read(self, column: pl.Series, before: int, *, in_pieces: bool) -> Int64s:
        """Nanoseconds since 1970, so many rows came before; raises BadTable, and OtherForm."""
        if not in_pieces or column.null_count():
            return times(self._path, column, before)
        form = form_of(column)
        if self._form not in {None, form}:
            raise OtherForm
        self._form = form
        try:
            at_ns = times(self._path, column, before)
        except BadTable:
            if not before and form[0] == "text":
                raise
            raise OtherForm from None
        sizes = np.abs(at_ns)
        self._largest_ns = max(self._largest_ns, int(sizes.max()))
        self._least_ns = min(self._least_ns, int(sizes.min()))
        if form[0] == "count" and self._least_ns < self._largest_ns / UNLIKE:
            raise OtherForm
        return at_ns


def _zone(path: Path, column: pl.Series, first: str | None, before: int) -> str | None:
    """The offset of the first row, `first` where it was seen before; raises BadTable at the first text of another."""
    if column.dtype != pl.String:
        return None
    zones = column.str.strip_chars().str.extract(_OFFSET, 1).fill_null("none")
    first = str(zones[0]) if first is None else first
    other = zones != first
    if other.any():
        row = int(other.arg_max() or 0)
        wanted = f"offset {first} as in row 1: times of several zones are ambiguous"
        raise bad_cell(path, column.name, before + row + 1, column[row], wanted)
    return first
