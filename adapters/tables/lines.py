"""The lines of a CSV before they are taken apart: each has as many cells as the header, and is text."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from adapters.tables.errors import UnreadableTable
from adapters.tables.text_pieces import AS_LINES, text_pieces

_NO_TEXT: Final = "\ufffd"
"""What stands where bytes were that are no UTF-8."""


def check_lines(path: Path, separator: str) -> None:
    """Refuse a table that would be read askew; raises UnreadableTable naming the first such row, counted from 1.

    A blank line is no row with too few cells; what it means is for whoever reads the cells.
    """
    first, wanted, askew, quoted = 0, 0, None, False
    for lines in _lines(path):
        broken = lines.str.contains(_NO_TEXT, literal=True).fill_null(False)
        if broken.any():
            place = _place(first + int(broken.arg_max() or 0))
            raise UnreadableTable(f"{path}: {place} has bytes that are no UTF-8 text")
        quoted = quoted or bool(lines.str.contains('"', literal=True).any())
        if askew is None and not quoted:
            cells = lines.str.count_matches(separator, literal=True) + 1
            wanted = wanted or int(cells[0])
            wrong = ((cells != wanted) & (lines.str.strip_chars() != "")).fill_null(False)
            row = int(wrong.arg_max() or 0)
            askew = _askew(path, first + row, int(cells[row]), wanted) if wrong.any() else None
        first += len(lines)
    if quoted:
        _check_quoted(path, separator)
    elif askew is not None:
        raise askew


def _lines(path: Path) -> Iterator[pl.Series]:
    """The lines of the file, some at a time."""
    for piece in text_pieces(path):
        yield pl.read_csv(piece, **AS_LINES).to_series()


def _check_quoted(path: Path, separator: str) -> None:
    """The same where quotes may hold separators and ends of lines; a record counts as one row."""
    wanted, row = 0, -1
    try:
        for row, cells in enumerate(csv.reader(_texts(path), delimiter=separator, strict=True)):
            wanted = wanted or len(cells)
            if cells and len(cells) != wanted:
                raise _askew(path, row, len(cells), wanted)
    except csv.Error as error:
        raise UnreadableTable(f"{path}: {_place(row + 1)} has a quote where none can be: {error}") from error


def _texts(path: Path) -> Iterator[str]:
    return (f"{line or ''}\n" for lines in _lines(path) for line in lines)


def _askew(path: Path, row: int, cells: int, wanted: int) -> UnreadableTable:
    return UnreadableTable(f"{path}: {_place(row)} has {cells} cells, expected {wanted} as in the header")


def _place(row: int) -> str:
    return f"row {row}" if row else "the header"
