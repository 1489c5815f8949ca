"""A data set is there whole or not at all: interrupted, refused, repeated, merged, two at a time."""

import contextlib
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from adapters.catalog.durable import write_whole
from adapters.catalog.manifest import Source, read_manifest
from adapters.catalog.months import file_under
from adapters.catalog.opened import open_dataset
from adapters.catalog.staging import Staging
from contracts.history import DatasetUnusable
from tests.kit.catalogs import JANUARY_NS, MINUTE_NS, bars, made, terms, tick, with_rows

MONTH = 45_000


def cut(columns: dict, first: int, end: int) -> dict:
    return {name: values[first:end] for name, values in columns.items()}


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_nothing_is_there_before_it_lands_and_nothing_else_afterwards(tmp_path: Path) -> None:
    with Staging(tmp_path / "x") as staging:
        staging.note(None, file_under(staging, "bars_60s", "A", bars(10)), [terms("A")])
        assert not (tmp_path / "x").exists()
        staging.land()

    assert files(tmp_path) == ["x/bars_60s/A/2024-01.parquet", "x/manifest.json"]


def test_an_interrupted_import_goes_on_and_what_was_not_noted_does_not_count(tmp_path: Path) -> None:
    source = Source(path="a.csv", sha256="1", reading="r", rows=10)
    with Staging(tmp_path / "x") as staging:
        staging.note(source, file_under(staging, "bars_60s", "A", bars(10)), [terms("A")])
        file_under(staging, "bars_60s", "B", bars(10))

    with Staging(tmp_path / "x") as again:
        assert again.resumed and again.has(source)
        with pytest.raises(DatasetUnusable, match="was interrupted"):
            again.refuse_interrupted()
        again.land()
    assert open_dataset(tmp_path / "x").symbols == ("A",)


@pytest.mark.parametrize("landed", [True, False])
def test_what_was_written_over_a_part_and_not_noted_is_undone(tmp_path: Path, landed: bool) -> None:
    """As after a kill: nothing of what follows a write is done."""
    columns = bars(30)
    early, late = cut(columns, 0, 20), cut(columns, 10, 30)
    with Staging(tmp_path / "x") as staging:
        staging.note(None, file_under(staging, "bars_60s", "A", early), [terms("A")])
        if landed:
            staging.land()
    with Staging(tmp_path / "x") as killed:
        file_under(killed, "bars_60s", "A", late)
        (killed.root / ".rows").mkdir()
        (killed.root / ".rows" / "0").touch()

    with Staging(tmp_path / "x") as again:
        again.note(None, file_under(again, "bars_60s", "A", late))
        again.land()
    (block,) = open_dataset(tmp_path / "x").bars(60.0, 0, 2**62)
    assert block.close[:, 0].tolist() == columns["close"].tolist()
    assert files(tmp_path) == ["x/bars_60s/A/2024-01.parquet", "x/manifest.json"]
    assert not (tmp_path / "x" / ".rows").exists()


def test_what_was_noted_is_not_undone_by_what_was_kept_before_it(tmp_path: Path) -> None:
    """As after a kill between the manifest and the end of `note`."""
    with Staging(tmp_path / "x") as staging:
        first = file_under(staging, "bars_60s", "A", bars(20))
        staging.note(None, first, [terms("A")])
        shutil.copy(staging.root / first[0].path, tmp_path / "kept")
        staging.note(None, file_under(staging, "bars_60s", "A", bars(30, start_ns=JANUARY_NS + 20 * MINUTE_NS)))
        shutil.copy(tmp_path / "kept", staging.root / f"{first[0].path}.noted")

    with Staging(tmp_path / "x") as again:
        again.land()
    assert sum(len(block.close_ns) for block in open_dataset(tmp_path / "x").bars(60.0, 0, 2**62)) == 50


def test_what_somebody_put_into_a_data_set_stays(tmp_path: Path) -> None:
    target = made(tmp_path / "x", {"A": bars(10)})
    (target / "notes").mkdir()
    (target / "notes" / "mine.txt").write_text("mine")
    (target / "link").symlink_to("notes/absent")
    with Staging(target) as staging:
        staging.note(None, file_under(staging, "bars_60s", "B", bars(10)), [terms("B")])
        staging.land()

    assert (target / "notes" / "mine.txt").read_text() == "mine"
    assert (target / "link").is_symlink() and open_dataset(target).symbols == ("A", "B")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]


def test_a_place_that_is_none_is_refused_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    (tmp_path / "file").touch()
    for place in (tmp_path / "mine", tmp_path / "file", Path("/")):
        with pytest.raises(DatasetUnusable, match=r"no data set there|no place for a data set"), Staging(place):
            pass
    assert files(tmp_path) == ["file", "mine/letter.txt"] and len(list(tmp_path.iterdir())) == 2

    (tmp_path / "empty").mkdir()
    made(tmp_path / "empty", {"A": bars(10)})
    assert open_dataset(tmp_path / "empty").symbols == ("A",)


def test_a_restart_forgets_what_was_noted(tmp_path: Path) -> None:
    target = made(tmp_path / "x", {"A": bars(10)})
    with Staging(target) as staging:
        staging.note(None, file_under(staging, "bars_60s", "B", bars(10)), [terms("B")])
    with Staging(target) as again:
        again.restart()
        again.land()

    assert open_dataset(target).symbols == ("A",)


def test_an_abandoned_import_leaves_everything_as_it_was(tmp_path: Path) -> None:
    target = made(tmp_path / "x", {"A": bars(10)})
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    with Staging(target) as staging:
        file_under(staging, "bars_60s", "B", bars(20))
        staging.abandon()

    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


def test_a_crash_between_the_two_renames_is_mended(tmp_path: Path) -> None:
    target = made(tmp_path / "x", {"A": bars(10)})
    target.rename(tmp_path / ".x.replaced")
    with Staging(target) as staging:
        staging.land()

    assert open_dataset(target).symbols == ("A",)


def test_what_fails_before_anything_was_noted_leaves_nothing(tmp_path: Path) -> None:
    with contextlib.suppress(KeyboardInterrupt), Staging(tmp_path / "x") as staging:
        file_under(staging, "bars_60s", "A", bars(10))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_fails_after_it_landed_leaves_alone_what_another_import_began(tmp_path: Path) -> None:
    with contextlib.suppress(KeyboardInterrupt), Staging(tmp_path / "x") as staging:
        staging.land()
        (tmp_path / ".x.incoming").mkdir()
        raise KeyboardInterrupt
    assert (tmp_path / ".x.incoming").exists()


def test_two_imports_into_one_data_set_at_a_time_are_refused(tmp_path: Path) -> None:
    with Staging(tmp_path / "x"), pytest.raises(DatasetUnusable, match="another import into it is under way"):
        Staging(tmp_path / "x").__enter__()


@pytest.mark.parametrize("cuts", [[0, MONTH], [0, 1, 20_000, MONTH], [20_000, MONTH, 0, 20_000]])
def test_bars_come_in_in_any_pieces(tmp_path: Path, cuts: list[int]) -> None:
    history, target = bars(MONTH), tmp_path / "x"
    for first, end in pairwise(cuts):
        if end > first:
            with Staging(target) as staging:
                parts = file_under(staging, "bars_60s", "A", cut(history, first, end))
                staging.note(None, parts, [terms("A")])
                staging.land()

    assert open_dataset(target).digest == open_dataset(made(tmp_path / "whole", {"A": history})).digest
    assert [part.month for part in read_manifest(target).parts] == ["2024-01", "2024-02"]


def test_equal_bars_may_come_twice_and_other_ones_may_not(tmp_path: Path) -> None:
    history = bars(20)
    target = made(tmp_path / "x", {"A": history})
    other = {name: values.copy() for name, values in history.items()}
    other["close"][7] += 0.01
    with Staging(target) as staging:
        assert file_under(staging, "bars_60s", "A", history)[0].rows == 20
        with pytest.raises(DatasetUnusable, match=r"A: the bar that closes at 2024-01-01T00:08:00Z is there already"):
            file_under(staging, "bars_60s", "A", other)


def test_rows_that_are_there_already_are_refused(tmp_path: Path) -> None:
    ticks = [tick("A", JANUARY_NS + number) for number in range(5)]
    target = with_rows(tmp_path / "x", [ticks])

    with pytest.raises(DatasetUnusable, match="A: 2 of its quotes are there already"):
        with_rows(target, [[*ticks[3:], tick("A", JANUARY_NS + 99)]])


def test_the_grid_of_rows_that_are_counted_in_it_cannot_change(tmp_path: Path) -> None:
    target = with_rows(tmp_path / "x", [[tick("A", JANUARY_NS)]])
    with Staging(target) as staging, pytest.raises(DatasetUnusable, match=r"tick and lot are 0\.01 and 0\.1"):
        staging.note(None, (), [terms("A", tick=MINUTE_NS)])


def test_a_file_that_cannot_be_written_leaves_none(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write_whole(tmp_path / "file", fail)
    assert files(tmp_path) == []
