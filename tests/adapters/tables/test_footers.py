"""Footers say where rows lie, and what is no footer is refused."""

from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from adapters.tables.footers import feather_extents, parquet_extents

FRAME = pl.DataFrame({"name": ["A", "B"] * 50, "close": [float(row) for row in range(100)]})


def footer_of(path: Path, magic: int) -> bytes:
    content = path.read_bytes()
    end = len(content) - magic - 4
    return content[end - int.from_bytes(content[end : end + 4], "little") : end]


def test_each_column_of_each_row_group_is_told(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "x.parquet", row_group_size=30)
    footer = footer_of(tmp_path / "x.parquet", 4)
    extents = sorted(parquet_extents(footer))

    assert len(extents) == 4 * 2 and extents[0].first == 4
    assert all(one.first + one.length <= other.first for one, other in pairwise(extents))
    for length in range(0, len(footer) - 40, 7):
        with pytest.raises(ValueError, match="it "):
            parquet_extents(footer[:length])


def test_dictionaries_and_batches_are_told_apart(tmp_path: Path) -> None:
    frame = FRAME.with_columns(pl.col("name").cast(pl.Categorical))
    frame.write_ipc(tmp_path / "x.feather", record_batch_size=30)
    dictionaries, batches = feather_extents(footer_of(tmp_path / "x.feather", 6))

    assert len(dictionaries) == 1 and len(batches) == 4
    with pytest.raises(ValueError, match="no batches"):
        feather_extents(b"\0\1")
