"""Rows of a file of trades, quotes, funding or context on their way through a spool, and back as columns of a part.

A spool keeps numbers of 64 bits: flags are 0 and 1, texts are numbered as they first come, what every row of a table
has alike is put back afterwards.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.catalog.row_sources import FileRows
from adapters.catalog.rows import SCHEMAS
from adapters.catalog.spool import Spool, Spooled
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos

Int64s = npt.NDArray[np.int64]

EPOCH: Final = 1

_ALONE: Final = {
    "trades": ("at_ns", "event_ns", "trade_id", "price", "lots", "buy"),
    "funding": ("at_ns", "event_ns"),
    "context": ("at_ns", "event_ns", "vintage"),
}
"""What no two rows of one name have alike; quotes may be told again."""


class SpooledRows:
    """The rows of one file and kind, by name; `close` it."""

    def __init__(self, path: Path, directory: Path, kind: str) -> None:
        self._path, self._directory, self._kind = path, directory, kind
        self.restart()

    def restart(self) -> None:
        """Forget what was taken."""
        self._spool = Spool(self._directory, arrivals=False)
        self._places: dict[str, int] = {}
        self._texts: dict[str | None, int] = {}
        self.count = 0

    def add(self, rows: FileRows, from_ns: Nanos, to_ns: Nanos) -> None:
        """Take these rows, those known in [from, to)."""
        inside = np.flatnonzero((rows.at_ns >= from_ns) & (rows.at_ns < to_ns))
        if len(inside):
            columns = {name: self._numbers(values.gather(inside)) for name, values in rows.columns.items()}
            place = self._places.setdefault(rows.name, len(self._places))
            self._spool.add(place, Spooled(rows.at_ns[inside], rows.rows[inside], columns))
            self.count += len(inside)

    def names(self) -> tuple[str, ...]:
        """Whose rows there are, in order."""
        return tuple(sorted(self._places))

    def frames(self, name: str) -> Iterator[pl.DataFrame]:
        """The rows of one of them in order of when they were known, those of one instant as they lie in the file.

        Raises DatasetUnusable where a trade, the rate of an instant, or a vintage of a figure is there twice.
        """
        for block in self._spool.blocks(self._places[name]):
            frame = self._frame(block)
            if self._kind in _ALONE:
                self._refuse_twice(name, frame, block.rows)
            yield frame

    def close(self) -> None:
        """Leave nothing on disk."""
        self._spool.close()

    def _numbers(self, values: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        if values.dtype == pl.String:
            values = pl.Series([self._texts.setdefault(text, len(self._texts)) for text in values.to_list()])
        whole = values if values.dtype == pl.Float64 else values.cast(pl.Int64)
        return np.ascontiguousarray(whole.to_numpy()).view(np.float64)

    def _refuse_twice(self, name: str, frame: pl.DataFrame, rows: Int64s) -> None:
        told = frame.select(_ALONE[self._kind])
        twice = told.with_columns(row=rows + 1).filter(told.is_duplicated()).sort(told.columns, maintain_order=True)
        if twice.height:
            first, second = twice["row"][:2].to_list()
            known = np.datetime_as_string(np.datetime64(twice["at_ns"][0], "ns"), unit="ms")
            raise DatasetUnusable(
                f"{self._path}: row {second}: {self._kind} of {name} known at {known}Z stand in row {first} already, "
                "expected them once"
            )

    def _frame(self, block: Spooled) -> pl.DataFrame:
        known = {"at_ns": block.at_ns, "epoch": np.full(len(block.rows), EPOCH), "frame": block.rows}
        texts = list(self._texts)
        columns = []
        for name, of in SCHEMAS[self._kind].items():
            if name in known:
                columns.append(pl.Series(name, known[name], dtype=of))
            elif name == "vintage":
                columns.append(pl.Series(name, self._vintages(block, texts), dtype=of))
            elif name not in block.columns:
                columns.append(pl.Series(name, [None], dtype=of).new_from_index(0, len(block.rows)))
            elif of == pl.Float64:
                columns.append(pl.Series(name, block.columns[name]).fill_nan(None))
            else:
                columns.append(pl.Series(name, block.columns[name].view(np.int64)).cast(of))
        return pl.DataFrame(columns)

    def _vintages(self, block: Spooled, texts: list[str | None]) -> list[str]:
        """What the file says; the day from which a row was known where it says nothing."""
        days = [str(day) for day in block.at_ns.astype("datetime64[ns]").astype("datetime64[D]")]
        if "vintage" in block.columns:
            said = [texts[number] for number in block.columns["vintage"].view(np.int64).tolist()]
            return [text or day for text, day in zip(said, days, strict=True)]
        return days
