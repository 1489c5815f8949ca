"""The tables of a run on disk: whole or not there, and never those of a shorter journal.

RUN/records/*.parquet      one file for each table
RUN/records/records.json   what they were made of; written with them, so that it cannot say more than they hold
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from adapters.records.columns import Table, frame_of, read, written
from adapters.records.rows import TABLES, Row

FORMAT: Final = 3
"""Grows when a table gets other columns, or the same ones other contents."""

FILE: Final = "records.json"
DIRECTORY: Final = "records"
PRIVATE: Final = 0o700


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What tables were made of: where the journal ended (`stamp`), how many messages of it were read.

    `thin` says that the journal keeps decisions alone, `lacks` what for that reason, or for another, is not there.
    """

    format: int = FORMAT
    run: str
    stamp: str
    messages: int
    currency: str
    thin: bool
    lacks: tuple[str, ...]
    rows: dict[str, int]


class RecordFiles:
    """The directory of the tables of one run."""

    def __init__(self, run: Path) -> None:
        self.directory = run / DIRECTORY

    def made(self) -> Made | None:
        """What the tables were made of; None where there are none, or of another format."""
        try:
            found = msgspec.json.decode((self.directory / FILE).read_bytes(), type=Made)
        except (OSError, msgspec.DecodeError):
            return None
        return found if found.format == FORMAT else None

    def table(self, name: str) -> Table:
        """One table; raises OSError or ValueError where it is not there or damaged."""
        return read(self.directory / f"{name}.parquet")

    def keep(self, made: Made, tables: Mapping[str, Iterable[Row]]) -> None:
        """Put all tables in the place of those there are; raises OSError where the disk does not take them."""
        beside = Path(tempfile.mkdtemp(prefix=f".{DIRECTORY}-", dir=self.directory.parent))
        try:
            for name, kind in TABLES.items():
                written(beside / f"{name}.parquet", frame_of(kind, tables[name]))
            (beside / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(made)) + b"\n")
            self._land(beside)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def _land(self, beside: Path) -> None:
        """Two renames; whoever reads between them finds nothing and makes the tables again."""
        old = beside.with_name(f"{beside.name}.old")
        if self.directory.exists():
            os.replace(self.directory, old)
        try:
            os.replace(beside, self.directory)
        finally:
            shutil.rmtree(old, ignore_errors=True)


def stamp_of(run: Path) -> str:
    """Where a journal ends, as far as its files say: another text once it has grown."""
    segments = sorted((run / "journal").glob("*.seg"))
    if not segments:
        return ""
    last = segments[-1].stat()
    return f"{segments[-1].name}:{last.st_size}:{last.st_mtime_ns}"
