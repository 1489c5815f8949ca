"""Shared options: a path is one, data goes to stdout once, talk never stops a verb."""

import errno
import io
import json
import sys

import pytest
import typer

from bot.cli.options import OutputFailed, a_path, emit, runs_directory, say, talk
from bot.runs import RunsUnusable


@pytest.mark.parametrize("text", ["", "x" * 256, "d/" * 3000])
def test_what_cannot_be_a_path_is_refused(text) -> None:
    with pytest.raises(typer.BadParameter):
        a_path(text)


def test_the_runs_directory_is_the_options_then_the_environments_then_the_default(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("BOT__RUNS__DIRECTORY", raising=False)
    assert str(runs_directory(None)) == "runs"
    monkeypatch.setenv("BOT__RUNS__DIRECTORY", str(tmp_path))
    assert runs_directory(None) == tmp_path
    assert runs_directory(tmp_path / "other") == tmp_path / "other"
    (tmp_path / "file").write_text("")
    with pytest.raises(RunsUnusable, match="is no directory"):
        runs_directory(tmp_path / "file")


def test_data_is_one_line_of_json_even_with_numbers_that_json_has_not(capsys) -> None:
    emit({"mu": float("nan"), "path": "é"})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"mu": None, "path": "é"}


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fileno(self) -> int:
        raise io.UnsupportedOperation


def test_talk_that_nobody_hears_is_no_failure(monkeypatch) -> None:
    monkeypatch.setattr(sys, "stderr", Full())
    talk("nobody is there")


def test_data_that_nobody_keeps_is_one(tmp_path, monkeypatch) -> None:
    with (tmp_path / "stdout").open("w") as file:
        full = Full()
        full.fileno = file.fileno
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(OutputFailed, match="No space left on device"):
            say("precious")
