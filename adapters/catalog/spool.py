"""Rows of bars on their way into months: gathered by instrument and month, and laid aside on disk when they are many.

A row is its stamp, its number in the file, and its values. They come back month by month, in order of time.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

HELD_MAX: Final = 250_000
"""So many rows are held before they are laid aside."""

AT_ONCE: Final = 100_000
"""As many months come back together as hold so many rows."""

MONTH_NS: Final = 30 * 86_400_000_000_000


class Spooled(NamedTuple):
    """Rows of one instrument: stamps, numbers of the rows, values by column."""

    at_ns: Int64s
    rows: Int64s
    columns: dict[str, Floats]


class Spool:
    """The rows of one file; `directory` is made when there are many, and is gone after `close`."""

    def __init__(self, directory: Path, held_max: int | None = None, at_once: int | None = None) -> None:
        self._directory = directory
        self._held_max, self._at_once = held_max or HELD_MAX, at_once or AT_ONCE
        self._held: dict[tuple[int, int], list[Int64s]] = {}
        self._months: dict[int, dict[int, int]] = {}
        self._arrived: dict[int, list[Int64s]] = {}
        self._count = 0
        self._names: tuple[str, ...] = ()
        shutil.rmtree(directory, ignore_errors=True)

    def add(self, place: int, rows: Spooled) -> None:
        """Rows of one instrument as they lie in the file."""
        self._names = tuple(rows.columns)
        table = np.stack([rows.at_ns, rows.rows, *(each.view(np.int64) for each in rows.columns.values())], axis=1)
        self._arrived.setdefault(place, []).append(table[:, :2].copy())
        months = rows.at_ns // MONTH_NS
        order = np.argsort(months, kind="stable")
        starts = np.flatnonzero(np.diff(months[order], prepend=months[order[0]] - 1)) if len(order) else order
        for mine in np.split(order, starts[1:]):
            month = int(months[mine[0]])
            self._held.setdefault((place, month), []).append(table[mine])
            counts = self._months.setdefault(place, {})
            counts[month] = counts.get(month, 0) + len(mine)
        self._count += len(rows.at_ns)
        if self._count >= self._held_max:
            self._lay_aside()

    def arrived(self, place: int) -> Iterator[tuple[Int64s, Int64s]]:
        """Stamps and numbers of the rows of an instrument as they lie in the file, some at a time."""
        path = self._directory / f"{place}"
        if path.exists():
            with path.open("rb") as file:
                while len(read := np.fromfile(file, dtype=np.int64, count=2 * self._at_once)):
                    yield read[::2], read[1::2]
        for table in self._arrived.get(place, ()):
            yield table[:, 0], table[:, 1]

    def blocks(self, place: int) -> Iterator[Spooled]:
        """All rows of an instrument in order of time, whole months together, those of one stamp as they came."""
        counts, chosen = self._months.get(place, {}), list[int]()
        for month in sorted(counts):
            chosen.append(month)
            if sum(counts[each] for each in chosen) >= self._at_once:
                yield self._read(place, chosen)
                chosen = []
        if chosen:
            yield self._read(place, chosen)

    def close(self) -> None:
        """Leave nothing on disk."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _read(self, place: int, months: list[int]) -> Spooled:
        tables = []
        for month in months:
            path = self._directory / f"{place}.{month}"
            if path.exists():
                tables.append(np.fromfile(path, dtype=np.int64).reshape(-1, 2 + len(self._names)))
            tables += self._held.get((place, month), [])
        table = np.concatenate(tables)
        if (np.diff(table[:, 0]) < 0).any():
            table = table[np.argsort(table[:, 0], kind="stable")]
        values = {name: table[:, 2 + at].copy().view(np.float64) for at, name in enumerate(self._names)}
        return Spooled(table[:, 0].copy(), table[:, 1].copy(), values)

    def _lay_aside(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        for (place, month), tables in self._held.items():
            _append(self._directory / f"{place}.{month}", tables)
        for place, tables in self._arrived.items():
            _append(self._directory / f"{place}", tables)
        self._held, self._arrived, self._count = {}, {}, 0


def _append(path: Path, tables: list[Int64s]) -> None:
    with path.open("ab") as file:
        for table in tables:
            np.ascontiguousarray(table).tofile(file)
