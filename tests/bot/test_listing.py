"""Listing: a run's line without walking its journal, equal to what a walk finds while nobody has touched it."""

import pytest

from bot.listing import is_running, listed
from bot.replaying import JournalEmpty, verify_run
from bot.runs import RunsUnusable


def test_the_quick_line_says_what_the_walk_finds(finished) -> None:
    quick, walked, found = listed(finished), listed(finished, verified=True), verify_run(finished)
    assert quick == walked
    assert (quick.records, quick.state, quick.problem) == (found.records, "sealed", "")
    assert (quick.run, quick.account) == (finished.name, "canary")
    assert quick.begun == "2026-01-01T12:00:00.000Z"


@pytest.mark.parametrize("cut", [1, 100, 5_000, 20_000])
def test_a_run_that_was_cut_is_told_from_one_that_is_sealed(copied, cut) -> None:
    (segment,) = (path for path in (copied / "journal").glob("journal-*.seg") if path.stat().st_size)
    segment.write_bytes(segment.read_bytes()[:-cut])
    quick = listed(copied)
    assert quick.state == "cut"
    assert quick.records == listed(copied, verified=True).records > 0
    assert not is_running(copied)


def test_a_segment_that_was_never_begun_counts_for_nothing(copied) -> None:
    (copied / "journal" / "journal-000002.seg").write_bytes(bytes(4096))
    assert (listed(copied).records, listed(copied).state) == (verify_run(copied).records, "cut")


def test_bytes_behind_the_seal_break_it(copied) -> None:
    (segment,) = (path for path in (copied / "journal").glob("journal-*.seg") if path.stat().st_size)
    segment.write_bytes(segment.read_bytes() + b"\x00")
    assert listed(copied).state == "cut"


def test_damage_at_the_start_is_seen_at_once_and_elsewhere_by_the_walk(copied) -> None:
    (segment,) = (path for path in (copied / "journal").glob("journal-*.seg") if path.stat().st_size)
    data = segment.read_bytes()
    for place, seen in ((3, True), (len(data) // 2, False)):
        segment.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert (listed(copied).state == "damaged") == seen
        assert listed(copied, verified=True).state == "damaged"


def test_a_run_without_anything_in_it_is_empty(tmp_path) -> None:
    run = tmp_path / "canary" / "canary-000001"
    (run / "journal").mkdir(parents=True)
    (run / "journal" / "journal-000001.seg").write_bytes(b"")
    assert (listed(run).state, listed(run).records, listed(run).begun) == ("empty", 0, "")


def test_what_is_no_run_is_told(tmp_path) -> None:
    with pytest.raises(JournalEmpty, match="holds no journal"):
        listed(tmp_path)
    (tmp_path / "journal").symlink_to("/nowhere-at-all")
    with pytest.raises((RunsUnusable, JournalEmpty)):
        listed(tmp_path)
