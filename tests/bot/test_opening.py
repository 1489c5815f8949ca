"""Opening: one writer per account; a cut run is taken up by the same code and profile, and set aside by others."""

import msgspec
import pytest

from adapters.journal.scan import JournalDamaged
from bot.configuration import BadConfiguration
from bot.opening import OpenRun, open_run
from bot.profile import Profile
from bot.replaying import RunIdentity
from bot.runs import Account, AccountBusy, RunsUnusable
from tests.kit.lives import IDENTITY, live
from tests.kit.worlds import a_profile


def opened(runs, profile: Profile | None = None, identity: RunIdentity = IDENTITY, *, fresh: bool = False) -> OpenRun:
    """What is opened, closed again without a seal."""
    run = open_run(profile or a_profile(), runs, identity, virtual=True, fresh=fresh)
    run.journal.close(seal=False)
    run.account.close()
    return run


@pytest.fixture
def cut(tmp_path):
    """A runs directory whose only run was killed."""
    live(a_profile(), tmp_path, seconds=2.5, killed=True)
    return tmp_path


def test_the_first_run_of_an_account_is_new(tmp_path) -> None:
    run = opened(tmp_path)
    assert (run.name, run.epoch, run.account_epoch, run.found, run.set_aside) == ("canary-000001", 1, 1, None, "")
    assert (run.directory / "profile.json").stat().st_mode & 0o077 == 0


def test_a_run_that_was_cut_is_taken_up(cut) -> None:
    run = opened(cut)
    assert (run.name, run.epoch, run.account_epoch) == ("canary-000001", 2, 2)
    assert run.found is not None and run.found.records > 0


def test_a_run_that_came_to_its_end_is_left_alone(tmp_path) -> None:
    live(a_profile(), tmp_path, seconds=2.5)
    assert opened(tmp_path).name == "canary-000002"


def test_other_code_or_another_profile_begins_anew_and_says_why(cut) -> None:
    other = opened(cut, identity=RunIdentity(code="other", fingerprint={}))
    assert (other.name, other.set_aside) == ("canary-000002", "canary-000001 was cut, but the code has changed since")


def test_another_profile_begins_anew_and_says_why(cut) -> None:
    other = opened(cut, a_profile(seed=18))
    assert (other.name, other.set_aside) == (
        "canary-000002",
        "canary-000001 was cut, but the profile has changed since",
    )


def test_a_fresh_run_is_new_whatever_was_cut(cut) -> None:
    assert opened(cut, fresh=True).name == "canary-000002"


def test_a_passing_run_does_not_hide_the_one_that_was_cut(cut) -> None:
    passing = open_run(a_profile(), cut, IDENTITY, virtual=True, fresh=True, passing=True)
    passing.journal.close(seal=False)
    passing.account.close()
    assert passing.name == "canary-000002"
    assert (opened(cut).name, opened(cut).epoch) == ("canary-000001", 2)


def test_a_second_writer_is_refused_and_lets_go(tmp_path) -> None:
    account = Account(tmp_path, "canary")
    with pytest.raises(AccountBusy):
        opened(tmp_path)
    account.close()
    opened(tmp_path)


def test_a_damaged_run_is_refused_and_the_account_is_free_again(cut) -> None:
    segment = cut / "canary" / "canary-000001" / "journal" / "journal-000001.seg"
    data = bytearray(segment.read_bytes())
    data[len(data) // 3] ^= 1
    segment.write_bytes(data)
    with pytest.raises(JournalDamaged):
        opened(cut)
    assert segment.read_bytes() == bytes(data)
    assert opened(cut, fresh=True).name == "canary-000002"


def test_a_cut_run_whose_profile_is_broken_is_refused_with_what_to_do(cut) -> None:
    path = cut / "canary" / "canary-000001" / "profile.json"
    path.write_bytes(b"{")
    with pytest.raises(BadConfiguration, match="restore it, or begin another run with --new"):
        opened(cut)


def test_a_run_directory_that_is_in_the_way_is_told(tmp_path) -> None:
    opened(tmp_path, fresh=True)
    (tmp_path / "canary" / "canary-000002").write_text("precious")
    with pytest.raises(RunsUnusable, match=r"canary-000002 cannot be made: File exists; choose another"):
        opened(tmp_path, fresh=True)
    assert (tmp_path / "canary" / "canary-000002").read_text() == "precious"


def test_a_lost_account_file_never_writes_into_an_old_run(cut) -> None:
    (cut / "canary" / "account.json").unlink()
    before = (cut / "canary" / "canary-000001" / "journal" / "journal-000001.seg").read_bytes()
    with pytest.raises(RunsUnusable, match=r"account\.json is missing, but there are runs"):
        opened(cut)
    assert (cut / "canary" / "canary-000001" / "journal" / "journal-000001.seg").read_bytes() == before


def test_the_profile_is_stored_with_its_run(tmp_path) -> None:
    run = opened(tmp_path)
    kept = msgspec.json.decode((run.directory / "profile.json").read_bytes(), type=Profile)
    assert kept == a_profile()
