"""Parts that are written some rows at a time are those of one writing."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.catalog import pieces
from adapters.catalog.manifest import read_manifest
from adapters.catalog.months import file_pieces
from adapters.catalog.parts import write_part
from adapters.catalog.pieces import merged, part_pieces, write_pieces
from adapters.catalog.rows import SCHEMAS
from adapters.catalog.staging import Staging
from contracts.history import DatasetUnusable
from tests.kit.catalogs import JANUARY_NS

stamps = st.lists(st.integers(0, 6), max_size=30).map(sorted)
sizes = st.lists(st.integers(1, 5), min_size=30, max_size=30)


def cut(frame: pl.DataFrame, lengths: list[int]) -> Iterator[pl.DataFrame]:
    first = 0
    for length in lengths:
        if first < frame.height:
            yield frame[first : first + length]
        first += length


@given(stamps, stamps, sizes, sizes)
def test_two_streams_are_merged_like_a_stable_sort_of_both(one, other, lengths, others) -> None:
    first = pl.DataFrame({"at_ns": one, "row": np.arange(len(one))}, schema_overrides={"at_ns": pl.Int64})
    second = pl.DataFrame({"at_ns": other, "row": 100 + np.arange(len(other))}, schema_overrides={"at_ns": pl.Int64})

    told = list(merged(cut(first, lengths), cut(second, others), "at_ns"))
    expected = pl.concat([first, second]).sort("at_ns", maintain_order=True)
    assert [row for frame in told for row in frame.rows()] == expected.rows()


def funding(length: int, hour: int = 0) -> pl.DataFrame:
    at_ns = JANUARY_NS + 3_600_000_000_000 * (hour + np.arange(length))
    settled = [None if row % 7 == 3 else row / 8 for row in range(length)]
    columns = {"at_ns": at_ns, "settled": settled, "settled_ns": at_ns, "event_ns": at_ns, "mark": np.full(length, 9.5)}
    empty = {name: [None] * length for name in SCHEMAS["funding"] if name not in columns}
    place = {"epoch": [1] * length, "frame": range(length)}
    return pl.DataFrame(columns | empty | place, schema_overrides=SCHEMAS["funding"]).select(*SCHEMAS["funding"])


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_a_part_is_the_same_in_any_pieces(tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = funding(300)
    monkeypatch.setattr(pieces, "AT_ONCE", at_once)
    whole = write_part(tmp_path / "x", "funding", "A", "2024-01", rows)
    part = write_pieces(tmp_path / "y", "funding", "A", "2024-01", rows.iter_slices(at_once))

    told = ("path", "rows", "columns", "first_ns", "last_ns", "regular", "content")
    assert [getattr(part, name) for name in told] == [getattr(whole, name) for name in told]
    assert pl.concat(list(part_pieces(tmp_path / "y", part))).equals(rows)


def test_rows_come_in_beside_those_that_are_there_in_any_pieces(tmp_path: Path) -> None:
    """Two months, the second source between the rows of the first one."""
    rows = funding(1000)
    again = rows[346:347].with_columns(frame=pl.lit(5, pl.Int64))
    with Staging(tmp_path / "x") as staging:
        staging.note(None, file_pieces(staging, "funding", "A", rows.gather_every(2).iter_slices(90)))
        staging.note(None, file_pieces(staging, "funding", "A", rows.gather_every(2, 1).iter_slices(70)))
        with pytest.raises(DatasetUnusable, match="A: 1 of its funding are there already, the first of 2024-01-15T10"):
            file_pieces(staging, "funding", "A", iter((again,)))
        staging.land()

    parts = read_manifest(tmp_path / "x").parts
    assert [part.month for part in parts] == ["2024-01", "2024-02"]
    assert pl.concat([frame for part in parts for frame in part_pieces(tmp_path / "x", part)]).equals(rows)
