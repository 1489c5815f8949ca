"""`bot agents`: what there is, what each believes, and which laws it keeps."""

from importlib.metadata import EntryPoint

import pytest

from bot import agents
from bot.agents import REMOTE, SHIPPED
from tests.kit.command_line import Said, bot

OWN = """
from actors.agents.base import Agent
from actors.agents.view import Evidence, View


class Mine(Agent):
    \"\"\"Believes in prices that end in nine.\"\"\"

    needs = ("z_20",)

    def on_frame(self, view: View) -> Evidence:
        return Evidence.of({score}, view.deviation)
"""


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("actors.agents.laws.CALIBRATION_STEPS", 0)
    monkeypatch.setattr("actors.agents.laws.STEPS", 12)


def said(*arguments: object) -> Said:
    return bot("agents", *arguments)


def test_all_agents_are_listed_with_a_line_each() -> None:
    assert tuple(line.split()[0] for line in said("list").out.splitlines()) == (*SHIPPED, REMOTE)
    listed = said("list", "--json").json
    assert listed["pairs"] == {"origin": "shipped", "says": listed["pairs"]["says"]}
    assert "Moskowitz" in said("describe", "ts_momentum", "--json").json["says"][0]


def test_one_that_cannot_be_loaded_is_listed_with_the_reason(monkeypatch) -> None:
    points = (EntryPoint("gone", "no.such.module:Thing", agents.AGENTS.group),)
    monkeypatch.setattr("bot.discovery.entry_points", lambda group: points)
    assert "cannot be used: entry point gone = no.such.module:Thing cannot be loaded" in said("list").out


def test_an_agent_is_described_with_its_source_and_what_it_needs() -> None:
    told = said("describe", "funding_carry").out
    assert "Koijen" in told
    assert "Silent without fund_now, fund_z_30d, t_to_fund." in told


@pytest.mark.numbers
def test_an_agent_that_keeps_the_laws_is_told_so(tmp_path, quick) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN.format(score='-view["z_20"]'))
    done = said("check", file)
    assert (done.code, done.out) == (0, f"agent {file} keeps all 14 laws\n")


@pytest.mark.numbers
def test_an_agent_that_breaks_one_fails_with_what_was_seen(tmp_path, quick) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN.format(score="view.mid % 9"))
    done = said("check", file)
    assert done.code == 4
    assert "prices may be scaled: with all prices times 1000" in done.err
    assert said("check", file, "--json").json["ok"] is False


def test_what_many_laws_saw_is_said_once(tmp_path, quick) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN.format(score="view['nothing']"))
    done = said("check", file)
    assert done.err.count("no feature 'nothing'") == 1
    assert "bounds and 8 laws more: KeyError" in done.err


def test_a_trial_that_does_not_end_exits_by_a_code_of_its_own(tmp_path, quick) -> None:
    file = tmp_path / "mine.py"
    file.write_text("while True:\n    pass\n")
    done = said("check", file, "--limit", "0.5s")
    assert done.code == 5
    assert "was not done after 0.5 s: under way was 'reading its code'; see --limit" in done.error


def test_what_a_module_prints_when_it_is_read_breaks_no_json(tmp_path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN.format(score="0.0") + "\n\nprint('hello')\n")
    assert said("describe", file, "--json").json["class"] == "Mine"


def test_an_agent_that_is_not_there_is_one_clear_line() -> None:
    done = said("check", "pears")
    assert done.code == 4
    assert done.err.startswith("Error: agent 'pears': kind was 'pears', did you mean 'pairs'?")


@pytest.mark.parametrize("how", ["raise SystemExit(0)", "raise RuntimeError('no')"])
def test_an_agent_that_ends_the_process_or_fails_in_its_own_way_keeps_no_law(tmp_path, quick, how) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        f"from actors.agents.base import Agent\n\n\nclass Mine(Agent):\n    def on_frame(self, view):\n        {how}\n"
    )
    said = bot("agents", "check", path)
    assert said.code == 4
    assert how.split()[1].split("(")[0] in said.out + said.err


def test_a_module_that_exits_when_it_is_read_is_no_agent(tmp_path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("import sys\n\nsys.exit(0)\n")
    assert bot("agents", "check", path).code == 4
