"""Actors are strangers to each other: they hear what is in the table, say what is theirs, and import no actor."""

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from contracts import topics
from tests.architecture.calls import imported
from tests.architecture.source import Source, sources


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
    homes = {kind.__module__ for kind in actor_classes()}

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
