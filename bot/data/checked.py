"""Checking a file before it is imported, and a data set as it lies: every row, every byte."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.catalog.manifest import bar_s_of, is_bars, read_manifest
from adapters.catalog.parts import damages
from adapters.tables.errors import BadTable, MissingTable
from bot.data.judging import Told
from bot.data.stored import stored_blocks
from bot.data.taking import BarReading, taken
from bot.data.tallying import Tally, judged
from contracts.history import DatasetUnusable
from contracts.quantities import nanos
from quant.checking_blocks import check_blocks
from quant.sessions import Calendar


@dataclass
class Checked:
    """How many rows were looked at, and what was found."""

    rows: int
    findings: list[Told]


def check_file(path: Path, reading: BarReading) -> Checked:
    """All rows of a file of bars; raises MissingTable or DatasetUnusable where it cannot be read."""
    with TemporaryDirectory(prefix="bot-data-check-") as directory:
        try:
            rows = taken(path, reading, Path(directory) / "rows")
        except MissingTable:
            raise
        except BadTable as error:
            raise DatasetUnusable(str(error)) from error
        found = Checked(rows.rows, [])
        for place in range(len(rows.symbols)):
            found.findings += judged(rows, place, reading.calendar)
    return found


def refuse_damaged(directory: Path) -> None:
    """Compare every byte of a data set with its manifest; raises DatasetUnusable naming what is missing or altered."""
    manifest = read_manifest(directory)
    damaged = damages(directory, manifest.parts)
    if damaged:
        raise DatasetUnusable(f"data set {manifest.name} is damaged", damaged)


def check_dataset(directory: Path, calendar: Calendar | None, advance: Callable[[int], None]) -> Checked:
    """All parts of a data set, byte by byte against the manifest, and the bars of each instrument as one history."""
    manifest = read_manifest(directory)
    refuse_damaged(directory)
    found = Checked(sum(part.rows for part in manifest.parts), [])
    for kind in sorted({part.kind for part in manifest.parts if is_bars(part.kind)}):
        bar_ns = nanos(bar_s_of(kind))
        for symbol, parts in manifest.of_kind(kind).items():
            tally = Tally(f"{manifest.name}/{kind}", symbol, {}, numbered=False)
            for block in stored_blocks(directory, parts):
                tally.arrive(block)
                advance(len(block.close_ns))
            for block, findings in check_blocks(partial(stored_blocks, directory, parts), bar_ns, calendar):
                tally.add(block, findings)
            found.findings += tally.told()
    return found
