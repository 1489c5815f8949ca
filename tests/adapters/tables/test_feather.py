"""A Feather file batch by batch is what it is at once, whoever wrote it."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from adapters.tables.errors import UnreadableTable
from adapters.tables.feather import feather_batches
from adapters.tables.reading import raw_blocks


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
@pytest.mark.parametrize("level", [pl.CompatLevel.oldest(), pl.CompatLevel.newest()])
def test_batches_are_the_rows_of_the_file(tmp_path: Path, compression, level: pl.CompatLevel) -> None:
    path = tmp_path / "x.feather"
    frame = pl.DataFrame(
        {
            "name": pl.Series(["A", "B", None, "A"] * 10),
            "kind": pl.Series(["x", "y", "x", "z"] * 10, dtype=pl.Categorical),
            "date": pl.Series(np.arange(40)).cast(pl.Date),
            "close": np.linspace(1, 2, 40),
        }
    )
    frame.write_ipc(path, compression=compression, record_batch_size=7, compat_level=level)

    batches = list(feather_batches(path))
    assert [len(batch) for batch in batches] == [7, 7, 7, 7, 7, 5]
    assert pl.concat(batches).equals(frame) and pl.concat(list(raw_blocks(path, 3))).equals(frame)


def test_a_file_without_rows_or_without_a_footer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.feather"
    pl.DataFrame({"close": pl.Series([], dtype=pl.Float64)}).write_ipc(path)
    with pytest.raises(UnreadableTable, match="not a single row"):
        list(raw_blocks(path, 3))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UnreadableTable, match="does not end as a Feather file does"):
        list(raw_blocks(path, 3))
