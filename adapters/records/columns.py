"""Rows as typed columns, and columns read back; the one place where the types of the tables are decided."""

import pathlib
import types
from collections.abc import Iterable, Iterator
from decimal import Context, Decimal
from typing import Any, Final, Union, get_args, get_origin

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from adapters.records.rows import Row

DIGITS: Final = 38
PLACES: Final = 18
PLACES_EUR: Final = 8
Path = tuple[str, ...]
"""Where in a row a value is: the names of its fields from the outside in."""

INSTANT: Final = pl.Datetime("ns", "UTC")

_ROUNDING: Final = Context(prec=DIGITS)


class Table:
    """One table of a run, read only: its columns by name, as arrays for figures or as values for people."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __len__(self) -> int:
        return self._frame.height

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns in order."""
        return tuple(self._frame.columns)

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        """A column of numbers, money too; NaN where it is null."""
        return self._frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()

    def instants(self, name: str) -> npt.NDArray[np.int64]:
        """A column of instants in nanoseconds; the least int64 where it is null."""
        return self._frame[name].to_physical().fill_null(np.iinfo(np.int64).min).to_numpy()

    def values(self, name: str) -> list[Any]:
        """A column as it is: text, numbers, exact Decimals; None where it is null."""
        return self._frame[name].to_list()

    def rows(self, head: int | None = None) -> Iterator[dict[str, Any]]:
        """Rows as people read them: instants as text, amounts exact and without idle zeros."""
        shown = self._frame if head is None else self._frame.head(head)
        yield from shown.with_columns(_told(shown)).iter_rows(named=True)

    def csv(self, head: int | None = None) -> str:
        """The table as CSV, its head first."""
        shown = self._frame if head is None else self._frame.head(head)
        return shown.with_columns(_told(shown)).write_csv()


def frame_of(kind: type[Row], rows: Iterable[Row]) -> pl.DataFrame:
    """Rows of one kind as typed columns; raises ValueError for an amount that the column cannot hold."""
    fields = list(_fields(kind))
    found: list[list[Any]] = [[] for _ in fields]
    for row in rows:
        for column, (_, path, _) in zip(found, fields, strict=True):
            column.append(_value(row, path))
    return pl.DataFrame(
        [
            pl.Series(name, [_fitting(value, dtype, name) for value in column], dtype)
            for column, (name, _, dtype) in zip(found, fields, strict=True)
        ]
    )


def written(path: pathlib.Path, frame: pl.DataFrame) -> None:
    """Write columns as one Parquet file."""
    frame.write_parquet(path, compression="zstd")


def read(path: pathlib.Path) -> Table:
    """The table of a file; raises OSError or ValueError where it is none."""
    try:
        return Table(pl.read_parquet(path))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path} is no table: {error}") from error


def column_types(kind: type[Row]) -> dict[str, str]:
    """The name and the type of every column of a table, as Polars names them."""
    return {name: str(dtype) for name, _, dtype in _fields(kind)}


def _fields(
    kind: type[Row], prefix: str = "", path: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    for field in msgspec.structs.fields(kind):
        plain = _plain(field.type)
        here = (*path, field.name)
        if isinstance(plain, type) and issubclass(plain, Row):
            yield from _fields(plain, f"{prefix}{field.name}_", here)
        else:
            yield prefix + field.name, here, _dtype(plain, field.name)


def _plain(said: Any) -> Any:
    """The type without its None, and the plain text of a literal."""
    if get_origin(said) in (Union, types.UnionType):
        (said,) = (each for each in get_args(said) if each is not type(None))
    return said if isinstance(said, type) else str


def _dtype(plain: type, name: str) -> Any:
    if plain is Decimal:
        return pl.Decimal(DIGITS, PLACES_EUR if name.endswith("_eur") else PLACES)
    if plain is int and (name == "at" or name.endswith("_at")):
        return INSTANT
    return {bool: pl.Boolean, int: pl.Int64, float: pl.Float64, str: pl.String}[plain]


def _value(row: Any, path: Path) -> Any:
    for name in path:
        row = getattr(row, name)
    return row


def _fitting(value: Any, dtype: Any, name: str) -> Any:
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, Decimal):
        fitted = value.quantize(Decimal(1).scaleb(-dtype.scale), context=_ROUNDING)
        if not fitted.is_finite():
            raise ValueError(f"{name} was {value}, expected an amount below 1E{DIGITS - dtype.scale}")
        return fitted
    return value


def _told(frame: pl.DataFrame) -> list[pl.Expr]:
    """How the columns that have no form of their own in text are told."""
    told = []
    for name, dtype in frame.schema.items():
        if dtype == INSTANT:
            told.append(pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
        elif dtype.is_decimal():
            text = pl.col(name).cast(pl.String)
            told.append(text.str.strip_chars_end("0").str.strip_chars_end("."))
    return told
