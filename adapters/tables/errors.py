"""What can be wrong with a table; each error names the file, the place in it, the value, and what was expected."""

from pathlib import Path


class BadTable(ValueError):
    """A file that cannot be taken as a table of prices."""


class MissingTable(BadTable):
    """No readable file at this path."""


class UnreadableTable(BadTable):
    """The file is of no known format, or its bytes are damaged."""


class ForeignTable(UnreadableTable):
    """No table at all: a directory, a device, or a file of another ending; exit code 4."""


def bad_cell(path: Path, column: str, row: int, value: object, expected: str) -> BadTable:
    """The complaint about one cell; rows of data count from 1."""
    return BadTable(f"{path}: column {column!r}, row {row}: was {str(value)[:60]!r}, expected {expected}")
