"""Taking files into a data set: all of them, or nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from adapters.catalog.manifest import Manifest, Source, Terms, bars_kind
from adapters.catalog.months import file_under
from adapters.catalog.parts import Columns, file_digest
from adapters.catalog.sources import BarRows, read_bars
from adapters.catalog.staging import Staging
from adapters.tables.errors import BadTable, MissingTable
from contracts.quantities import Nanos, Seconds, nanos

Advance = Callable[[int], None]


@dataclass(frozen=True)
class BarReading:
    """How files of bars are read: their length in seconds (0: as the rows lie), which of them, and whose they are."""

    bar_s: Seconds = 0.0
    from_ns: Nanos | None = None
    to_ns: Nanos | None = None
    symbol: str | None = None
    ignored: tuple[str, ...] = ()


def import_bars(
    sources: Sequence[Path], target: Path, reading: BarReading, terms: Iterable[Terms], advance: Advance
) -> Manifest:
    """Files of bars into the data set at `target`; `advance` is told after each file.

    Raises BadTable, MissingTable or DatasetUnusable; the data set is then as it was.
    """
    with Staging(target) as staging:
        for path in sources:
            source = _source(path, reading)
            if not staging.has(source):
                _take_bars(staging, source, path, reading)
            advance(1)
        staging.note(None, (), terms)
        staging.land()
        return staging.manifest


def _source(path: Path, reading: BarReading) -> Source:
    try:
        digest = file_digest(path)
    except FileNotFoundError:
        raise MissingTable(f"{path}: no such file") from None
    return Source(path=path.name, sha256=digest, reading=repr(reading), rows=0)


def _take_bars(staging: Staging, source: Source, path: Path, reading: BarReading) -> None:
    rows = read_bars(path, reading.symbol, reading.ignored)
    bar_s = reading.bar_s or usual_bar_s(rows)
    if not bar_s:
        raise BadTable(f"{path}: a single row does not say how long a bar is; say it with --bar")
    close_ns = rows.at_ns + (nanos(bar_s) if rows.stamped == "open" else 0)
    wanted = (close_ns >= (reading.from_ns or 0)) & (close_ns < (reading.to_ns or 2**62))
    if not wanted.any():
        raise BadTable(f"{path}: none of its {len(rows)} rows closes in the range that was asked for")
    parts = []
    for place, symbol in enumerate(rows.symbols):
        mine = np.flatnonzero(wanted & (rows.who == place))
        mine = mine[np.argsort(close_ns[mine], kind="stable")]
        if len(mine):
            columns: Columns = {"close_ns": close_ns[mine]} | {
                name: values[mine] for name, values in rows.columns.items()
            }
            parts += file_under(staging, bars_kind(bar_s), symbol, columns)
    known = staging.manifest.terms()
    terms = [known.get(symbol, Terms(symbol=symbol)) for symbol in rows.symbols]
    staging.note(msgspec.structs.replace(source, rows=int(wanted.sum()), said=rows.said), parts, terms)


def usual_bar_s(rows: BarRows) -> Seconds:
    """The most usual distance between two rows of one instrument, in seconds; 0 where nobody has two."""
    order = np.lexsort((rows.at_ns, rows.who))
    steps = np.diff(rows.at_ns[order])[np.diff(rows.who[order]) == 0]
    steps = steps[steps > 0]
    if not len(steps):
        return 0.0
    lengths, counts = np.unique(steps, return_counts=True)
    return float(lengths[np.argmax(counts)]) / 1e9
