"""Agents are found by kind, by entry point, by module and by file, and what cannot be found is told plainly."""

from importlib.metadata import EntryPoint

import pytest

from actors.agents.base import Agent
from actors.agents.pairs import Pairs
from bot import agents
from bot.agents import SHIPPED, agent_of, kinds
from bot.configuration import BadConfiguration

OWN = """
from actors.agents.base import Agent
from actors.agents.ofi import Ofi
from actors.agents.view import Evidence, View


class Pullback(Agent):
    def on_frame(self, view: View) -> Evidence:
        return Evidence.of(-view["z_20"], view.deviation)
"""


@pytest.mark.parametrize("kind", SHIPPED)
def test_every_shipped_agent_is_found_by_its_kind(kind) -> None:
    assert issubclass(agent_of(kind), Agent)
    assert kinds()[kind] == "shipped"


def test_an_agent_is_found_by_its_module() -> None:
    assert agent_of("actors.agents.pairs:Pairs") is Pairs


def test_the_one_agent_of_a_file_is_found_by_its_path(tmp_path) -> None:
    file = tmp_path / "pullback.py"
    file.write_text(OWN)
    found = agent_of(str(file))
    assert (found.__name__, found.__module__) == ("Pullback", "keel_agent_pullback")
    assert agent_of(f"{file}:Pullback").__name__ == "Pullback"


def test_an_agent_of_an_installed_package_is_found_by_its_entry_point(monkeypatch) -> None:
    point = EntryPoint("twins", "actors.agents.pairs:Pairs", agents.AGENTS.group)
    bad = EntryPoint("gone", "no.such.module:Thing", agents.AGENTS.group)
    monkeypatch.setattr("bot.discovery.entry_points", lambda group: (point, bad) if group == "keel.agents" else ())
    assert agent_of("twins") is Pairs
    assert kinds()["twins"] == "actors.agents.pairs"
    with pytest.raises(BadConfiguration, match="entry point gone"):
        agent_of("gone")


def test_code_that_fails_in_its_own_way_when_it_is_read_is_no_agent(tmp_path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("1 / 0\n")
    with pytest.raises(BadConfiguration, match=r"mine\.py cannot be loaded: division by zero"):
        agent_of(str(file))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("pears", "kind was 'pears', did you mean 'pairs'?; expected one of ts_momentum"),
        ("os:path", "kind 'os:path' is no subclass of actors.agents.base.Agent"),
        ("no.such:Thing", "kind 'no.such:Thing' cannot be loaded: No module named 'no'"),
        ("actors.agents.pairs:Pears", "has no attribute 'Pears'"),
        ("nowhere.py", "nowhere.py is no file"),
    ],
)
def test_what_is_no_agent_is_told_plainly(kind, told) -> None:
    with pytest.raises(BadConfiguration) as raised:
        agent_of(kind, "agent 'mine'")
    assert str(raised.value).startswith("agent 'mine': ")
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("x = 1", "", "has none; expected one subclass of Agent"),
        (OWN + OWN.replace("Pullback", "Other"), "", "has Pullback, Other; expected one"),
        (OWN, ":Other", "has no Other; it has Pullback"),
        ("import nothing_of_that_name", "", "cannot be loaded: No module named"),
        ("def (", "", "cannot be loaded: invalid syntax"),
        ("undefined", "", "cannot be loaded: name 'undefined'"),
    ],
)
def test_a_file_that_is_not_in_order_is_told_plainly(text, name, told, tmp_path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(BadConfiguration, match="agent") as raised:
        agent_of(f"{file}{name}")
    assert told in str(raised.value)
