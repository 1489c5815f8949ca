"""Rows of many instruments and kinds as one stream in order of time, with a bounded number of them in memory.

Each part is read some row groups at a time. Names of one kind are merged in whole columns, and messages are made of
some thousand rows at once. Rows of one instant keep the order of kinds, then of names, then of the source, whatever
months and row groups they lie in.
"""

import heapq
from collections.abc import Iterator, Sequence
from itertools import repeat
from operator import attrgetter
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.catalog.manifest import KINDS, Manifest, Part
from adapters.catalog.parts import ROW_GROUP, first_line
from adapters.catalog.rows import messages, symbol_of_name
from contracts.history import DatasetUnusable, Dated
from contracts.quantities import Nanos

GROUPS_AT_ONCE: Final = 8
"""Row groups of one kind that are read together where there are few names: to open a file costs as much as a group."""

MADE_AT_ONCE: Final = 32_768
"""Messages of one kind in memory."""

FOREVER: Final = 2**63 - 1

Int64s = npt.NDArray[np.int64]
Groups = Iterator[tuple[pl.DataFrame, bool]]
"""Row groups of one name, and whether there may be another one."""


def merged_rows(
    root: Path, manifest: Manifest, kinds: frozenset[str], span: tuple[Nanos, Nanos], symbols: tuple[str, ...] | None
) -> Iterator[Dated]:
    """All rows of these kinds known in [span), oldest first; raises DatasetUnusable where a part is damaged."""
    streams = []
    for kind in KINDS:
        wanted = {
            name: parts
            for name, parts in manifest.of_kind(kind).items()
            if kind in kinds and (symbols is None or symbol_of_name(kind, name) in ("", *symbols))
        }
        if wanted:
            rows = ROW_GROUP * max(1, GROUPS_AT_ONCE // len(wanted))
            named = {name: _groups(root, parts, span, rows) for name, parts in wanted.items()}
            streams.append(_of_kind(kind, named))
    return streams[0] if len(streams) == 1 else heapq.merge(*streams, key=attrgetter("at_ns"))


def _of_kind(kind: str, named: dict[str, Groups]) -> Iterator[Dated]:
    """The rows of all names of a kind."""
    if len(named) == 1:
        for name, groups in named.items():
            for frame, _ in groups:
                for first in range(0, len(frame), ROW_GROUP):
                    yield from messages(kind, repeat(name), frame[first : first + ROW_GROUP])
        return
    ahead = [_Ahead(name, groups) for name, groups in named.items()]
    while ahead:
        # What a group that is not read yet may still hold is no earlier than the last row of the one before it.
        until_ns = min((int(each.known[-1]) for each in ahead if each.more), default=FOREVER)
        yield from _merged(kind, ahead, until_ns)
        for each in ahead:
            if each.more and int(each.known[-1]) == until_ns:
                each.read()
        ahead = [each for each in ahead if len(each.known)]


class _Ahead:
    """What was read of one name and not told yet; there is no `more` once the last group is read."""

    def __init__(self, name: str, groups: Groups) -> None:
        self.name, self._groups = name, groups
        self.more = True
        self.known: Int64s = np.empty(0, dtype=np.int64)
        self._frame = pl.DataFrame()
        self.read()

    def read(self) -> None:
        """Take in the next group."""
        frame, self.more = next(self._groups, (pl.DataFrame(), False))
        if not len(frame):
            return
        self._frame = pl.concat([self._frame, frame]) if len(self.known) else frame
        self.known = _known(self._frame)

    def take(self, rows: int) -> pl.DataFrame:
        """So many of the next rows."""
        taken, self._frame, self.known = self._frame[:rows], self._frame[rows:], self.known[rows:]
        return taken


def _merged(kind: str, ahead: Sequence[_Ahead], until_ns: Nanos) -> Iterator[Dated]:
    """The rows known before then, by a stable sort of when they were known, some thousand at a time."""
    counts = [int(np.searchsorted(each.known, until_ns)) for each in ahead]
    known = np.concatenate([each.known[:count] for each, count in zip(ahead, counts)])
    whose = np.repeat(np.arange(len(ahead)), counts)[np.argsort(known, kind="stable")]
    for first in range(0, len(whose), MADE_AT_ONCE):
        of_row = whose[first : first + MADE_AT_ONCE]
        shares = enumerate(np.bincount(of_row).tolist())
        together = pl.concat([ahead[number].take(rows) for number, rows in shares if rows], rechunk=True)
        place = np.empty(len(of_row), dtype=np.int64)
        place[np.argsort(of_row, kind="stable")] = np.arange(len(of_row))
        yield from messages(kind, [ahead[number].name for number in of_row.tolist()], together[place])


def _groups(root: Path, parts: Sequence[Part], span: tuple[Nanos, Nanos], rows: int) -> Groups:
    """The rows of one name within the span, part after part; groups without any are left out."""
    from_ns, to_ns = span
    inside = [part for part in parts if part.first_ns < to_ns and part.last_ns >= from_ns]
    for part in inside:
        before_ns = part.first_ns
        for at in range(0, part.rows, rows):
            frame = _group(root, part, at, rows)
            known = _known(frame)
            if len(known) and (known[0] < before_ns or (np.diff(known) < 0).any() or known[-1] > part.last_ns):
                raise DatasetUnusable(f"{root / part.path}: its rows are not in the order in which they were known")
            before_ns = int(known[-1]) if len(known) else before_ns
            first, end = np.searchsorted(known, [from_ns, to_ns]).tolist()
            if first < end:
                yield frame[first:end], part is not inside[-1] or at + rows < part.rows


def _known(frame: pl.DataFrame) -> Int64s:
    return np.asarray(frame["at_ns"].to_numpy(), dtype=np.int64)


def _group(root: Path, part: Part, at: int, rows: int) -> pl.DataFrame:
    path = root / part.path
    try:
        frame = pl.scan_parquet(path, glob=False).slice(at, rows).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DatasetUnusable(f"{path}: {first_line(error)}") from error
    if frame.height != min(rows, part.rows - at):
        raise DatasetUnusable(f"{path}: has fewer rows than the {part.rows} that the manifest says")
    return frame
