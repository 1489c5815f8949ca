"""Data sets as plain files, and in a few words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from adapters.catalog.exported import Format, export_name
from adapters.catalog.manifest import Part, Terms
from bot.data import exporting
from bot.data.exporting import export_dataset
from bot.data.listing import datasets_in, lines, summary
from contracts.history import DatasetUnusable
from tests.kit.catalogs import JANUARY_NS, MINUTE_NS, bars, made, tick, with_rows


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    made(tmp_path / "x", {"A": bars(30, 1), "B": bars(30, 2)})
    return with_rows(tmp_path / "x", [[tick("A", JANUARY_NS)]])


def test_one_file_per_kind_and_name_cut_to_the_range(dataset: Path) -> None:
    out = dataset.parent / "out"
    span = (JANUARY_NS + 10 * MINUTE_NS, JANUARY_NS + 15 * MINUTE_NS)
    files = export_dataset(dataset, out, "parquet", (), span, lambda rows: None)

    assert [path.relative_to(out).as_posix() for path in files] == ["bars_60s/A.parquet", "bars_60s/B.parquet"]
    assert pl.read_parquet(files[0])["close"].to_list() == bars(30, 1)["close"][9:14].tolist()
    (quotes,) = export_dataset(
        dataset, dataset.parent / "quotes", "csv", ["A"], (None, JANUARY_NS + 1), lambda rows: None
    )
    assert pl.read_csv(quotes).row(0, named=True)["bid"] == 10.0


def test_what_is_not_there_is_named(dataset: Path) -> None:
    with pytest.raises(DatasetUnusable, match="has no C; it has A, B"):
        export_dataset(dataset, dataset.parent / "out", "csv", ["C"], (None, None), lambda rows: None)
    with pytest.raises(DatasetUnusable, match="nothing in the range"):
        export_dataset(dataset, dataset.parent / "out", "csv", [], (None, 5), lambda rows: None)
    assert not (dataset.parent / "out").exists()


@pytest.mark.parametrize("form", ["csv", "parquet", "feather"])
def test_a_disk_that_takes_no_more_leaves_nothing_of_an_export(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, form: Format
) -> None:
    def first_fits(root: Path, parts: Sequence[Part], terms: Terms, target: Path, *rest: Any) -> Path:
        if parts[0].name == "B":
            place = target / "bars_60s" / f"B.{form}.new"
            place.symlink_to("/dev/full")
        return export_name(root, parts, terms, target, *rest)

    monkeypatch.setattr(exporting, "export_name", first_fits)
    with pytest.raises(OSError, match="No space left on device"):
        export_dataset(dataset, dataset.parent / "out", form, (), (None, None), lambda rows: None)

    assert sorted(path.name for path in dataset.parent.iterdir()) == ["x"]


def test_an_export_writes_over_nothing(dataset: Path) -> None:
    (dataset.parent / "out").mkdir()
    with pytest.raises(DatasetUnusable, match="out is there already"):
        export_dataset(dataset, dataset.parent / "out", "csv", (), (None, None), lambda rows: None)
    assert list((dataset.parent / "out").iterdir()) == []


def test_data_sets_are_found_and_told(dataset: Path) -> None:
    assert datasets_in(dataset.parent) == datasets_in(dataset) == (dataset,)
    assert lines(summary(dataset))[1:] == [
        "  bars_60s        2 names           60 rows  2024-01-01T00:01:00Z to 2024-01-01T00:30:00Z",
        "  quotes          1 names            1 rows  2024-01-01T00:00:00Z to 2024-01-01T00:00:00Z",
    ]


def test_two_exports_into_one_directory_at_a_time_are_refused(tmp_path: Path) -> None:
    made(tmp_path / "x", {"A": bars(10)})

    def again(rows: int) -> None:
        with pytest.raises(DatasetUnusable, match="another export into it is under way"):
            export_dataset(tmp_path / "x", tmp_path / "out", "csv", [], (None, None), lambda rows: None)

    export_dataset(tmp_path / "x", tmp_path / "out", "csv", [], (None, None), again)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "x"]


def test_an_end_in_1970_is_an_end(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetUnusable, match="nothing in the range"):
        export_dataset(dataset, tmp_path / "out", "csv", [], (None, 0), lambda rows: None)
