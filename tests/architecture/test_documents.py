"""Documents that run: commands exist with the options shown, links lead somewhere, lists have no hole."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import REPOSITORY, tracked_texts
from tests.kit.command_line import bot

LISTS = {"invariants": ("I", 40), "controls": ("C", 22), "faults": ("F", 100), "venue-behaviours": ("V", 20)}
DOCUMENTS = {path: text for path, text in tracked_texts() if path.endswith(".md")}


def console_commands(text: str) -> list[str]:
    """The lines after a dollar sign in blocks marked `console`."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line[2:].strip() for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def bot_words(command: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The verb, with its sub-verb if it has one, and the options of a `python -m bot` line."""
    words = command.split("#")[0].split("python -m bot", 1)[1].split()
    verbs = [word for word in words if re.fullmatch(r"[a-z]+", word)]
    count = (
        2
        if verbs and verbs[0] in {"profile", "completion", "features", "agent", "agents", "models", "data", "topics"}
        else 1
    )
    options = [word.split("=")[0] for word in words if word.startswith("--")]
    return tuple(verbs[:count]), tuple(options)


def commands_of_the_bot() -> list[str]:
    found = {line for text in DOCUMENTS.values() for line in console_commands(text) if "python -m bot" in line}
    return sorted(found)


@pytest.mark.parametrize("command", commands_of_the_bot())
def test_a_command_in_a_document_exists_with_its_options(command: str) -> None:
    verbs, options = bot_words(command)
    said = bot(*verbs, "--help", NO_COLOR="1", COLUMNS="200", TERM="dumb")

    assert said.code == 0, said.err
    assert [option for option in options if option not in said.out] == []


def test_a_command_is_read_as_it_is_written() -> None:
    text = (
        "```console\n$ BOT__A__B=1 python -m bot run --profile canary --for 60s --json\noutput\n```\n```sh\n$ no\n```"
    )

    assert console_commands(text) == ["BOT__A__B=1 python -m bot run --profile canary --for 60s --json"]
    assert bot_words(console_commands(text)[0]) == (("run",), ("--profile", "--for", "--json"))
    assert bot_words("python -m bot profile show canary") == (("profile", "show"), ())


def test_a_make_target_in_a_document_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {name for text in DOCUMENTS.values() for name in re.findall(r"(?:`|\$ )make ([a-z-]+)", text)}

    assert named - targets == set()
    assert "test" in named


def broken_links(path: str, text: str) -> list[str]:
    """Relative links, and paths in code quotes that look like files of ours, that lead nowhere."""
    folder = (REPOSITORY / path).parent
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    lost = [f"{path}: link {link}" for link in links if link and not (folder / link).exists()]
    for name, _, test in re.findall(r"`((?:\w+/)+\w+\.\w+)(::(\w+))?`", text):
        if not (REPOSITORY / name).exists():
            lost.append(f"{path}: {name} does not exist")
        elif test and not re.search(rf"def {test}\b", (REPOSITORY / name).read_text("utf-8")):
            lost.append(f"{path}: {name} has no {test}")
    return lost


def test_every_link_and_every_named_file_exists() -> None:
    assert [lost for path, text in DOCUMENTS.items() for lost in broken_links(path, text)] == []


@pytest.mark.parametrize(
    "text", ["[x](nowhere.md)", "`quant/nowhere.py`", "`tests/architecture/source.py::test_nothing`"]
)
def test_a_link_that_leads_nowhere_is_found(text: str) -> None:
    assert broken_links("README.md", text) != []


@pytest.mark.parametrize(("name", "letter", "count"), [(name, *what) for name, what in LISTS.items()])
def test_a_list_is_numbered_without_a_hole(name: str, letter: str, count: int) -> None:
    text = (REPOSITORY / "docs" / f"{name}.md").read_text("utf-8")
    rows = re.findall(rf"^\| {letter}(\d+) \|(.*)\|$", text, re.MULTILINE)

    assert [int(number) for number, _ in rows] == list(range(1, count + 1))
    assert all(row.split("|")[-1].strip() for _, row in rows), "every row says what holds it"


def test_no_code_refers_to_a_number_beyond_a_list() -> None:
    last = dict(LISTS.values())
    beyond = [
        f"{path}: {letter}{number}"
        for path, text in tracked_texts()
        if Path(path).suffix == ".py"
        for letter, number in re.findall(r"\b([ICFV])(\d{1,3})\b(?=[ ,.;:)\]])", "\n".join(comments_of(text)))
        if int(number) > last[letter]
    ]

    assert beyond == []


def comments_of(text: str) -> list[str]:
    return re.findall(r"#.*$", text, re.MULTILINE)
