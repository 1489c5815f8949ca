"""What breaks those who read records of both releases, each found in every message it is done to."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.compatibility import Change, changes, check
from contracts.schema_snapshots import FACTS, documents, released, releases
from contracts.upgrades import READERS

BEFORE = released("0.1.0")


def fields_of(document: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Every object in a document with each of its fields."""
    return [(part, name) for part in document["$defs"].values() for name in part.get("properties", ())]


FIELDS = st.sampled_from([(name, place) for name, each in BEFORE.items() for place in range(len(fields_of(each)))])


def changed(chosen: tuple[str, int], change: Any) -> tuple[list[Change], str]:
    """What is found after changing one field of one message, and the field's name."""
    name, place = chosen
    now = copy.deepcopy(BEFORE[name])
    part, field = fields_of(now)[place]
    change(part, field)
    return changes(name, BEFORE[name], now), field


def kinds(found: list[Change]) -> set[str]:
    return {each.kind for each in found if each.breaks}


@pytest.mark.parametrize("release", releases())
def test_nothing_that_was_released_has_broken(release) -> None:
    broken = [change for change in check(released(release), documents(), READERS.readable) if change.breaks]
    assert broken == [], "take the next version in contracts.topics and write a step in contracts.upgrades"


def test_a_schema_is_compatible_with_itself() -> None:
    assert check(BEFORE, BEFORE, lambda name, version: False) == []


@given(FIELDS)
def test_a_removed_field_is_found(chosen) -> None:
    def remove(part, field):
        del part["properties"][field]

    found, field = changed(chosen, remove)
    assert kinds(found) == {"removed"} and field in {each.path.rpartition(".")[2] for each in found}


@given(FIELDS)
def test_a_renamed_field_is_gone_and_a_new_one_is_needed(chosen) -> None:
    def rename(part, field):
        part["properties"]["other"] = part["properties"].pop(field)
        part["required"] = [*(each for each in part.get("required", ()) if each != field), "other"]

    found, _ = changed(chosen, rename)
    assert kinds(found) == {"removed", "required"}


@given(FIELDS)
def test_a_changed_type_is_found(chosen) -> None:
    def retype(part, field):
        part["properties"][field] = {"type": "boolean", "format": "other"}

    found, _ = changed(chosen, retype)
    assert "type" in kinds(found)


@given(FIELDS)
def test_a_new_field_needs_a_default(chosen) -> None:
    def add(part, _):
        part["properties"]["more"] = {"type": "integer"}
        part["required"] = [*part.get("required", ()), "more"]

    def add_with_default(part, _):
        part["properties"]["more"] = {"type": "integer", "default": 0}

    assert kinds(changed(chosen, add)[0]) == {"required"}
    found, _ = changed(chosen, add_with_default)
    assert {each.kind for each in found} == {"added"} and not kinds(found)


@given(FIELDS)
def test_a_default_may_come_and_not_go_or_change(chosen) -> None:
    def relax(part, field):
        part["required"] = [each for each in part.get("required", ()) if each != field]

    def demand(part, field):
        part["required"] = [*part.get("required", ()), field]

    def redefault(part, field):
        if "default" in part["properties"][field]:
            part["properties"][field]["default"] = "something else"

    name, place = chosen
    part, field = fields_of(BEFORE[name])[place]
    needed = field in part.get("required", ())
    assert {each.kind for each in changed((name, place), relax)[0]} == ({"relaxed"} if needed else set())
    assert kinds(changed((name, place), demand)[0]) == (set() if needed else {"required"})
    assert kinds(changed((name, place), redefault)[0]) == (
        {"default"} if "default" in part["properties"][field] else set()
    )


ENUMS = [
    (name, place)
    for name, document in BEFORE.items()
    for place, (part, field) in enumerate(fields_of(document))
    if "enum" in part["properties"][field]
]


@pytest.mark.parametrize(("name", "place"), ENUMS)
def test_an_enum_may_grow_and_not_shrink(name, place) -> None:
    def narrow(part, field):
        part["properties"][field]["enum"].pop()

    def widen(part, field):
        part["properties"][field]["enum"].append("another")

    assert kinds(changed((name, place), narrow)[0]) == {"enum"}
    assert {each.kind for each in changed((name, place), widen)[0]} == {"widened"}


@given(st.sampled_from(sorted(BEFORE)), st.sampled_from(["topic", "author", "key", "outside", "retained", "recorded"]))
def test_a_changed_place_on_the_bus_is_found(name, fact) -> None:
    now = copy.deepcopy(BEFORE[name])
    now[FACTS][fact] = "other"
    assert [(each.kind, each.breaks) for each in changes(name, BEFORE[name], now)] == [(fact, True)]


@given(FIELDS)
def test_a_new_bound_is_found_and_a_loosened_one_is_not_held_against_it(chosen) -> None:
    def bound(part, field):
        part["properties"][field]["minimum"] = 0

    name, place = chosen
    found, _ = changed((name, place), bound)
    assert kinds(found) == {"bound"}
    bounded = copy.deepcopy(BEFORE[name])
    bound(*fields_of(bounded)[place])
    assert kinds(changes(name, bounded, BEFORE[name])) == set()


@given(FIELDS)
def test_other_words_are_told_and_break_nothing(chosen) -> None:
    def reword(part, field):
        part["properties"][field]["description"] = "in other words"

    found, _ = changed(chosen, reword)
    assert {each.kind for each in found} == {"words"}


def test_a_new_version_is_as_good_as_its_reader() -> None:
    now = copy.deepcopy(BEFORE)
    now["Beat"][FACTS]["version"] = 2
    del now["Beat"]["$defs"]["Beat"]["properties"]["number"]
    assert [each.kind for each in check(BEFORE, now, lambda name, version: False)] == ["reader"]
    assert check(BEFORE, now, lambda name, version: (name, version) == ("Beat", 1)) == []
    assert [each.kind for each in check(now, BEFORE, lambda name, version: True)] == ["version"]


def test_a_message_may_go_when_its_records_are_read_as_another() -> None:
    now = {name: each for name, each in BEFORE.items() if name != "Beat"}
    assert [(each.type, each.kind) for each in check(BEFORE, now, lambda *_: False)] == [("Beat", "removed")]
    assert check(BEFORE, now, lambda *_: True) == []
    assert [(each.type, each.kind) for each in check(now, BEFORE, lambda *_: True)] == [("Beat", "new")]
