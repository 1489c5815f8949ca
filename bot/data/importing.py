"""Taking files of bars into a data set: all of them, or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from adapters.catalog.manifest import Manifest, Part, Repair, Source, Terms, bars_kind
from adapters.catalog.months import file_under
from adapters.catalog.naming import symbol_of
from adapters.catalog.parts import file_digest
from adapters.catalog.peeking import refuse_nothing
from adapters.catalog.sources import BarRows, read_bars
from adapters.catalog.staging import Staging
from adapters.catalog.terms import FOR_ALL, said_of
from adapters.tables.errors import BadTable, MissingTable
from bot.data.judging import Rows, Told, repaired, told
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos, Seconds, nanos
from quant.checking import PRICES, check_bars
from quant.sessions import Calendar
from quant.steps import decimal_step

Advance = Callable[[int], None]
FOREVER_NS: Final = 2**62
DERIVED: Final = "derived"
"""Instead of a tick: the coarsest power of ten that all prices seen are multiples of."""

PROBLEMS_TOLD: Final = 20
STEPS_JUDGED: Final = 10
"""From how many distances between rows on they show that bars are longer than was said."""


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
class SaidTerms:
    """What the user says of instruments: for all, in a file by symbol, and whether ticks are derived from prices."""

    flags: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    tick_derived: bool = False

    def of(self, symbol: str, present: Terms | None, tick: Decimal | None) -> Terms:
        """What is known of one now, the finer tick where one was derived before; raises DatasetUnusable."""
        before = present.tick if present is not None else None
        ticks = [each for each in (tick, before) if each is not None]
        derived = {"tick": min(ticks)} if self.tick_derived and ticks else {}
        return said_of(symbol, present, derived, self.flags, self.tables.get(FOR_ALL, {}), self.tables.get(symbol, {}))


@dataclass
class Imported:
    """What came of an import: the data set as it is now, what was found, and how many rows were new."""

    manifest: Manifest
    findings: list[Told]
    rows: int
    skipped: int


Take = Callable[[Staging, Source, Path, Imported], None]


def import_bars(
    sources: Sequence[Path],
    target: Path,
    reading: BarReading,
    said: SaidTerms,
    advance: Advance,
    *,
    restart: bool = False,
) -> Imported:
    """Files of bars into the data set at `target`; `advance` is told the bytes of each file that is in.

    Raises MissingTable, or DatasetUnusable naming file, row and column; the data set is then as it was.
    """
    if reading.repair and target.exists():
        raise DatasetUnusable(f"{target}: --repair only writes a new data set, and this one is there; name another")

    def take(staging: Staging, source: Source, path: Path, result: Imported) -> None:
        _take_bars(staging, source, path, reading, said, result)

    return import_sources(sources, target, take, repr(reading), advance, restart=restart)


def import_sources(
    sources: Sequence[Path], target: Path, take: Take, reading: str, advance: Advance, *, restart: bool
) -> Imported:
    """Sources one after the other through `take`; those that are in already, read in the same way, are passed over.

    A source that is refused leaves the data set as it was. One that is interrupted leaves what came before it for the
    next attempt, which must name the same. Raises MissingTable or DatasetUnusable; OSError where the disk is full.
    """
    try:
        listed = [(path, source_of(path, reading)) for path in sources]
    except BadTable as error:
        raise _as_refusal(error) from error
    with Staging(target) as staging:
        if restart:
            staging.restart()
        staging.refuse_others([source for _, source in listed])
        result = Imported(staging.manifest, [], 0, 0)
        try:
            for path, source in listed:
                if staging.has(source):
                    result.skipped += 1
                else:
                    take(staging, source, path, result)
                advance(bytes_of(path))
        except OSError:
            raise
        except Exception as error:
            staging.abandon()
            if isinstance(error, BadTable):
                raise _as_refusal(error) from error
            raise
        staging.land()
        result.manifest = staging.manifest
        return result


def _as_refusal(error: BadTable) -> Exception:
    """A table that cannot be read is bad data; one that is not there is not found."""
    return error if isinstance(error, MissingTable) else DatasetUnusable(str(error))


def source_of(path: Path, reading: str) -> Source:
    """What a file, or the journal of a run, is known by: its bytes, and how it is read; raises BadTable."""
    if not path.is_dir():
        refuse_nothing(path)
    try:
        files = sorted(path.rglob("*.seg")) if path.is_dir() else [path]
        digests = [file_digest(each) for each in files]
    except OSError as error:
        raise DatasetUnusable(f"{path}: cannot be read: {error.strerror}") from error
    return Source(
        path=path.name, sha256=digests[0] if len(digests) == 1 else "+".join(digests), reading=reading, rows=0
    )


def bytes_of(path: Path) -> int:
    """How much there is to read."""
    return (
        sum(each.stat().st_size for each in path.rglob("*") if each.is_file()) if path.is_dir() else path.stat().st_size
    )


def _take_bars(
    staging: Staging, source: Source, path: Path, reading: BarReading, said: SaidTerms, result: Imported
) -> None:
    """One file: read, judge, file under its months, note."""
    rows, bar_s = read_source(path, reading)
    close_ns = rows.at_ns + (nanos(bar_s) if rows.stamped == "open" else 0)
    wanted = (close_ns >= (reading.from_ns or 0)) & (close_ns < (reading.to_ns or FOREVER_NS))
    if not wanted.any():
        raise DatasetUnusable(f"{path}: none of its {len(rows):,} rows closes in the range that was asked for")
    parts: list[Part] = []
    repairs: list[Repair] = []
    terms, problems, taken = [], [], 0
    for place, symbol in enumerate(rows.symbols):
        bars = rows_of(rows, close_ns, np.flatnonzero(wanted & (rows.who == place)), place)
        findings = check_bars(bars.close_ns, bars.columns, nanos(bar_s), reading.calendar)
        result.findings += told(bars, findings)
        problems += [each for each in told(bars, findings) if each.level == "error"]
        if problems and not reading.repair:
            continue
        kept, changed = repaired(bars, findings)
        repairs += changed
        taken += len(kept)
        if len(kept):
            columns = {"close_ns": bars.close_ns[kept]} | {name: each[kept] for name, each in bars.columns.items()}
            parts += file_under(staging, bars_kind(bar_s), symbol, columns)
        terms.append(said.of(symbol, staging.manifest.terms().get(symbol), _tick(bars, said)))
    if problems and not reading.repair:
        raise refusal(str(path), problems)
    result.rows += taken
    staging.note(msgspec.structs.replace(source, rows=taken, said=rows.said), parts, terms, repairs)


def read_source(path: Path, reading: BarReading) -> tuple[BarRows, Seconds]:
    """The rows of a file and the length of its bars; raises BadTable or DatasetUnusable."""
    rows = read_bars(path, reading.symbol, reading.ignored, any_zone=reading.repair)
    if rows.layout == "one symbol" and reading.symbol is None:
        rows = replace(rows, symbols=(symbol_of(path),))
    steps_ns, counts = _steps(rows)
    usual_s = float(steps_ns[np.argmax(counts)]) / 1e9 if len(steps_ns) else 0.0
    bar_s = reading.bar_s or usual_s
    if not bar_s:
        raise DatasetUnusable(f"{path}: a single row does not say how long a bar is; say it with --bar")
    if 0 < usual_s < bar_s:
        raise DatasetUnusable(f"{path}: its rows lie {usual_s:g} s apart, expected {bar_s:g} s: bars do not overlap")
    common_ns = int(np.gcd.reduce(steps_ns)) if counts.sum() >= STEPS_JUDGED else 0
    if common_ns > nanos(bar_s):
        apart = f"{common_ns / 1e9:.15g}"
        raise DatasetUnusable(
            f"{path}: all its rows lie multiples of {apart} s apart, expected {bar_s:g} s: as shorter bars they would "
            f"count as known before they closed; give --bar {apart}s"
        )
    return rows, bar_s


def rows_of(rows: BarRows, close_ns: Any, mine: Any, place: int) -> Rows:
    """The rows of one instrument."""
    return Rows(
        file=str(rows.path),
        symbol=rows.symbols[place],
        close_ns=close_ns[mine],
        columns={name: values[mine] for name, values in rows.columns.items()},
        names=rows.names,
        rows=rows.rows[mine],
    )


def refusal(what: str, problems: Sequence[Told]) -> DatasetUnusable:
    """The refusal of rows with errors in them."""
    lines = tuple(each.line() for each in problems[:PROBLEMS_TOLD])
    count = sum(each.count for each in problems)
    more = (f"and {len(problems) - len(lines)} more kinds",) if len(problems) > len(lines) else ()
    return DatasetUnusable(
        f"{what}: {count} errors; nothing was imported, `--repair` would write a new data set without those rows",
        lines + more,
    )


def _steps(rows: BarRows) -> tuple[Any, Any]:
    """The distances between neighbouring rows of one instrument, in ns, each once, and how often each is met."""
    order = np.lexsort((rows.at_ns, rows.who))
    steps = np.diff(rows.at_ns[order])[np.diff(rows.who[order]) == 0]
    return np.unique(steps[steps > 0], return_counts=True)


def _tick(bars: Rows, said: SaidTerms) -> Decimal | None:
    """The step of these prices, where ticks are to be derived and they lie on one."""
    if not said.tick_derived:
        return None
    prices = [bars.columns[name] for name in PRICES if name in bars.columns]
    decimals = decimal_step(np.concatenate(prices))
    return None if decimals is None else Decimal(1).scaleb(-decimals)
