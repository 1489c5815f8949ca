"""Builder: a system is described by factories; nothing starts, nothing is defaulted, every lack is named at once."""

from functools import partial

import pytest

from bot.assemble import Hooks, assemble
from bot.builder import REQUIRED, IncompleteSystem, SystemBuilder
from runtime.actor import Gateway
from runtime.bus import Bus
from tests.kit.turns import Adder
from tests.kit.worlds import TestWorld, a_profile


def an_empty_builder() -> SystemBuilder:
    return SystemBuilder(TestWorld(a_profile()).outside())


def test_an_empty_builder_names_every_missing_part_at_once() -> None:
    with pytest.raises(IncompleteSystem) as caught:
        an_empty_builder().build()
    assert caught.value.missing == REQUIRED


def test_there_is_no_default_risk_gate() -> None:
    builder = an_empty_builder()
    for part in REQUIRED:
        if part != "risk":
            builder = builder.with_actor(part, "market", Adder)
    with pytest.raises(IncompleteSystem, match="the system lacks: risk"):
        builder.build()


def test_a_step_leaves_the_builder_before_it_as_it_was() -> None:
    empty = an_empty_builder()
    empty.with_actor("marker", "market", Adder)
    assert empty.actors == ()


def test_two_parts_of_one_name_are_refused() -> None:
    builder = an_empty_builder()
    for part in (*REQUIRED, "marker"):
        builder = builder.with_actor(part, "market", Adder)
    with pytest.raises(ValueError, match="twice there: marker"):
        builder.build()


def test_building_calls_every_actor_factory_once_and_no_gateway_factory() -> None:
    built: list[str] = []

    def factory(name: str) -> Adder:
        built.append(name)
        return Adder()

    builder = an_empty_builder()
    for part in REQUIRED:
        builder = builder.with_actor(part, "market", partial(factory, part))
    builder.with_gateway("mirror", "mirrors", _unbuildable).build()
    assert built == list(REQUIRED)


def test_the_assembled_bot_is_at_rest() -> None:
    assembly = assemble(a_profile(), TestWorld(a_profile()).outside(), Hooks())
    assert isinstance(assembly.bus, Bus)
    assert (assembly.bus.seq, assembly.bus.turn) == (0, 0)


def test_actors_hear_a_message_in_the_order_of_the_assembly() -> None:
    assembly = assemble(a_profile(), TestWorld(a_profile()).outside(), Hooks())
    assert [cell.name for cell in assembly.bus.cells] == [
        "sentinel", "marker", "bar_builder", "trade_keeper", "context_keeper", "book_keeper", "feature_engine",
        "regime_watcher", "momentum", "reversion", "order_flow", "outcomes", "scorer", "drift_watcher", "weighter",
        "selector", "ledger", "risk", "desk", "auditor",
    ]  # fmt: skip


def test_every_actor_belongs_to_the_restart_group_of_the_table() -> None:
    assembly = assemble(a_profile(), TestWorld(a_profile()).outside(), Hooks())
    groups = {cell.name: cell.group for cell in assembly.bus.cells}
    assert {name for name, group in groups.items() if group == "desk"} == {
        "sentinel", "ledger", "risk", "desk", "auditor",
    }  # fmt: skip


def _unbuildable() -> Gateway:
    raise AssertionError("a gateway is built when it is started")
