"""Replaying reads, and only reads: as much as there is, said piece by piece to whoever watches."""

import pytest

from bot.own_code import identity_here
from bot.profile import stored
from bot.replaying import JournalEmpty, RunIdentity, journal_bytes, journal_of, replay_run, starts, verify_run
from bot.runs import RunsUnusable
from bot.worlds import replayed_bus


def replayed(run, here: RunIdentity, **more):
    profile = stored(run)
    return replay_run(run, lambda journal, now: replayed_bus(profile, journal, now), here, **more)


def test_every_record_goes_by_once_and_in_order(finished) -> None:
    seen: list[int] = []

    def watch(records):
        for record in records:
            seen.append(record.seq)
            yield record

    report = replayed(finished, identity_here(), watch=watch)
    assert seen == list(range(1, report.records + 1))
    assert report.byte_identical


def test_other_code_is_named_even_if_it_says_the_same(finished) -> None:
    here = RunIdentity(code="other", fingerprint=identity_here().fingerprint)
    report = replayed(finished, here)
    assert (report.code_equal, report.byte_identical) == (False, True)


def test_a_run_names_its_processes(finished) -> None:
    (started,) = starts(journal_of(finished))
    assert (started.run, started.epoch, started.account) == (finished.name, 1, "canary")


def test_whoever_listens_hears_every_byte_that_was_read(finished) -> None:
    heard: list[int] = []
    assert verify_run(finished, heard.append).problems == ()
    assert sum(heard) == journal_bytes(finished) > 0


def test_a_run_that_holds_nothing_cannot_be_replayed(copied) -> None:
    for path in (copied / "journal").iterdir():
        path.unlink()
    with pytest.raises(JournalEmpty, match="holds no recorded message"):
        replayed(copied, identity_here())


def test_a_journal_that_is_a_file_or_not_there_is_told_and_not_made(tmp_path) -> None:
    with pytest.raises(JournalEmpty, match="one of an older layout"):
        journal_of(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "journal").write_text("")
    with pytest.raises(RunsUnusable, match="cannot be read"):
        journal_of(tmp_path)
