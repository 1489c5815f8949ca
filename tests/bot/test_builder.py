"""The builder in a whole bot: restart groups as the restart table wants them, agents each with a budget of its own."""

import pytest

from bot.assemble import Hooks, assemble
from bot.builder import REQUIRED, IncompleteSystem, SystemBuilder
from runtime.restarts import ACTOR_BUDGETS
from tests.kit.worlds import TestWorld, a_profile


def cells() -> dict[str, object]:
    profile = a_profile()
    assembly = assemble(profile, TestWorld(profile).outside(), Hooks())
    return {cell.name: cell for cell in assembly.bus.cells}


def test_every_actor_is_in_a_group_of_the_restart_table() -> None:
    assert {cell.group for cell in cells().values()} == set(ACTOR_BUDGETS)


def test_the_desk_falls_together_and_agents_fall_alone() -> None:
    found = cells()
    failures = {name: id(cell._failures) for name, cell in found.items()}
    desk = {name for name, cell in found.items() if cell.group == "desk"}
    assert len({failures[name] for name in desk}) == 1
    others = [failures[name] for name in found if name not in desk]
    assert len(set(others)) == len(others)


def test_what_lacks_is_named_in_the_order_of_the_parts() -> None:
    outside = TestWorld(a_profile()).outside()
    with pytest.raises(IncompleteSystem) as caught:
        SystemBuilder(outside).build()
    assert str(caught.value) == f"the system lacks: {', '.join(REQUIRED)}"
