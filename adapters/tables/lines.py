"""The lines of a CSV before they are taken apart: each has as many cells as the header, and is text."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from adapters.tables.errors import UnreadableTable

_NO_TEXT: Final = "\ufffd"
"""What stands where bytes were that are no UTF-8."""


def check_lines(path: Path, separator: str) -> None:
    """Refuse a table that would be read askew; raises UnreadableTable naming the first such row, counted from 1.

    A blank line is no row with too few cells; what it means is for whoever reads the cells.
    """
    lines = _lines(path)
    broken = lines.str.contains(_NO_TEXT, literal=True).fill_null(False)
    if broken.any():
        raise UnreadableTable(f"{path}: {_place(int(broken.arg_max() or 0))} has bytes that are no UTF-8 text")
    if lines.str.contains('"', literal=True).any():
        _check_quoted(path, lines, separator)
        return
    cells = lines.str.count_matches(separator, literal=True) + 1
    wrong = ((cells != cells[0]) & (lines.str.strip_chars() != "")).fill_null(False)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise _askew(path, row, int(cells[row]), int(cells[0]))


def _lines(path: Path) -> pl.Series:
    frame = pl.read_csv(
        path,
        separator="\x1f",
        quote_char=None,
        has_header=False,
        infer_schema=False,
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
        glob=False,
    )
    return frame.to_series()


def _check_quoted(path: Path, lines: pl.Series, separator: str) -> None:
    """The same where quotes may hold separators and ends of lines; a record counts as one row."""
    wanted, row = 0, -1
    try:
        for row, cells in enumerate(csv.reader(_texts(lines), delimiter=separator, strict=True)):
            wanted = wanted or len(cells)
            if cells and len(cells) != wanted:
                raise _askew(path, row, len(cells), wanted)
    except csv.Error as error:
        raise UnreadableTable(f"{path}: {_place(row + 1)} has a quote where none can be: {error}") from error


def _texts(lines: pl.Series) -> Iterator[str]:
    return (f"{line or ''}\n" for line in lines)


def _askew(path: Path, row: int, cells: int, wanted: int) -> UnreadableTable:
    return UnreadableTable(f"{path}: {_place(row)} has {cells} cells, expected {wanted} as in the header")


def _place(row: int) -> str:
    return f"row {row}" if row else "the header"
