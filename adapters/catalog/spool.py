"""Rows on their way into months: gathered by instrument and time, and laid aside on disk when they are many.

A row is its stamp, its number in the file, and its values, of 64 bits each. They come back in order of time.
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
"""So many rows come back together, and those of a bucket more."""

BUCKET_ROWS: Final = 10_000
"""A bucket is as long a time as holds so many rows of an instrument, by what lies in the beginning of the file."""

SHORTEST_NS, LONGEST_NS = 600_000_000_000, 30 * 86_400_000_000_000
"""Of a bucket, so that a file whose beginning is unlike the rest makes neither thousands of files nor one."""


class Spooled(NamedTuple):
    """Rows of one instrument: stamps, numbers of the rows, values by column."""

    at_ns: Int64s
    rows: Int64s
    columns: dict[str, Floats]


class Spool:
    """The rows of one file; `directory` is made when there are many, and is gone after `close`.

    With `arrivals` their stamps can be had in the order of the file too.
    """

    def __init__(
        self, directory: Path, held_max: int | None = None, at_once: int | None = None, *, arrivals: bool = True
    ) -> None:
        self._directory = directory
        self._held_max, self._at_once = held_max or HELD_MAX, at_once or AT_ONCE
        self._arrivals = arrivals
        self._held: dict[int, list[Int64s]] = {}
        self._aside: dict[int, dict[int, int]] = {}
        self._count = 0
        self._width_ns = 0
        self._names: tuple[str, ...] = ()
        shutil.rmtree(directory, ignore_errors=True)

    def add(self, place: int, rows: Spooled) -> None:
        """Rows of one instrument as they lie in the file."""
        self._names = tuple(rows.columns)
        table = np.stack([rows.at_ns, rows.rows, *(each.view(np.int64) for each in rows.columns.values())], axis=1)
        self._held.setdefault(place, []).append(table)
        self._count += len(table)
        if self._count >= self._held_max:
            self._lay_aside()

    def arrived(self, place: int) -> Iterator[tuple[Int64s, Int64s]]:
        """Stamps and numbers of the rows of an instrument as they lie in the file, some at a time."""
        path = self._directory / f"{place}"
        if path.exists():
            with path.open("rb") as file:
                while len(read := np.fromfile(file, dtype=np.int64, count=2 * self._at_once)):
                    yield read[::2], read[1::2]
        for table in self._held.get(place, ()):
            yield table[:, 0], table[:, 1]

    def blocks(self, place: int) -> Iterator[Spooled]:
        """All rows of an instrument in order of time, those of one stamp together and as they came."""
        if place in self._aside and place in self._held:
            self._lay_aside()
        if place in self._held:
            yield from self._of_held(place)
            return
        chosen, rows = list[int](), 0
        for bucket, count in sorted(self._aside.get(place, {}).items()):
            chosen.append(bucket)
            rows += count
            if rows >= self._at_once:
                yield self._spooled(self._read(place, chosen))
                chosen, rows = [], 0
        if chosen:
            yield self._spooled(self._read(place, chosen))

    def close(self) -> None:
        """Leave nothing on disk."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _of_held(self, place: int) -> Iterator[Spooled]:
        table = _sorted(np.concatenate(self._held[place]))
        first = 0
        while first < len(table):
            last_ns = table[min(first + self._at_once, len(table)) - 1, 0]
            end = int(np.searchsorted(table[:, 0], last_ns, side="right"))
            yield self._spooled(table[first:end])
            first = end

    def _read(self, place: int, buckets: list[int]) -> Int64s:
        wide = 2 + len(self._names)
        paths = (self._directory / f"{place}.{bucket}" for bucket in buckets)
        return _sorted(np.concatenate([np.fromfile(path, dtype=np.int64).reshape(-1, wide) for path in paths]))

    def _spooled(self, table: Int64s) -> Spooled:
        values = {name: table[:, 2 + at].copy().view(np.float64) for at, name in enumerate(self._names)}
        return Spooled(table[:, 0].copy(), table[:, 1].copy(), values)

    def _lay_aside(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._width_ns = self._width_ns or self._fitting_ns()
        for place, tables in self._held.items():
            table = np.concatenate(tables)
            if self._arrivals:
                _append(self._directory / f"{place}", table[:, :2])
            buckets = table[:, 0] // self._width_ns
            order = np.argsort(buckets, kind="stable")
            starts = np.flatnonzero(np.diff(buckets[order])) + 1
            counts = self._aside.setdefault(place, {})
            for mine in np.split(order, starts) if len(order) else ():
                bucket = int(buckets[mine[0]])
                _append(self._directory / f"{place}.{bucket}", table[mine])
                counts[bucket] = counts.get(bucket, 0) + len(mine)
        self._held, self._count = {}, 0

    def _fitting_ns(self) -> int:
        """How long a bucket is, by the rows that are held."""
        stamps = [table[:, 0] for tables in self._held.values() for table in tables if len(table)]
        span_ns = max(int(each.max()) for each in stamps) - min(int(each.min()) for each in stamps)
        fitting_ns = span_ns * len(self._held) * BUCKET_ROWS // self._count
        return min(max(fitting_ns, SHORTEST_NS), LONGEST_NS)


def _sorted(table: Int64s) -> Int64s:
    return table[np.argsort(table[:, 0], kind="stable")] if (np.diff(table[:, 0]) < 0).any() else table


def _append(path: Path, table: Int64s) -> None:
    with path.open("ab") as file:
        file.write(np.ascontiguousarray(table).data)
