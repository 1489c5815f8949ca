"""The verbs together: help for each, one line for wrong usage, nothing heavy to start, data and talk kept apart."""

import json
import re
import sys

import pytest

from tests.kit.command_line import bot, bot_process

VERBS = (
    "run", "stop", "status", "replay", "why", "verify", "inspect", "runs", "halt", "resume", "flatten", "doctor",
    "completion",
)  # fmt: skip
PROFILE_VERBS = ("list", "show", "check")
HEAVY = ("lightgbm", "sklearn", "polars", "ccxt", "numpy", "scipy", "uvloop", "structlog", "zstandard", "msgspec")


@pytest.mark.parametrize("verb", [*((each,) for each in VERBS), *(("profile", each) for each in PROFILE_VERBS)])
def test_every_verb_has_a_summary_and_two_examples(verb) -> None:
    said = bot(*verb, "--help")
    assert (said.code, said.err) == (0, "")
    text = " ".join(re.sub(r"[│╭╮╰╯─]", " ", said.out).split())
    assert re.search(rf"Usage: bot {' '.join(verb)} .*?[A-Z][a-z]+ .*\.", text)
    examples = text.partition("Examples:")[2]
    assert len(re.findall(rf"\bbot {' '.join(verb)}\b", examples)) >= 2
    assert bot(*verb, "-h").out == said.out


def test_the_help_names_every_verb_and_every_exit_code() -> None:
    said = bot("--help")
    assert said.code == 0
    for verb in (*VERBS, "profile"):
        assert re.search(rf"│ {verb} ", said.out), verb
    assert "75: temporary" in said.out


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    said = bot_process("--help", interpreter=("-X", "importtime"))
    imported = {line.rpartition("|")[2].strip() for line in said.err.splitlines() if line.startswith("import time:")}
    assert said.code == 0 and "typer" in imported
    assert not imported & set(HEAVY)
    assert not {name for name in imported if name.startswith(("actors.", "quant.", "adapters."))}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("bogus",), "No such command 'bogus'"),
        (("--bogus",), "No such option"),
        (("replay", "one", "two"), "unexpected extra argument"),
        (("why",), "Missing argument"),
        (("run", "--for"), "requires an argument"),
        (("run", "--verbose=yes"), "--verbose"),
        (("profile", "bogus"), "No such command 'bogus'"),
        (("inspect",), "Missing argument 'RECORDING'"),
        (("run", "--runs", "x" * 300), "no file system takes"),
        (("run", "--recording", "y" * 5000), "no file system takes"),
    ],
)
def test_wrong_usage_is_one_line_that_points_to_the_help(words, told) -> None:
    said = bot(*words)
    assert (said.code, said.out) == (2, "")
    assert told in said.error
    assert re.search(r"; see `bot[a-z ]* --help` \(code 2\)$", said.error)
    assert len(said.error) < 400


def test_no_words_at_all_get_the_help() -> None:
    for words in ((), ("profile",)):
        said = bot(*words)
        assert said.code == 2
        assert "Usage: bot" in said.out + said.err


def test_every_verb_that_reads_says_one_json_object(finished) -> None:
    runs = finished.parent.parent
    for words in (("replay",), ("verify",), ("runs",), ("doctor",)):
        said = bot(*words, "--runs", runs, "--json")
        assert isinstance(said.json, dict), words
        assert said.out.count("\n") == 1
    for words in (("profile", "list"), ("profile", "show"), ("profile", "check")):
        assert isinstance(bot(*words, "--json").json, dict)


def test_without_a_terminal_there_is_no_colour_and_no_bar(finished) -> None:
    for words in (("replay", finished), ("--help",)):
        said = bot_process(*words)
        assert said.code == 0
        assert "\x1b" not in said.out + said.err


@pytest.mark.numbers
def test_a_reader_that_goes_away_has_read_enough(finished) -> None:
    said = bot_process("profile", "show", "canary", shell="| head -1")
    assert (said.code, said.out.count("\n"), said.err) == (0, 1, "")
    said = bot_process("verify", finished, "--json", shell="| true")
    assert (said.code, said.err) == (0, "")


@pytest.mark.numbers
@pytest.mark.parametrize("words", [("profile", "list"), ("--help",), ("run", "--help")])
def test_a_full_stdout_is_one_line(words) -> None:
    said = bot_process(*words, shell="> /dev/full")
    assert (said.code, said.error) == (75, "Error: stdout cannot be written: No space left on device (code 75)")


def test_a_closed_stderr_takes_nothing_from_the_data(finished) -> None:
    said = bot_process("verify", finished, "--json", shell="2>&-")
    assert (said.code, json.loads(said.out)["ok"]) == (0, True)


def test_optimised_bytecode_is_refused() -> None:
    said = bot_process("--help", interpreter=("-O",))
    assert (said.code, "python -O" in said.error) == (4, True)
    assert sys.flags.optimize == 0
