"""`bot sink`: what it is told, and one clear line where it cannot be."""

import sys

import pytest

from tests.kit.command_line import bot
from tests.kit.services import free_port
from tests.kit.sinks import a_run


def test_help_has_examples() -> None:
    said = bot("sink", "--help")
    assert said.code == 0 and said.out.count("bot sink") >= 3


@pytest.mark.parametrize(
    ("dsn", "more", "told"),
    [
        ("postgresql://keel@db.example/keel?sslmode=disable", (), "is not on this machine"),
        ("postgresql://keel:pw@127.0.0.1/keel", (), "holds a password"),
        ("postgresql://keel@127.0.0.1/keel", ("--raw", "some"), "--raw was 'some', expected one of all, few, none"),
        ("postgresql://keel@127.0.0.1:99999/keel", (), "port was '99999'"),
        ("postgresql://keel@127.0.0.1/keel", ("--schema", "Bad name"), "schema was 'Bad name'"),
        ("postgresql://keel@127.0.0.1/keel", ("--password", "hunter2"), "no reference"),
        ("postgresql://keel@127.0.0.1/keel", ("--password", "env:NOBODY_HAS_THIS"), "no such variable"),
    ],
)
def test_what_cannot_be_meant_ends_with_one_line(tmp_path, dsn, more, told) -> None:
    a_run(tmp_path, 3)
    said = bot("sink", "last", "--runs", tmp_path, "--dsn", dsn, *more)
    assert said.code == 4 and told in said.error and "hunter2" not in said.err


def test_a_missing_extra_is_told_with_its_remedy(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    a_run(tmp_path, 3)
    said = bot("sink", "last", "--runs", tmp_path, "--dsn", f"postgresql://keel@127.0.0.1:{free_port()}/keel")
    assert said.code == 4 and "pip install 'keel[history]'" in said.error


def test_a_run_that_is_not_there_is_not_found(tmp_path) -> None:
    assert bot("sink", "none-000001", "--runs", tmp_path, "--dsn", "postgresql://keel@127.0.0.1/keel").code == 3
    assert bot("sink", "last", "--runs", tmp_path).code == 2
