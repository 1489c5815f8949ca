"""One type, one topic, one author role: what the table promises."""

import inspect
from collections import Counter

import msgspec

from contracts import account, belief, context, decision, life, market, remote, topics, trade

MESSAGE_MODULES = (account, belief, context, decision, life, market, remote, trade)


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
