"""Actors are strangers to each other: they hear what is in the table, say what is theirs, and import no actor."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from contracts import topics
from tests.architecture.calls import imported
from tests.architecture.source import PRODUCT, Source, sources

AUTHORS = {
    "Intent": ("actors/risk_gate.py", "actors/risk/"),
    "Refusal": ("actors/risk_gate.py", "actors/risk/"),
    "Order": ("actors/execution_desk.py", "actors/execution/"),
}
"""Where the messages that move money are made; what the gate lets through is approval as a type."""


def actor_classes() -> list[Any]:
    """Every concrete actor and gateway of the product."""
    found: dict[str, Any] = {}
    for source in sources("actors"):
        module = importlib.import_module(dotted_name(source))
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__ and hasattr(kind, "inputs") and not inspect.isabstract(kind):
                found[f"{module.__name__}.{name}"] = kind
    return [found[name] for name in sorted(found)]


def dotted_name(source: Source) -> str:
    return source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports_of_actors(source: Source, homes: set[str]) -> Iterator[str]:
    """Where this module of `actors` imports a module in which another actor lives."""
    if source.path.endswith("/__init__.py"):
        return
    for node, module in imported(source):
        if module in homes - {dotted_name(source)}:
            yield source.at(node, f"imports {module}: actors hear each other through the bus")


def test_no_actor_imports_an_actor() -> None:
    bases = {base for kind in actor_classes() for base in kind.__mro__[1:]}
    homes = {kind.__module__ for kind in actor_classes() if kind not in bases}

    assert [found for source in sources("actors") for found in imports_of_actors(source, homes)] == []


def test_an_import_of_an_actor_is_found() -> None:
    source = Source("actors/selector.py", "from actors.marker import Marker")

    assert list(imports_of_actors(source, {"actors.marker", "actors.selector"})) != []
    assert list(imports_of_actors(source, {"actors.selector"})) == []


def test_what_an_actor_hears_is_in_the_table() -> None:
    unknown = [
        f"{kind.__qualname__} hears {heard.__name__}"
        for kind in actor_classes()
        for heard in vars(kind).get("inputs", ())
        if heard not in topics.BY_TYPE
    ]

    assert unknown == []


def test_the_role_of_an_actor_is_an_author_in_the_table() -> None:
    authors = {row.author for row in topics.TABLE}
    unknown = [
        f"{kind.__qualname__} is {kind.role}"
        for kind in actor_classes()
        if "role" in vars(kind) and kind.role not in authors
    ]

    assert unknown == []


def _last_name(called: ast.expr) -> str:
    """The last name of what is called; looked at first, because to write a whole call out takes long."""
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def made_by_strangers(source: Source) -> Iterator[str]:
    """Where a message that moves money is made by someone else than its author."""
    ours = {
        alias.asname or alias.name: alias.name
        for node in source.nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("contracts.")
        for alias in node.names
    }
    for node in source.nodes:
        if isinstance(node, ast.Call) and _last_name(node.func) in {*AUTHORS, *ours}:
            called = ast.unparse(node.func).split(".")
            made = ours.get(called[0], called[-1]) if len(called) == 1 else called[-1]
            if made in AUTHORS and (called[0] in ours or len(called) > 1) and not source.is_in(*AUTHORS[made]):
                yield source.at(node, f"makes {made}: only {AUTHORS[made][0]} may")


def test_only_its_author_makes_a_message_that_moves_money() -> None:
    assert [found for source in sources(*PRODUCT) for found in made_by_strangers(source)] == []


def test_a_stranger_who_makes_an_intent_is_found() -> None:
    plain = "from contracts.decision import Intent\nx = Intent(symbol='BTC-EUR')"
    renamed = "from contracts.decision import Intent as Wish\nx = Wish(symbol='BTC-EUR')"
    dotted = "from contracts import trade\nx = trade.Order()"

    assert all(list(made_by_strangers(Source("actors/selector.py", text))) for text in (plain, renamed, dotted))
    assert list(made_by_strangers(Source("actors/risk/verdict.py", plain))) == []
    assert list(made_by_strangers(Source("actors/selector.py", "from rich import Order\nx = Order()"))) == []
