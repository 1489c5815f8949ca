"""Parts as files for other programs: one per kind and name, with a column for the symbol, streamed from disk to disk.

Ticks and lots become prices and quantities again; a file can be imported as it is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

import polars as pl

from adapters.catalog.durable import write_whole
from adapters.catalog.manifest import Part, Terms, is_bars
from adapters.catalog.parts import disk_failure, first_line, known_column
from adapters.catalog.rows import AT
from contracts.history import DatasetUnusable
from contracts.quantities import Nanos

Format = Literal["csv", "parquet", "feather"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "parquet", "feather")

_PRICES: Final = {"quotes": ("bid", "ask"), "trades": ("price",)}
_SIZES: Final = {"quotes": {"bid_lots": "bid_size", "ask_lots": "ask_size"}, "trades": {"lots": "size"}}


def export_name(
    root: Path, parts: Sequence[Part], terms: Terms, target: Path, how: Format, span: tuple[Nanos, Nanos]
) -> Path:
    """All rows of one kind and name known in [span) as one file below `target`; raises DatasetUnusable or OSError."""
    kind, name = parts[0].kind, parts[0].name
    if kind == "books" and how == "csv":
        raise DatasetUnusable(f"{name}: the levels of books fit into no CSV, expected --format parquet or feather")
    path = target / kind / f"{quote(name, safe='')}.{how}"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = known_column(kind)
    plan = pl.concat([pl.scan_parquet(root / part.path, glob=False) for part in parts], how="diagonal_relaxed")
    plan = _plain(plan.filter(pl.col(known).is_between(*span, closed="left")), kind, name, terms)
    try:
        write_whole(path, lambda new: _sink(plan, new, how))
    except pl.exceptions.PolarsError as error:
        failed = disk_failure(error, path)
        raise failed or DatasetUnusable(f"{path}: {first_line(error)}") from error
    return path


def _plain(plan: pl.LazyFrame, kind: str, name: str, terms: Terms) -> pl.LazyFrame:
    """Columns under the names that a reader of files knows."""
    symbol = pl.lit(name).alias("symbol")
    if is_bars(kind):
        return plan.select("close_ns", symbol, pl.exclude("close_ns"))
    if kind == "context":
        figure, _, about = name.partition(AT)
        plan = plan.rename({"at_ns": "known_ns", "value": figure})
        return plan.select(
            "event_ns", "known_ns", figure, "vintage", *([pl.lit(about).alias("symbol")] if about else [])
        )
    plan = plan.rename({"at_ns": "known_ns"})
    if kind in _PRICES:
        if terms.tick is None or terms.lot is None:
            raise DatasetUnusable(f"{name}: tick and lot are not known, so its {kind} have no prices")
        tick, lot = (float(terms.tick), _decimals(terms.tick)), (float(terms.lot), _decimals(terms.lot))
        plan = plan.with_columns(
            *((pl.col(column) * tick[0]).round(tick[1]) for column in _PRICES[kind]),
            *((pl.col(column) * lot[0]).round(lot[1]).alias(plain) for column, plain in _SIZES[kind].items()),
        ).drop(*_SIZES[kind])
    if kind == "trades":
        plan = plan.with_columns(pl.when("buy").then(pl.lit("buy")).otherwise(pl.lit("sell")).alias("side")).drop("buy")
    return plan.select("event_ns", "known_ns", symbol, pl.exclude("event_ns", "known_ns"))


def _decimals(step: object) -> int:
    return len(f"{step:f}".rstrip("0").partition(".")[2])


def _sink(plan: pl.LazyFrame, path: Path, how: Format) -> None:
    if how == "csv":
        plan.sink_csv(path)
    elif how == "parquet":
        plan.sink_parquet(path)
    else:
        plan.sink_ipc(path, compression="lz4")
