"""Exit codes: one meaning each, documented, and every expected failure has one."""

import re

import pytest

from bot.cli.errors import MEANINGS, Fail, code_of, command, expected, tell
from tests.kit.command_line import REPOSITORY


def documented() -> dict[int, str]:
    page = (REPOSITORY / "docs" / "exit-codes.md").read_text("utf-8")
    return {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| ([^|]+) \|", page, re.MULTILINE)}


def test_the_page_and_the_help_know_the_same_codes() -> None:
    assert documented().keys() == MEANINGS.keys()


def test_every_expected_failure_has_a_documented_code() -> None:
    assert set(expected().values()) <= documented().keys()


def test_a_special_failure_comes_before_the_general_one() -> None:
    kinds = list(expected())
    for place, kind in enumerate(kinds):
        assert not any(issubclass(kind, earlier) for earlier in kinds[:place]), f"{kind} is never reached"


def test_what_is_not_expected_keeps_its_traceback() -> None:
    @command
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    with pytest.raises(StopIteration):
        code_of(ZeroDivisionError())


def test_a_failure_carries_its_own_code() -> None:
    assert code_of(Fail("no", 75)) == 75


def test_the_code_stands_at_the_end_of_the_first_line(capsys) -> None:
    tell("two problems:\n  - one\n  - other", 4)
    assert capsys.readouterr().err == "Error: two problems: (code 4)\n  - one\n  - other\n"


@pytest.mark.parametrize("code", MEANINGS)
def test_no_meaning_is_longer_than_a_line(code) -> None:
    assert 1 < len(MEANINGS[code]) < 80
