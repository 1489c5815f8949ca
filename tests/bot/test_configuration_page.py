"""The page of configuration: every key of a profile is on it with its own default, and nothing else is."""

import re
import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from bot.configuration import layers
from bot.profile import Profile, load
from tests.architecture.source import REPOSITORY

PAGE = (REPOSITORY / "docs" / "configuration.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([\w.]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE)
EXAMPLES = re.findall(r"`(BOT__\w+)=([^`]*)`", PAGE)
PLACES = {"fx": "CURRENCY", "balances": "ASSET", "agents": "NAME", "settings": "KEY"}
"""What stands on the page for the keys that a user chooses."""


def keys(kind: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key below a struct with its default, `NODEFAULT` where there is none."""
    hints = typing.get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        here, hint = f"{path}{field.name}", hints[field.name]
        chosen = typing.get_origin(hint) is dict
        if chosen:
            here, hint = f"{here}.{PLACES[field.name]}", typing.get_args(hint)[1]
        hint = next((each for each in typing.get_args(hint) if _is_section(each)), hint)
        if _is_section(hint):
            yield from keys(hint, f"{here}.")
        else:
            yield here, field.default


def _is_section(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def told(default: Any) -> str:
    """A default as the page says it."""
    if default is msgspec.NODEFAULT:
        return "no default"
    if isinstance(default, tuple):
        return "all ten" if default else "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:.12g}`" if isinstance(default, float) else f"`{default}`"


def test_every_key_of_a_profile_is_on_the_page_once_and_nothing_else_is() -> None:
    assert [key for key, *_ in ROWS] == list(dict.fromkeys(key for key, *_ in ROWS))
    assert {key for key, *_ in ROWS} == {key for key, _ in keys(Profile)}


def test_the_page_tells_every_default_as_it_is() -> None:
    assert {key: default.strip() for key, _, default, _ in ROWS} == {key: told(each) for key, each in keys(Profile)}


def test_every_key_has_a_unit_and_a_meaning() -> None:
    assert [key for key, unit, _, meaning in ROWS if not (unit.strip() and meaning.strip())] == []


def test_no_amount_of_money_has_a_default() -> None:
    def amounts(kind: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
        for field in msgspec.structs.fields(kind):
            hint = typing.get_type_hints(kind)[field.name]
            if hint is Decimal:
                yield field.name, field.default
            for inner in (hint, *typing.get_args(hint)):
                if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                    yield from amounts(inner)

    found = dict(amounts(Profile))
    assert {"order_notional_max", "loss_max", "cash_reserve"} <= set(found)
    assert [name for name, default in found.items() if default is not msgspec.NODEFAULT] == []


@pytest.mark.parametrize(("variable", "value"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_of_the_page_changes_the_canary(variable: str, value: str) -> None:
    environment = {variable: value.strip("'")}
    origins = layers("canary", environment).origins
    assert f"environment {variable}" in origins.values()
    load("canary", environment)
