"""Taking trades, quotes, books, funding and context into a data set: from tables, recordings and journals of runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from adapters.catalog.manifest import KINDS, Part, Source, Terms
from adapters.catalog.months import file_pieces
from adapters.catalog.row_sources import Grid, TableKind, TableReading, read_rows
from adapters.catalog.rows import symbol_of_name
from adapters.catalog.spooled_rows import SpooledRows
from adapters.catalog.staging import Staging
from adapters.catalog.stamps import OtherForm
from adapters.tables.reading import CSV, FEATHER, PARQUET
from bot.data.gathering import Gathering
from bot.data.importing import Advance, Imported, SaidTerms, import_sources
from bot.data.recordings import Told, is_run
from bot.data.taking import ROWS_AT_ONCE, within
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos

TABLE_KINDS: Final[dict[str, TableKind]] = {
    "trades": "trades",
    "quotes": "quotes",
    "funding": "funding",
    "context": "context",
}
TABLES: Final = (*CSV, *PARQUET, *FEATHER)


@dataclass(frozen=True)
class RowReading:
    """Which rows are taken: of which kinds (all of a recording or run where none is named), and from when to when."""

    kinds: frozenset[str] = frozenset(KINDS)
    from_ns: Nanos | None = None
    to_ns: Nanos | None = None
    table: TableReading = field(default_factory=TableReading)

    @property
    def span(self) -> tuple[Nanos, Nanos]:
        """[from, to)."""
        return within(self.from_ns, self.to_ns)


def import_rows(
    sources: Sequence[Path],
    target: Path,
    reading: RowReading,
    said: SaidTerms,
    advance: Advance,
    *,
    restart: bool = False,
) -> Imported:
    """Files of rows, recordings and runs into the data set at `target`.

    Raises MissingTable, DatasetUnusable, BadRecording or JournalDamaged; the data set is then as it was.
    """

    def take(staging: Staging, source: Source, path: Path, result: Imported) -> None:
        if is_table(path):
            _take_table(staging, source, path, reading, said, result)
        else:
            _take_told(staging, source, path, reading, said, result)

    read_as = f"{sorted(reading.kinds)} {reading.span} {reading.table}"
    return import_sources(sources, target, take, lambda path: read_as, advance, restart=restart)


def is_table(path: Path) -> bool:
    """Whether a file is a table by its name; recordings are compressed lines and have other names."""
    name = path.name.lower()
    return path.is_file() and name.endswith(TABLES)


def _take_told(
    staging: Staging, source: Source, path: Path, reading: RowReading, terms: SaidTerms, result: Imported
) -> None:
    """A recording, or the journal of a run."""
    told, gathering = Told(), Gathering(staging, *reading.span, reading.kinds)
    gathering.take(told.journal(path) if is_run(path) else told.recording(path))
    if not gathering.count:
        raise DatasetUnusable(f"{path}: not a row of {', '.join(sorted(reading.kinds))} in the range asked for")
    for universe in told.universes:
        gathering.know(universe)
    said = tuple(
        f"{count} {what}"
        for what, count in (("unreadable frames", told.malformed), ("changes of void books", told.refused))
        if count
    )
    result.rows += gathering.count
    gathering.done(msgspec.structs.replace(source, rows=gathering.count, said=said), terms)


def _take_table(
    staging: Staging, source: Source, path: Path, reading: RowReading, said: SaidTerms, result: Imported
) -> None:
    if len(reading.kinds) != 1:
        raise DatasetUnusable(f"{path}: a table holds rows of one kind; say which with --kind")
    kind = next(iter(reading.kinds))
    table_kind = TABLE_KINDS.get(kind)
    if table_kind is None:
        raise DatasetUnusable(f"{path}: {kind} come from recordings and journals, not from tables")
    rows = SpooledRows(path, staging.root / ".rows", table_kind)
    known, terms, parts = staging.manifest.terms(), dict[str, Terms](), list[Part]()

    def grid(symbol: str) -> Terms:
        if symbol not in terms:
            terms[symbol] = said.of(symbol, known.get(symbol), None)
        return terms[symbol]

    try:
        _gather(rows, path, table_kind, reading, grid)
        if not rows.count:
            raise DatasetUnusable(f"{path}: none of its rows was known in the range that was asked for")
        for name in rows.names():
            parts += file_pieces(staging, kind, name, rows.frames(name))
    finally:
        rows.close()
    about = [symbol_of_name(kind, name) for name in rows.names()]
    known_terms = [terms.get(each, known.get(each, Terms(symbol=each))) for each in dict.fromkeys(about) if each]
    result.rows += rows.count
    staging.note(msgspec.structs.replace(source, rows=rows.count), parts, known_terms)


def _gather(rows: SpooledRows, path: Path, kind: TableKind, reading: RowReading, grid: Grid) -> None:
    """All rows of a file that were asked for, read some at a time, or together where only that tells what they are."""
    try:
        for some in read_rows(path, kind, reading.table, grid, ROWS_AT_ONCE):
            rows.add(some, *reading.span)
    except OtherForm:
        rows.restart()
        for some in read_rows(path, kind, reading.table, grid, None):
            rows.add(some, *reading.span)
