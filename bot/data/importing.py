"""Taking files of bars into a data set: all of them, or nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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
from adapters.catalog.staging import Staging
from adapters.catalog.terms import FOR_ALL, said_of
from adapters.tables.errors import BadTable, MissingTable
from bot.data.judging import Told, repairs_of
from bot.data.stored import by_month
from bot.data.taking import FOREVER_NS as FOREVER_NS
from bot.data.taking import BarReading as BarReading
from bot.data.taking import Taken, taken
from bot.data.tallying import judged
from contracts.history import DatasetUnusable
from contracts.quantities import nanos
from quant.checking import PRICES, faulty, row_findings
from quant.checking_blocks import Block
from quant.steps import decimal_step_of

Advance = Callable[[int], None]
DERIVED: Final = "derived"
"""Instead of a tick: the coarsest power of ten that all prices seen are multiples of."""

PROBLEMS_TOLD: Final = 20


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

    def said_by(path: Path) -> str:
        """A file that does not say whose bars it holds is another one under another name."""
        return f"{reading!r} {symbol_of(path)}" if reading.symbol is None else repr(reading)

    return import_sources(sources, target, take, said_by, advance, restart=restart)


def import_sources(
    sources: Sequence[Path],
    target: Path,
    take: Take,
    reading: Callable[[Path], str],
    advance: Advance,
    *,
    restart: bool,
) -> Imported:
    """Sources one after the other through `take`; those that are in already, read in the same way, are passed over.

    A source that is refused leaves the data set as it was. One that is interrupted leaves what came before it for the
    next attempt, which must name the same. Raises MissingTable or DatasetUnusable; OSError where the disk is full.
    """
    try:
        listed = [(path, source_of(path, reading(path))) for path in sources]
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
    rows = taken(path, reading, staging.root / ".rows")
    try:
        if not rows.has_any():
            raise DatasetUnusable(f"{path}: none of its {rows.rows:,} rows closes in the range that was asked for")
        _file(staging, source, rows, reading, said, result)
    finally:
        rows.spool.close()


def _file(
    staging: Staging, source: Source, rows: Taken, reading: BarReading, said: SaidTerms, result: Imported
) -> None:
    parts: list[Part] = []
    repairs: list[Repair] = []
    terms, problems, count, new = [], [], 0, 0
    for place, symbol in enumerate(rows.symbols):
        found = judged(rows, place, reading.calendar)
        result.findings += found
        problems += [each for each in found if each.level == "error"]
        if problems and not reading.repair:
            continue
        repairs += repairs_of(found)
        for month in by_month(_kept(rows, place)):
            count += len(month.rows)
            written = file_under(staging, bars_kind(rows.bar_s), symbol, {"close_ns": month.close_ns} | month.columns)
            before = (staging.part(part.kind, part.name, part.month) for part in written)
            new += sum(part.rows for part in written) - sum(part.rows for part in before if part is not None)
            parts += written
        terms.append(said.of(symbol, staging.manifest.terms().get(symbol), _tick(rows, place, said)))
    if problems and not reading.repair:
        raise refusal(str(rows.path), problems)
    result.rows += new
    staging.note(msgspec.structs.replace(source, rows=count, said=rows.said), parts, terms, repairs)


def _kept(rows: Taken, place: int) -> Iterator[Block]:
    """The bars of an instrument in order of time, without those that are errors."""
    for block in rows.blocks(place):
        out = faulty(row_findings(block.close_ns, block.columns, nanos(rows.bar_s), 0), len(block.rows))
        yield block.taken(np.flatnonzero(~out)) if out.any() else block


def refusal(what: str, problems: Sequence[Told]) -> DatasetUnusable:
    """The refusal of rows with errors in them."""
    lines = tuple(each.line() for each in problems[:PROBLEMS_TOLD])
    count = sum(each.count for each in problems)
    more = (f"and {len(problems) - len(lines)} more kinds",) if len(problems) > len(lines) else ()
    return DatasetUnusable(
        f"{what}: {count} errors; nothing was imported, `--repair` would write a new data set without those rows",
        lines + more,
    )


def _tick(rows: Taken, place: int, said: SaidTerms) -> Decimal | None:
    """The step of these prices, where ticks are to be derived and they lie on one."""
    if not said.tick_derived:
        return None
    decimals = decimal_step_of(
        lambda: (values for block in rows.blocks(place) for name, values in block.columns.items() if name in PRICES)
    )
    return None if decimals is None else Decimal(1).scaleb(-decimals)
