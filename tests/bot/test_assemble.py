"""The whole bot: who hears first, who may be an agent, and that putting it together starts nothing."""

import sys
from types import ModuleType

import pytest

from actors.agents.momentum import Momentum
from bot.assemble import AGENTS, Hooks, agent_class, assemble
from bot.configuration import BadConfiguration
from tests.kit.worlds import TestWorld, a_profile


def test_the_actors_hear_a_message_in_the_order_of_their_steps() -> None:
    profile = a_profile()
    assembly = assemble(profile, TestWorld(profile).outside(), Hooks())
    assert [cell.name for cell in assembly.bus.cells] == [
        "sentinel", "marker", "bar_builder", "book_keeper", "feature_engine", *profile.agents, "outcomes", "weighter",
        "selector", "ledger", "risk", "desk", "auditor",
    ]  # fmt: skip
    assert [part.name for part in assembly.gateways] == ["feed", "venue", "cadence"]


def test_putting_it_together_says_nothing() -> None:
    profile = a_profile()
    world = TestWorld(profile)
    assert assemble(profile, world.outside(), Hooks()).bus.seq == 0
    assert world.journal.envelopes == []


@pytest.mark.parametrize("kind", AGENTS)
def test_a_shipped_kind_is_its_class(kind) -> None:
    assert agent_class("momentum", a_profile(agents__momentum__kind=kind)) is AGENTS[kind]


def test_a_users_own_agent_is_found_by_module_and_name(monkeypatch) -> None:
    class Mine(Momentum):
        pass

    module = ModuleType("mine")
    module.__dict__["Mine"] = Mine
    monkeypatch.setitem(sys.modules, "mine", module)
    assert agent_class("momentum", a_profile(agents__momentum__kind="mine:Mine")) is Mine


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("momentun", "did you mean 'momentum'"),
        ("", "expected one of momentum"),
        ("nowhere:Thing", "cannot be loaded: No module named 'nowhere'"),
        ("os:Thing", "cannot be loaded"),
        ("os:getcwd", "no subclass"),
        ("os:", "cannot be loaded"),
        (":x", "cannot be loaded"),
        ("..x:y", "cannot be loaded"),
    ],
)
def test_what_is_no_agent_is_told(kind, told) -> None:
    with pytest.raises(BadConfiguration, match=told):
        agent_class("momentum", a_profile(agents__momentum__kind=kind))


def test_an_agent_whose_source_is_broken_is_told_with_its_place(tmp_path, monkeypatch) -> None:
    (tmp_path / "broken_agent.py").write_text("class Mine(:\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadConfiguration, match=r"cannot be loaded: .*broken_agent\.py, line 1"):
        agent_class("momentum", a_profile(agents__momentum__kind="broken_agent:Mine"))
