"""Configuration: TOML files that extend each other, environment overrides, and where every value came from.

Order, the later wins: the files from the end of the `extends` chain to the named profile, then `BOT__SECTION__KEY`
from the environment. Every problem is collected before anything is refused.
"""

import difflib
import json
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from bot.environment import overrides

EXTENDS_MAX: Final = 8

_KINDS: Final = {
    "`object`": "a table",
    "`array`": "a list",
    "`str`": "text",
    "`int`": "a whole number",
    "`float`": "a number",
}
"""What msgspec calls a kind of value, and what a person who writes TOML calls it."""

StructT = TypeVar("StructT", bound=msgspec.Struct)


class BadConfiguration(Exception):
    """One text with all problems and what to do; exit code 4."""

    def __init__(self, what: str, problems: list[str]) -> None:
        self.problems = tuple(problems)
        if len(problems) == 1:
            super().__init__(f"{what}: {problems[0]}")
            return
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{what} has {len(problems)} problems:\n{listed}")


class Layered(msgspec.Struct):
    """Merged values; by dotted path the place each came from, and the text of those that came from the environment."""

    values: dict[str, Any]
    origins: dict[str, str]
    texts: dict[str, str] = {}


def directory() -> Path:
    """Where the shipped profiles lie."""
    return Path(__file__).parent / "profiles"


def shipped() -> tuple[str, ...]:
    """Names of the shipped profiles in alphabetical order."""
    return tuple(sorted(path.stem for path in directory().glob("*.toml")))


def layers(
    profile: str, environment: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None
) -> Layered:
    """The merged values of a profile by name or path; `typed` says of variables how the command line said them.

    Raises BadConfiguration.
    """
    merged = Layered({}, {})
    for path in reversed(_chain(profile)):
        values = _read(path)
        values.pop("extends", None)
        _merge(merged, values, path.name if path.parent == directory() else str(path))
    _merge_environment(merged, os.environ if environment is None else environment, typed or {})
    return merged


def convert(layered: Layered, kind: type[StructT], what: str) -> StructT:
    """The typed value; raises BadConfiguration with every problem, each at its path and with its origin."""
    problems: list[str] = []
    value = _struct(layered.values, kind, "", layered, problems)
    if problems or value is None:
        raise BadConfiguration(what, problems)
    return typing.cast(StructT, value)


def suggestion(word: str, known: typing.Iterable[str]) -> str:
    """`, did you mean 'x'?` for a near miss, else nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean {near[0]!r}?" if near else ""


def _chain(profile: str) -> list[Path]:
    """The profile's file, then what it extends, outermost last."""
    paths = [_locate(profile, Path(), f"profile {profile!r}")]
    while (parent := _read(paths[-1]).get("extends")) is not None:
        what = f"profile file {paths[-1]}: extends"
        if not isinstance(parent, str):
            raise BadConfiguration(what, [f"was {parent!r}, expected the name or the path of a profile"])
        path = _locate(parent, paths[-1].parent, f"{what} {parent!r}")
        if path in paths or len(paths) == EXTENDS_MAX:
            raise BadConfiguration(f"profile {profile!r}", [f"{paths[-1].name} extends {parent!r}, which is a circle"])
        paths.append(path)
    return paths


def _locate(profile: str, beside: Path, what: str) -> Path:
    if profile.endswith((".toml", ".json")):
        path = beside / profile
        if not _is_file(path):
            raise BadConfiguration(what, ["there is no such file"])
        return path
    if profile not in shipped():
        hint = suggestion(profile, shipped())
        known = f"shipped: {', '.join(shipped())}; or a path to a .toml or .json file"
        raise BadConfiguration(what, [f"there is no such profile{hint} ({known})"])
    return directory() / f"{profile}.toml"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _read(path: Path) -> dict[str, Any]:
    """The file's table, TOML or JSON by its name; a byte order mark before it is no part of it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix != ".json":
            return tomllib.loads(text, parse_float=_number)
        table = json.loads(text, parse_float=_number)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise BadConfiguration(f"profile file {path}", [str(error)]) from error
    if not isinstance(table, dict):
        raise BadConfiguration(
            f"profile file {path}", [f"holds {type(table).__name__}, expected an object of sections"]
        )
    return table


class _Fraction(float):
    """A TOML float that remembers its text, so that money written as a float can be refused with it."""

    text: str


def _number(text: str) -> float:
    number = _Fraction(text)
    number.text = text
    return number


def _merge(layered: Layered, values: Mapping[str, Any], origin: str, path: str = "") -> None:
    target = layered.values
    for step in path.split(".") if path else ():
        target = target.setdefault(step, {})
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            if not isinstance(target.get(key), dict):
                target[key] = {}
                layered.origins.pop(here, None)
            _merge(layered, value, origin, here)
        else:
            target[key] = value
            layered.origins[here] = origin


def _merge_environment(layered: Layered, environment: Mapping[str, str], typed: Mapping[str, str]) -> None:
    for override in overrides(environment, layered.values, _number):
        origin = typed.get(override.name, f"environment {override.name}")
        if not all(override.path):
            expected = "section.key" if override.name in typed else "BOT__SECTION__KEY"
            raise BadConfiguration(origin, [f"names no key, expected {expected}"])
        layered.texts[".".join(override.path)] = override.text
        nested: Any = override.value
        for step in reversed(override.path):
            nested = {step: nested}
        _merge(layered, nested, origin)


def _struct(
    values: Mapping[str, Any], kind: type[msgspec.Struct], path: str, layered: Layered, problems: list[str]
) -> msgspec.Struct | None:
    """Convert field by field, so that one bad value does not hide the next."""
    before = len(problems)
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for key in values:
        if key not in fields:
            problems.append(f"{_dotted(path, key)}: unknown key{suggestion(key, fields)}{_from(path, key, layered)}")
    arguments: dict[str, Any] = {}
    for name, field in fields.items():
        if name in values:
            arguments[name] = _value(values[name], field.type, _dotted(path, name), layered, problems)
        elif field.required:
            problems.append(f"{_dotted(path, name)}: missing; it has no default")
    if len(problems) > before:
        return None
    try:
        return kind(**arguments)
    except ValueError as error:
        told = str(error).removeprefix(f"{path.rpartition('.')[2]}: ")
        problems.append(f"{path}: {told}" if path else told)
        return None


def _value(value: Any, kind: Any, path: str, layered: Layered, problems: list[str]) -> Any:
    arguments = typing.get_args(kind)
    if kind in (str, Decimal) and path in layered.texts and not isinstance(value, str):
        value = layered.texts[path]  # a shell has no quotes to spare, and its text is exact
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        return _struct(value, kind, path, layered, problems)
    if typing.get_origin(kind) is dict and isinstance(value, dict):
        return {key: _value(each, arguments[1], _dotted(path, key), layered, problems) for key, each in value.items()}
    if isinstance(kind, types.UnionType) and isinstance(value, dict):
        structs = [each for each in arguments if isinstance(each, type) and issubclass(each, msgspec.Struct)]
        if len(structs) == 1:
            return _struct(value, structs[0], path, layered, problems)
    if kind is Decimal and isinstance(value, float):
        text = value.text if isinstance(value, _Fraction) else repr(value)
        problems.append(f'{path}: money is exact, write "{text}" in quotes{_from("", path, layered)}')
        return None
    if isinstance(value, _Fraction):
        value = float(value)
    try:
        return msgspec.convert(value, kind, strict=not isinstance(value, str | int))
    except (msgspec.ValidationError, ValueError) as error:
        choices = ", ".join(map(str, arguments)) if typing.get_origin(kind) is typing.Literal else ""
        told = f", expected one of {choices}" if choices else f": {_plain(str(error))}"
        problems.append(f"{path}: was {value!r}{told}{_from('', path, layered)}")
        return None


def _dotted(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _plain(text: str) -> str:
    for name, plain in _KINDS.items():
        text = text.replace(name, plain)
    return text


def _from(path: str, key: str, layered: Layered) -> str:
    here = _dotted(path, key)
    below = (origin for place, origin in layered.origins.items() if place.startswith(f"{here}."))
    origin = layered.origins.get(here) or next(below, None)
    return f" (from {origin})" if origin else ""
