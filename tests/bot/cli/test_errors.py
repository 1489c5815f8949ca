"""Exit codes: one meaning each, documented, and every expected failure has one."""

import importlib
import re
import subprocess
import sys

import pytest

from bot.cli.errors import FAILURES, MEANINGS, Fail, code_of, command, expected, tell
from tests.kit.command_line import REPOSITORY


def documented() -> dict[int, str]:
    page = (REPOSITORY / "docs" / "exit-codes.md").read_text("utf-8")
    return {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| ([^|]+) \|", page, re.MULTILINE)}


def test_the_page_and_the_help_know_the_same_codes() -> None:
    assert documented().keys() == MEANINGS.keys()


def test_every_expected_failure_is_defined_where_it_is_said_and_has_a_documented_code() -> None:
    for place, code in FAILURES.items():
        module, _, name = place.partition(":")
        kind = getattr(importlib.import_module(module), name)
        assert issubclass(kind, Exception) and kind.__module__ == module, place
        assert code in documented(), place
        assert expected()[kind] == code


def test_a_special_failure_comes_before_the_general_one() -> None:
    for place in FAILURES:
        importlib.import_module(place.partition(":")[0])
    kinds = list(expected())
    assert len(kinds) == len(FAILURES) + 1
    for place, kind in enumerate(kinds):
        assert not any(issubclass(kind, earlier) for earlier in kinds[:place]), f"{kind} is never reached"


def test_telling_one_failure_loads_nothing_that_it_does_not_need() -> None:
    script = (
        "import sys\nfrom bot.cli.app import app\n"
        "try: app(['status', '--runs', '/nonexistent/runs'])\n"
        "except SystemExit as ended: print(ended.code, *sorted({'polars', 'lightgbm', 'quant'} & sys.modules.keys()))"
    )
    told = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "3", told.stdout


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
