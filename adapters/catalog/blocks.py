"""Bars of many instruments laid side by side: a bounded number of stamps at a time, NaN where there is none."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from adapters.catalog.manifest import Part
from adapters.catalog.parts import BAR_COLUMNS, Columns, read_parts
from contracts.history import BarBlock
from contracts.quantities import Nanos, Seconds, nanos

CELLS_MAX: Final = 1 << 20
"""Of one column in one block: 8 MiB, whatever the length of the history."""

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def bar_blocks(
    root: Path, parts: Mapping[str, Sequence[Part]], symbols: Sequence[str], bar_s: Seconds, span: tuple[Nanos, Nanos]
) -> Iterator[BarBlock]:
    """Blocks of the bars that close in [span), columns in the order of `symbols`; raises DatasetUnusable."""
    step_ns = max(1, CELLS_MAX // max(1, len(symbols))) * nanos(bar_s)
    for from_ns, to_ns in _windows(parts, span, step_ns):
        wanted = [
            (place, part)
            for place, symbol in enumerate(symbols)
            for part in parts.get(symbol, ())
            if part.first_ns < to_ns and part.last_ns >= from_ns
        ]
        read = read_parts(root, [part for _, part in wanted], from_ns, to_ns)
        block = _laid([place for place, _ in wanted], read, len(symbols), nanos(bar_s))
        if len(block.close_ns):
            yield block


def _windows(
    parts: Mapping[str, Sequence[Part]], span: tuple[Nanos, Nanos], step_ns: Nanos
) -> Iterator[tuple[Nanos, Nanos]]:
    """[from, to) after [from, to), none longer than the step or beyond a month, and none where nobody has a part."""
    months: dict[str, tuple[Nanos, Nanos]] = {}
    for part in (part for of_symbol in parts.values() for part in of_symbol):
        first, last = months.get(part.month, (part.first_ns, part.last_ns))
        months[part.month] = min(first, part.first_ns), max(last, part.last_ns)
    for month in sorted(months):
        first, last = months[month]
        from_ns, end_ns = max(first, span[0]), min(last + 1, span[1])
        while from_ns < end_ns:
            yield from_ns, min(from_ns + step_ns, end_ns)
            from_ns += step_ns


def _laid(places: Sequence[int], read: Sequence[Columns], width: int, bar_ns: Nanos) -> BarBlock:
    """One block: rows are the stamps that anybody has, columns stand where `places` says."""
    stamps = [columns["close_ns"] for columns in read]
    close_ns = _union(stamps, bar_ns)
    rows = [None if np.array_equal(each, close_ns) else np.searchsorted(close_ns, each) for each in stamps]
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
    return np.ascontiguousarray(table.T)


def _union(stamps: Sequence[Int64s], bar_ns: Nanos) -> Int64s:
    """All stamps once, in order; quick where they lie on a grid of the bar's length, which is the usual case."""
    held = [each for each in stamps if len(each)]
    if not held:
        return np.empty(0, dtype=np.int64)
    longest = max(held, key=len)
    if all(len(each) == len(longest) and np.array_equal(each, longest) for each in held):
        return longest
    first, last = min(int(each[0]) for each in held), max(int(each[-1]) for each in held)
    present = np.zeros((last - first) // bar_ns + 1, dtype=np.bool_)
    for each in held:
        places, beside = np.divmod(each - first, bar_ns)
        if beside.any():
            return np.unique(np.concatenate(held))
        present[places] = True
    return np.flatnonzero(present).astype(np.int64) * bar_ns + first
