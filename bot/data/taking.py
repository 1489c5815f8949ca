"""A file of bars, read some rows at a time and laid aside: then its instruments come one by one, in order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from adapters.catalog.naming import symbol_of
from adapters.catalog.sources import BarRows, bars_in_blocks, read_bars
from adapters.catalog.spool import Spool, Spooled
from adapters.catalog.stamps import OtherForm
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos, Seconds, nanos
from quant.checking_blocks import Block
from quant.sessions import Calendar

FOREVER_NS: Final = 2**62
ROWS_AT_ONCE: Final = 100_000
DAY_S: Final = 86_400.0
STEPS_JUDGED: Final = 10
"""From how many distances between rows on they show that bars are longer than was said."""

ALIKE: Final = 0.25
"""Distances that differ by no more of their median are alike, as those of weeks and months are."""

MOST: Final = 0.75
"""Of a market that trades by chance a sixth of the distances are alike, whatever their mean."""


@dataclass(frozen=True)
class BarReading:
    """How files of bars are read: their length in seconds (0: as the rows lie), which of them, and whose they are."""

    bar_s: Seconds = 0.0
    from_ns: Nanos | None = None
    to_ns: Nanos | None = None
    symbol: str | None = None
    ignored: tuple[str, ...] = ()
    calendar: Calendar | None = None
    repair: bool = False


@dataclass(frozen=True)
class Taken:
    """The rows of a file, by instrument; `bar_s` is the length of its bars."""

    path: Path
    symbols: tuple[str, ...]
    names: dict[str, str]
    said: tuple[str, ...]
    rows: int
    bar_s: Seconds
    spool: Spool
    closes_behind_ns: Nanos
    span_ns: tuple[Nanos, Nanos]

    def blocks(self, place: int) -> Iterator[Block]:
        """The bars of an instrument that were asked for, in order of time."""
        for each in self.spool.blocks(place):
            block = self._wanted(each.at_ns, each.rows, each.columns)
            if len(block.rows):
                yield block

    def arrived(self, place: int) -> Iterator[Block]:
        """The same as they lie in the file, without values."""
        for at_ns, rows in self.spool.arrived(place):
            block = self._wanted(at_ns, rows, {})
            if len(block.rows):
                yield block

    def has_any(self) -> bool:
        """Whether any row was asked for."""
        return any(True for place in range(len(self.symbols)) for _ in self.arrived(place))

    def _wanted(self, at_ns: Any, rows: Any, columns: dict[str, Any]) -> Block:
        block = Block(at_ns + self.closes_behind_ns, columns, rows)
        inside = (block.close_ns >= self.span_ns[0]) & (block.close_ns < self.span_ns[1])
        return block if inside.all() else block.taken(np.flatnonzero(inside))


def within(from_ns: Nanos | None, to_ns: Nanos | None) -> tuple[Nanos, Nanos]:
    """[from, to) of what may be said; what is not said cuts nothing, also not what was before 1970."""
    return -FOREVER_NS if from_ns is None else from_ns, FOREVER_NS if to_ns is None else to_ns


def taken(path: Path, reading: BarReading, directory: Path) -> Taken:
    """Read a file, holding so many rows; the rest lies in `directory`. Raises BadTable or DatasetUnusable."""
    try:
        return _taken(path, reading, Spool(directory), ROWS_AT_ONCE)
    except OtherForm:
        return _taken(path, reading, Spool(directory), None)


def _taken(path: Path, reading: BarReading, spool: Spool, rows_at_once: int | None) -> Taken:
    options = (reading.symbol, reading.ignored, reading.repair)
    if rows_at_once is None:
        read: Iterator[BarRows] = iter((read_bars(path, *options),))
    else:
        read = bars_in_blocks(path, *options, rows_at_once)
    places: dict[str, int] = {}
    count = 0
    for rows in read:
        for place, symbol in enumerate(rows.symbols):
            mine = np.flatnonzero(rows.who == place) if len(rows.symbols) > 1 else np.arange(len(rows))
            symbol = symbol_of(path) if rows.layout == "one symbol" and reading.symbol is None else symbol
            columns = {name: values[mine] for name, values in rows.columns.items()}
            if len(mine):
                spool.add(places.setdefault(symbol, len(places)), Spooled(rows.at_ns[mine], rows.rows[mine], columns))
            places.setdefault(symbol, len(places))
        count += len(rows)
    bar_s = _length(path, reading, spool, len(places))
    behind_ns = nanos(bar_s) if rows.stamped == "open" else 0
    span_ns = within(reading.from_ns, reading.to_ns)
    return Taken(path, tuple(places), rows.names, rows.said, count, bar_s, spool, behind_ns, span_ns)


def _length(path: Path, reading: BarReading, spool: Spool, instruments: int) -> Seconds:
    """How long a bar is; raises DatasetUnusable where the rows do not say, or contradict what was said."""
    steps_ns, counts = _steps(spool, instruments)
    usual_s = float(steps_ns[np.argmax(counts)]) / 1e9 if len(steps_ns) else 0.0
    bar_s = reading.bar_s or usual_s
    if not bar_s:
        raise DatasetUnusable(f"{path}: a single row does not say how long a bar is; say it with --bar")
    if 0 < usual_s < bar_s:
        raise DatasetUnusable(f"{path}: its rows lie {usual_s:g} s apart, expected {bar_s:g} s: bars do not overlap")
    if counts.sum() >= STEPS_JUDGED:
        _refuse_longer(path, steps_ns, counts, bar_s)
    return bar_s


def _refuse_longer(path: Path, steps_ns: Any, counts: Any, bar_s: Seconds) -> None:
    """Raise DatasetUnusable where the distances between rows are those of longer bars."""
    common_ns = int(np.gcd.reduce(steps_ns))
    median_ns = int(steps_ns[np.searchsorted(np.cumsum(counts), counts.sum() / 2)])
    alike = int(counts[np.abs(steps_ns - median_ns) <= ALIKE * median_ns].sum())
    if common_ns > nanos(bar_s):
        found, apart_ns = "all its rows lie multiples of", common_ns
    elif median_ns >= 2 * nanos(bar_s) and alike >= MOST * counts.sum():
        found, apart_ns = f"{alike:,} of {counts.sum():,} distances between its rows are about", median_ns
    else:
        return
    apart, expected = _length_text(apart_ns / 1e9), _length_text(bar_s)
    raise DatasetUnusable(
        f"{path}: {found} {apart}, expected {expected}: as shorter bars they would count as known before they closed; "
        f"give --bar {apart}"
    )


def _length_text(length_s: Seconds) -> str:
    """As `--bar` takes it."""
    days = length_s / DAY_S
    return f"{days:.0f}d" if days.is_integer() else f"{length_s:.15g}s"


def _steps(spool: Spool, instruments: int) -> tuple[Any, Any]:
    """The distances between neighbouring rows of one instrument, in ns, each once, and how often each is met."""
    met: dict[int, int] = {}
    for place in range(instruments):
        last = np.empty(0, dtype=np.int64)
        for block in spool.blocks(place):
            steps, counts = np.unique(np.diff(np.append(last, block.at_ns)), return_counts=True)
            last = block.at_ns[-1:]
            for step, count in zip(steps.tolist(), counts.tolist(), strict=True):
                met[step] = met.get(step, 0) + count
    met.pop(0, None)
    steps_ns = np.array(sorted(met), dtype=np.int64)
    return steps_ns, np.array([met[step] for step in steps_ns.tolist()], dtype=np.int64)
