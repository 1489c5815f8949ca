"""The face: says what was opened before anything happens, then log lines; quiet says nothing at all."""

from bot.cli.face import Face
from bot.opening import open_run
from bot.replaying import RunIdentity
from tests.kit.worlds import a_profile

IDENTITY = RunIdentity(code="test", fingerprint={})


def shown(tmp_path, system, *, quiet: bool) -> int:
    """How many taps there are after the face has started; what it says is captured."""
    opened = open_run(a_profile(), tmp_path, IDENTITY, virtual=True, fresh=True)
    try:
        beside = Face(a_profile(), live=False, quiet=quiet, verbosity=0).started(system, opened)
        return len(beside)
    finally:
        opened.journal.close(seal=False)
        opened.account.close()


def test_what_was_opened_and_what_stopping_will_do_is_said_first(tmp_path, simulated, capsys) -> None:
    assert shown(tmp_path, simulated.system, quiet=False) == 0
    err = capsys.readouterr().err
    assert err.startswith(f"run canary-000001 (new) in {tmp_path}/canary/canary-000001; on stop: cancel, within 10 s")


def test_quiet_is_quiet(tmp_path, simulated, capsys) -> None:
    shown(tmp_path, simulated.system, quiet=True)
    assert capsys.readouterr() == ("", "")
