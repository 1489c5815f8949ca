"""One type, one topic, one author role; and what an actor hears is in the table."""

import importlib
import inspect
from collections import Counter
from typing import Any

import msgspec

from contracts import account, belief, decision, life, market, topics, trade
from tests.architecture.source import Source, sources

MESSAGE_MODULES = (account, belief, decision, life, market, trade)


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


def parts_of_messages() -> set[type]:
    """Structs that are fields of other structs: they travel inside a message and are none themselves."""
    parts: set[type] = set()
    for module in MESSAGE_MODULES:
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, msgspec.Struct):
                for field in msgspec.structs.fields(kind):
                    parts |= structs_in(field.type)
    return parts


def structs_in(annotation: object) -> set[type]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return {annotation}
    return {one for argument in getattr(annotation, "__args__", ()) for one in structs_in(argument)}


def test_a_type_has_one_topic_and_a_topic_one_type() -> None:
    assert [t for t, count in Counter(row.payload for row in topics.TABLE).items() if count > 1] == []
    assert [t for t, count in Counter(row.payload.__name__ for row in topics.TABLE).items() if count > 1] == []
    assert [n for n, count in Counter(row.name for row in topics.TABLE).items() if count > 1] == []


def test_every_topic_has_one_author_role() -> None:
    assert [row.name for row in topics.TABLE if not row.author.isidentifier()] == []


def test_every_message_type_has_a_topic() -> None:
    parts = parts_of_messages()
    homeless = [
        f"{module.__name__}.{name}"
        for module in MESSAGE_MODULES
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, msgspec.Struct)
        and kind.__module__ == module.__name__
        and kind not in topics.BY_TYPE
        and kind not in parts
        and not is_a_view(kind)
    ]

    assert homeless == []


def is_a_view(kind: type) -> bool:
    """Rows of a frame, made for whoever reads outside the process; their docstring says so."""
    return "view" in (kind.__doc__ or "").lower()


def test_the_key_of_a_topic_is_a_field_of_its_type() -> None:
    wrong = [row.name for row in topics.TABLE if row.key and row.key not in row.payload.__struct_fields__]

    assert wrong == []


def test_every_message_is_frozen() -> None:
    assert [row.payload.__name__ for row in topics.TABLE if not row.payload.__struct_config__.frozen] == []


def test_only_the_gate_says_intent_and_only_the_desk_says_order() -> None:
    assert topics.BY_TYPE[decision.Intent].author == "gate"
    assert topics.BY_TYPE[trade.Order].author == "desk"


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
