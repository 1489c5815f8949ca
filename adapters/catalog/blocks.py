"""Bars of many instruments laid side by side: a bounded number of stamps at a time, NaN where there is none."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from adapters.catalog.manifest import Part, bar_s_of
from adapters.catalog.parts import BAR_COLUMNS, ROW_GROUP, Columns, known_of, read_slices
from contracts.history import BarBlock, DatasetUnusable
from contracts.quantities import Nanos, Seconds, nanos

CELLS_MAX: Final = 1 << 20
"""Of one column in one block: 8 MiB, whatever the length of the history."""

TURNED_AT_ONCE: Final = 64
"""So many stamps of a block are turned at a time, which the caches of a processor hold."""

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class _Cursor:
    """One part under way: the place of its instrument, the next row, and when that one was known."""

    def __init__(self, root: Path, place: int, part: Part, from_ns: Nanos) -> None:
        self.root, self.place, self.part = root, place, part
        self._least_ns = nanos(bar_s_of(part.kind)) if part.regular else 1
        inside = part.first_ns < from_ns
        self.at = int(np.searchsorted(known_of(root, part), from_ns)) if inside else 0
        self.next_ns = max(part.first_ns, from_ns)

    def is_due(self, to_ns: Nanos) -> bool:
        """Whether it has rows left that were known before then."""
        return self.at < self.part.rows and self.next_ns < to_ns

    def take(self, columns: Columns, to_ns: Nanos) -> Columns:
        """The rows before `to_ns` of those that were read; raises DatasetUnusable where they are not in order."""
        close_ns = columns["close_ns"]
        if (np.diff(close_ns) <= 0).any() or close_ns[-1] > self.part.last_ns or close_ns[0] < self.next_ns:
            raise DatasetUnusable(f"{self.root / self.part.path}: its bars are not in the order of their closes")
        end = int(np.searchsorted(close_ns, to_ns))
        self.at += end
        self.next_ns = int(close_ns[end]) if end < len(close_ns) else int(close_ns[-1]) + self._least_ns
        return columns if end == len(close_ns) else {name: values[:end] for name, values in columns.items()}


def bar_blocks(
    root: Path, parts: Mapping[str, Sequence[Part]], symbols: Sequence[str], bar_s: Seconds, span: tuple[Nanos, Nanos]
) -> Iterator[BarBlock]:
    """Blocks of the bars that close in [span), columns in the order of `symbols`; raises DatasetUnusable."""
    stamps = _stamps_in_a_block(len(symbols))
    for first_ns, end_ns, months in _months(parts, span):
        places = [(place, part) for place, symbol in enumerate(symbols) for part in months.get(symbol, ())]
        cursors = [_Cursor(root, place, part, span[0]) for place, part in places]
        for from_ns in range(first_ns, end_ns, stamps * nanos(bar_s)):
            to_ns = min(from_ns + stamps * nanos(bar_s), end_ns)
            read = list(_read(root, cursors, to_ns, stamps))
            block = _laid([place for place, _ in read], [columns for _, columns in read], len(symbols), nanos(bar_s))
            if len(block.close_ns):
                yield block


def _stamps_in_a_block(width: int) -> int:
    """Whole row groups where the cells allow it, else a half, a quarter, ... of one."""
    most = max(64, CELLS_MAX // max(1, width))
    return most // ROW_GROUP * ROW_GROUP if most >= ROW_GROUP else 1 << (most.bit_length() - 1)


def _months(
    parts: Mapping[str, Sequence[Part]], span: tuple[Nanos, Nanos]
) -> Iterator[tuple[Nanos, Nanos, dict[str, list[Part]]]]:
    """Month after month: from when to when somebody has bars in the span, and whose parts they are."""
    months: dict[str, dict[str, list[Part]]] = {}
    for symbol, of_symbol in parts.items():
        for part in of_symbol:
            if part.first_ns < span[1] and part.last_ns >= span[0]:
                months.setdefault(part.month, {}).setdefault(symbol, []).append(part)
    for month in sorted(months):
        held = [part for of_symbol in months[month].values() for part in of_symbol]
        first, last = min(part.first_ns for part in held), max(part.last_ns for part in held)
        yield max(first, span[0]), min(last + 1, span[1]), months[month]


def _read(root: Path, cursors: Sequence[_Cursor], to_ns: Nanos, stamps: int) -> Iterator[tuple[int, Columns]]:
    """What every instrument has before `to_ns`; more than a bar per stamp is read in a second helping."""
    due = [cursor for cursor in cursors if cursor.is_due(to_ns)]
    while due:
        read = read_slices(root, [(cursor.part, cursor.at, stamps) for cursor in due])
        yield from ((cursor.place, cursor.take(columns, to_ns)) for cursor, columns in zip(due, read))
        due = [cursor for cursor in due if cursor.is_due(to_ns)]


def _laid(places: Sequence[int], read: Sequence[Columns], width: int, bar_ns: Nanos) -> BarBlock:
    """One block: rows are the stamps that anybody has, columns stand where `places` says."""
    stamps = [columns["close_ns"] for columns in read]
    close_ns = _union(stamps, bar_ns)
    rows = [None if _same(each, close_ns) else np.searchsorted(close_ns, each) for each in stamps]
    laid = dict.fromkeys(BAR_COLUMNS, np.full((len(close_ns), width), np.nan))
    for name in BAR_COLUMNS:
        held = [(place, row, columns[name]) for place, row, columns in zip(places, rows, read) if name in columns]
        if held:
            laid[name] = _table(held, width, len(close_ns))
    return BarBlock(close_ns, *(laid[name] for name in BAR_COLUMNS))


def _table(held: Sequence[tuple[int, Int64s | None, Floats]], width: int, length: int) -> Floats:
    """One column of a block, (length, width); filled along time, then turned, which is the quicker way."""
    whole = len(held) == width and all(row is None for _, row, _ in held)
    table = np.empty((width, length)) if whole else np.full((width, length), np.nan)
    for place, row, values in held:
        if row is None:
            table[place] = values
        else:
            table[place, row] = values
    turned = np.empty((length, width))
    for first in range(0, length, TURNED_AT_ONCE):
        turned[first : first + TURNED_AT_ONCE] = table[:, first : first + TURNED_AT_ONCE].T
    return turned


def _union(stamps: Sequence[Int64s], bar_ns: Nanos) -> Int64s:
    """All stamps once, in order; quick where they lie on a grid of the bar's length, which is the usual case."""
    held = [each for each in stamps if len(each)]
    if not held:
        return np.empty(0, dtype=np.int64)
    longest = max(held, key=len)
    if all(_same(each, longest) for each in held):
        return longest
    first, last = min(int(each[0]) for each in held), max(int(each[-1]) for each in held)
    present = np.zeros((last - first) // bar_ns + 1, dtype=np.bool_)
    for each in held:
        places, beside = np.divmod(each - first, bar_ns)
        if beside.any():
            return np.unique(np.concatenate(held))
        present[places] = True
    return np.flatnonzero(present).astype(np.int64) * bar_ns + first


def _same(left: Int64s, right: Int64s) -> bool:
    return len(left) == len(right) and bool((left == right).all())
