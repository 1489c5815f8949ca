"""Run directories: one writer per account, epochs that only grow, latches that outlive a run."""

import os
import subprocess
import sys

import pytest

from bot.runs import Account, AccountBusy, RunNotFound, RunsUnusable, all_runs, find_run, replace_file, run_name


def a_run(directory, account: str, name: str) -> None:
    (directory / account / name / "journal").mkdir(parents=True)


def test_the_epoch_grows_with_every_process_and_is_on_disk_first(tmp_path) -> None:
    for expected in (1, 2, 3):
        account = Account(tmp_path, "canary")
        assert account.next_epoch() == expected
        account.close()
    assert b'"epoch": 3' in (tmp_path / "canary" / "account.json").read_bytes()


def test_a_second_daemon_on_the_account_is_refused(tmp_path) -> None:
    first = Account(tmp_path, "canary")
    with pytest.raises(AccountBusy, match="'canary' is in use by another daemon"):
        Account(tmp_path, "canary")
    first.close()
    Account(tmp_path, "canary").close()


def test_another_process_is_refused_too(tmp_path) -> None:
    account = Account(tmp_path, "canary")
    code = f"from pathlib import Path; from bot.runs import Account; Account(Path({str(tmp_path)!r}), 'canary')"
    environment = os.environ | {"PYTHONPATH": "."}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=environment)
    account.close()
    assert b"AccountBusy" in done.stderr


def test_another_account_is_free(tmp_path) -> None:
    accounts = [Account(tmp_path, name) for name in ("one", "two")]
    for account in accounts:
        account.close()


def test_latches_outlive_the_run(tmp_path) -> None:
    account = Account(tmp_path, "canary")
    account.latched(("halt",))
    account.close()
    again = Account(tmp_path, "canary")
    assert again.record.latches == ("halt",)
    again.close()


def test_a_directory_that_cannot_be_used_is_named_with_what_to_do(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunsUnusable, match=r"cannot be used.*--runs DIR"):
        Account(tmp_path / "file", "canary")


def test_a_damaged_account_file_is_never_taken_for_a_new_account(tmp_path) -> None:
    (tmp_path / "canary").mkdir()
    (tmp_path / "canary" / "account.json").write_text("{")
    with pytest.raises(RunsUnusable, match="its epoch keeps order ids apart"):
        Account(tmp_path, "canary")


def test_run_directories_are_private(tmp_path) -> None:
    Account(tmp_path, "canary").close()
    assert (tmp_path / "canary").stat().st_mode & 0o777 == 0o700


def test_a_file_is_replaced_whole(tmp_path) -> None:
    path = tmp_path / "f"
    for content in (b"long content", b"x"):
        replace_file(path, content)
        assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["f"]


def test_runs_are_found_by_name_by_path_and_as_the_last(tmp_path) -> None:
    a_run(tmp_path, "one", "canary-000001")
    a_run(tmp_path, "two", "canary-000002")
    os.utime(tmp_path / "one" / "canary-000001", (1, 1))
    assert [path.name for path in all_runs(tmp_path)] == ["canary-000001", "canary-000002"]
    assert find_run(tmp_path, "last").name == "canary-000002"
    assert find_run(tmp_path, "canary-000001").parent.name == "one"
    assert find_run(tmp_path, str(tmp_path / "two" / "canary-000002")).name == "canary-000002"


def test_what_is_written_into_an_old_run_makes_it_no_last_one(tmp_path) -> None:
    for at, name in enumerate(("canary-000001", "canary-000002"), start=1):
        a_run(tmp_path, "one", name)
        segment = tmp_path / "one" / name / "journal" / "journal-000001.seg"
        segment.write_bytes(b"word")
        os.utime(segment, (at, at))
        os.utime(segment.parent.parent, (at, at))
    (tmp_path / "one" / "canary-000001" / "report.html").write_text("")
    assert find_run(tmp_path, "last").name == "canary-000002"


def test_a_run_that_is_not_there_is_told_with_those_that_are(tmp_path) -> None:
    with pytest.raises(RunNotFound, match="none yet"):
        find_run(tmp_path, "last")
    a_run(tmp_path, "one", "canary-000001")
    a_run(tmp_path, "two", "canary-000001")
    with pytest.raises(RunNotFound, match="one/canary-000001"):
        find_run(tmp_path, "canary-000009")
    a_run(tmp_path, "two", "canary-000002")
    with pytest.raises(RunNotFound, match=r"in several accounts, name one of: one/canary-000001, two/canary-000001$"):
        find_run(tmp_path, "canary-000001")


def test_equal_profiles_and_epochs_have_equal_run_names() -> None:
    assert run_name("canary", 7) == "canary-000007"


def test_a_lost_account_file_is_never_taken_for_a_new_account(tmp_path) -> None:
    a_run(tmp_path, "canary", "canary-000005")
    with pytest.raises(RunsUnusable, match=r"account\.json is missing, but there are runs beside it; restore it"):
        Account(tmp_path, "canary")
    assert not (tmp_path / "canary" / "account.json").exists()


def test_an_empty_name_is_not_the_last_run(tmp_path) -> None:
    a_run(tmp_path, "one", "canary-000001")
    with pytest.raises(RunNotFound, match="run '' was not found"):
        find_run(tmp_path, "")


def test_a_run_that_recorded_nothing_is_not_the_last(tmp_path) -> None:
    a_run(tmp_path, "one", "canary-000001")
    (tmp_path / "one" / "canary-000001" / "journal" / "journal-000001.seg").write_bytes(b"x")
    a_run(tmp_path, "one", "canary-000002")
    assert find_run(tmp_path, "last").name == "canary-000001"


def test_directories_that_only_look_like_runs_are_none(tmp_path) -> None:
    (tmp_path / "one" / "canary-000001").mkdir(parents=True)
    (tmp_path / "one" / "canary-1" / "journal").mkdir(parents=True)
    (tmp_path / "one" / "canary-000002").write_text("")
    (tmp_path / "file").write_text("")
    assert all_runs(tmp_path) == ()


def test_a_runs_directory_may_be_a_link(tmp_path) -> None:
    a_run(tmp_path / "real", "one", "canary-000001")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert [path.name for path in all_runs(tmp_path / "link")] == ["canary-000001"]
    Account(tmp_path / "link", "two").close()
    assert (tmp_path / "real" / "two").is_dir()


@pytest.mark.parametrize("wanted", ["x" * 5000, "a\x00b", "../../..", "*", "last\n"])
def test_what_cannot_be_a_run_is_not_found_in_few_words(tmp_path, wanted) -> None:
    with pytest.raises(RunNotFound) as caught:
        find_run(tmp_path, wanted)
    assert len(str(caught.value)) < 600
