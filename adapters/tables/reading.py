"""One file as a frame of its raw columns: CSV as text, Parquet and Feather with the types they carry."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from adapters.tables.errors import ForeignTable, MissingTable, UnreadableTable
from adapters.tables.feather import feather_batches
from adapters.tables.lines import check_lines
from adapters.tables.text_pieces import text_pieces

CSV: Final = (".csv", ".csv.gz", ".csv.zst", ".tsv", ".txt")
PARQUET: Final = (".parquet", ".pq")
FEATHER: Final = (".feather", ".arrow", ".ipc")
NO_VALUE: Final = ("", "NaN", "nan", "NA", "N/A", "null", "None")
"""How a CSV says that there is nothing in a cell."""

_RENAMED: Final = re.compile(r"_duplicated_\d+$")
"""What the reader appends to a name that it has seen before."""


def raw_columns(path: Path) -> pl.DataFrame:
    """The columns of the file, at least one row; names without the blanks around them.

    Raises:
        MissingTable: nothing that can be read is there.
        ForeignTable: a directory, or a file of another ending.
        UnreadableTable: damaged bytes, no rows, a column twice, or a row with more or fewer cells than the header.
    """
    name = path.name.lower()
    try:
        if path.exists() and not path.is_file():
            raise ForeignTable(f"{path}: is {'a directory' if path.is_dir() else 'no plain file'}, expected a table")
        if not path.is_file():
            raise MissingTable(f"{path}: no such file")
        if name.endswith(CSV):
            frame = _csv(path)
        elif name.endswith(PARQUET):
            frame = pl.read_parquet(path, glob=False)
        elif name.endswith(FEATHER):
            frame = pl.read_ipc(path)
        else:
            known = ", ".join((*CSV, *PARQUET, *FEATHER))
            raise ForeignTable(f"{path}: its name ends in none of {known}")
    except (pl.exceptions.PolarsError, ValueError) as error:
        if isinstance(error, UnreadableTable | MissingTable):
            raise
        raise UnreadableTable(f"{path}: {_first_line(error)}") from error
    except OSError as error:
        raise UnreadableTable(f"{path}: cannot be read: {_first_line(error)}") from error
    return _checked(path, frame)


def raw_blocks(path: Path, rows: int) -> Iterator[pl.DataFrame]:
    """The same columns, about so many rows at a time, in the order of the file; raises as `raw_columns` does."""
    name, count = path.name.lower(), 0
    if not name.endswith((*CSV, *PARQUET, *FEATHER)) or not path.is_file():
        yield raw_columns(path)
        return
    try:
        for frame in _pieces(path, name, rows):
            count += frame.height
            if frame.height:
                yield _checked(path, frame)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableTable(f"{path}: {_first_line(error)}") from error
    if not count:
        raise UnreadableTable(f"{path}: not a single row below the header")


def _pieces(path: Path, name: str, rows: int) -> Iterator[pl.DataFrame]:
    if name.endswith(CSV):
        yield from _texts(path, rows)
    elif name.endswith(PARQUET):
        yield from pl.scan_parquet(path, glob=False).collect_batches(chunk_size=rows, maintain_order=True)
    else:
        for batch in feather_batches(path):
            yield from batch.iter_slices(rows)


def _texts(path: Path, rows: int) -> Iterator[pl.DataFrame]:
    """A CSV piece by piece, each below the header; the reader itself would run ahead by half of a file."""
    separator = _separator(path)
    check_lines(path, separator)
    header = b""
    for piece in text_pieces(path, quoted=True):
        yield from _parsed(header + piece, separator).iter_slices(rows)
        header = header or _header(piece)


def _csv(path: Path) -> pl.DataFrame:
    separator = _separator(path)
    check_lines(path, separator)
    return _parsed(path, separator)


def _parsed(source: Path | bytes, separator: str) -> pl.DataFrame:
    return pl.read_csv(source, separator=separator, infer_schema=False, null_values=list(NO_VALUE), glob=False)


def _header(piece: bytes) -> bytes:
    """The first record of a text, and the blank lines before it."""
    end = 0
    while True:
        end = piece.find(b"\n", end) + 1
        if not end:
            return piece
        if piece[:end].strip() and not piece.count(b'"', 0, end) % 2:
            return piece[:end]


def _separator(path: Path) -> str:
    """What stands most often in the first line; a comma where nothing does."""
    first = next(text_pieces(path), b"")
    if not first.strip():
        raise UnreadableTable(f"{path}: is empty, expected a table")
    line = first.lstrip().partition(b"\n")[0].decode(errors="replace")
    return max((",", ";", "\t"), key=line.count)


def _checked(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    names = [_RENAMED.sub("", name.strip().removeprefix("\ufeff")) for name in frame.columns]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UnreadableTable(f"{path}: column {twice[0]!r} stands there twice, expected each once")
    if frame.height == 0:
        raise UnreadableTable(f"{path}: not a single row below the header")
    frame.columns = names
    return frame


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
