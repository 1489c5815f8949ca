"""The whole bot: who hears first, who may be an agent, and that putting it together starts nothing."""

import pytest

from bot.assemble import Hooks, assemble
from bot.configuration import BadConfiguration
from tests.kit.worlds import TestWorld, a_profile


def test_the_actors_hear_a_message_in_the_order_of_their_steps() -> None:
    profile = a_profile()
    assembly = assemble(profile, TestWorld(profile).outside(), Hooks())
    assert [cell.name for cell in assembly.bus.cells] == [
        "sentinel", "marker", "bar_builder", "trade_keeper", "context_keeper", "book_keeper", "feature_engine",
        "regime_watcher", *profile.agents, "outcomes", "scorer", "drift_watcher", "weighter", "selector",
        "ledger", "risk", "desk", "auditor",
    ]  # fmt: skip
    assert [part.name for part in assembly.gateways] == ["feed", "venue", "cadence", "trainer", "allocator"]


def test_putting_it_together_says_nothing() -> None:
    profile = a_profile()
    world = TestWorld(profile)
    assert assemble(profile, world.outside(), Hooks()).bus.seq == 0
    assert world.journal.envelopes == []


def test_an_agent_of_no_kind_there_is_is_told_with_its_name() -> None:
    profile = a_profile(agents__momentum__kind="ts_momentun")
    with pytest.raises(BadConfiguration, match=r"agent 'momentum'.*did you mean 'ts_momentum'"):
        assemble(profile, TestWorld(profile).outside(), Hooks())
