"""`bot doctor` and `bot completion`: can this machine run a daemon, and can this shell complete its verbs."""

import pytest

from bot.cli.doctor import SHELLS
from tests.kit.command_line import bot, bot_process


def test_a_machine_that_can_is_told_so(tmp_path) -> None:
    said = bot("doctor", "--runs", tmp_path)
    assert said.code == 0
    assert {line.split()[0] for line in said.out.splitlines()} == {"ok"}
    report = bot("doctor", "--runs", tmp_path, "--json").json
    assert report["ready"] is True
    assert {check["name"] for check in report["checks"]} >= {"python", "packages", "profile", "runs directory", "disk"}


def test_every_failure_comes_with_a_remedy() -> None:
    said = bot("doctor", "--profile", "canarry", "--json")
    assert said.code == 4
    assert said.json["ready"] is False
    assert "not ready: profile" in said.error
    (failed,) = (check for check in said.json["checks"] if not check["ok"])
    assert "did you mean 'canary'?" in failed["remedy"]
    assert "FAIL  profile" in bot("doctor", "--profile", "canarry").out


def test_looking_makes_nothing(tmp_path) -> None:
    assert bot("doctor", "--runs", tmp_path / "a" / "b").code == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script(shell) -> None:
    said = bot("completion", shell)
    assert (said.code, said.err) == (0, "")
    assert "_BOT_COMPLETE" in said.out


@pytest.mark.parametrize("shell", ["", "tcsh", "BASH"])
def test_another_shell_is_refused_by_name(shell) -> None:
    said = bot("completion", shell)
    assert (said.code, "expected one of bash, zsh, fish" in said.error) == (2, True)


def test_the_script_completes_verbs() -> None:
    said = bot_process(_BOT_COMPLETE="complete_bash", COMP_WORDS="bot re", COMP_CWORD="1")
    assert said.out.split() == ["replay", "report", "resume"]
