"""Configuration: TOML files that extend each other, environment overrides, and where every value came from.

Order, the later wins: the files from the end of the `extends` chain to the named profile, then `BOT__SECTION__KEY`
from the environment. Every problem is collected before anything is refused.
"""

import difflib
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

ENVIRONMENT_PREFIX: Final = "BOT__"
EXTENDS_MAX: Final = 8

StructT = TypeVar("StructT", bound=msgspec.Struct)


class BadConfiguration(Exception):
    """One text with all problems and what to do; exit code 4."""

    def __init__(self, what: str, problems: list[str]) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{what} has {len(problems)} problem{'s' if len(problems) > 1 else ''}:\n{listed}")


class Layered(msgspec.Struct):
    """Merged values, and by dotted path the place each came from."""

    values: dict[str, Any]
    origins: dict[str, str]


def directory() -> Path:
    """Where the shipped profiles lie."""
    return Path(__file__).parent / "profiles"


def shipped() -> tuple[str, ...]:
    """Names of the shipped profiles in alphabetical order."""
    return tuple(sorted(path.stem for path in directory().glob("*.toml")))


def layers(profile: str, environment: Mapping[str, str] | None = None) -> Layered:
    """The merged values of a profile by name or path; raises BadConfiguration."""
    merged = Layered({}, {})
    for path in reversed(_chain(profile)):
        values = _read(path)
        values.pop("extends", None)
        _merge(merged, values, path.name if path.parent == directory() else str(path))
    _merge_environment(merged, os.environ if environment is None else environment)
    return merged


def convert(layered: Layered, kind: type[StructT], what: str) -> StructT:
    """The typed value; raises BadConfiguration with every problem, each at its path and with its origin."""
    problems: list[str] = []
    value = _struct(layered.values, kind, "", layered.origins, problems)
    if problems or value is None:
        raise BadConfiguration(what, problems)
    return typing.cast(StructT, value)


def suggestion(word: str, known: typing.Iterable[str]) -> str:
    """`, did you mean 'x'?` for a near miss, else nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean {near[0]!r}?" if near else ""


def _chain(profile: str) -> list[Path]:
    """The profile's file, then what it extends, outermost last."""
    paths = [_locate(profile)]
    while (parent := _read(paths[-1]).get("extends")) is not None:
        path = _locate(str(parent), beside=paths[-1])
        if path in paths or len(paths) == EXTENDS_MAX:
            raise BadConfiguration(f"profile {profile!r}", [f"{paths[-1].name} extends {parent!r}, which is a circle"])
        paths.append(path)
    return paths


def _locate(profile: str, beside: Path | None = None) -> Path:
    if profile.endswith(".toml"):
        path = (beside.parent if beside else Path()) / profile
    else:
        path = directory() / f"{profile}.toml"
    if not path.is_file():
        hint = suggestion(profile, shipped())
        raise BadConfiguration(
            f"profile {profile!r}",
            [f"there is no such profile{hint} (shipped: {', '.join(shipped())}; or a path to a .toml file)"],
        )
    return path


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=_number)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadConfiguration(f"profile file {path}", [str(error)]) from error


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
            _merge(layered, value, origin, here)
        else:
            target[key] = value
            layered.origins[here] = origin


def _merge_environment(layered: Layered, environment: Mapping[str, str]) -> None:
    for name in sorted(environment):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        steps = [step.lower() for step in name.removeprefix(ENVIRONMENT_PREFIX).split("__")]
        nested: dict[str, Any] = {}
        inner = nested
        for step in steps[:-1]:
            inner = inner.setdefault(step, {})
        inner[steps[-1]] = _environment_value(environment[name])
        _merge(layered, nested, f"environment {name}")


def _environment_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}", parse_float=_number)["value"]
    except tomllib.TOMLDecodeError:
        return text


def _struct(
    values: Mapping[str, Any], kind: type[msgspec.Struct], path: str, origins: Mapping[str, str], problems: list[str]
) -> msgspec.Struct | None:
    """Convert field by field, so that one bad value does not hide the next."""
    before = len(problems)
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for key in values:
        if key not in fields:
            problems.append(f"{_dotted(path, key)}: unknown key{suggestion(key, fields)}{_from(path, key, origins)}")
    arguments: dict[str, Any] = {}
    for name, field in fields.items():
        if name in values:
            arguments[name] = _value(values[name], field.type, _dotted(path, name), origins, problems)
        elif field.required:
            problems.append(f"{_dotted(path, name)}: missing; it has no default")
    if len(problems) > before:
        return None
    try:
        return kind(**arguments)
    except ValueError as error:
        problems.append(f"{path or 'profile'}: {error}")
        return None


def _value(value: Any, kind: Any, path: str, origins: Mapping[str, str], problems: list[str]) -> Any:
    arguments = typing.get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        return _struct(value, kind, path, origins, problems)
    if typing.get_origin(kind) is dict and isinstance(value, dict):
        return {key: _value(each, arguments[1], _dotted(path, key), origins, problems) for key, each in value.items()}
    if isinstance(kind, types.UnionType) and isinstance(value, dict):
        structs = [each for each in arguments if isinstance(each, type) and issubclass(each, msgspec.Struct)]
        if len(structs) == 1:
            return _struct(value, structs[0], path, origins, problems)
    if kind is Decimal and isinstance(value, float):
        text = value.text if isinstance(value, _Fraction) else repr(value)
        problems.append(f'{path}: money is exact, write "{text}" in quotes{_from("", path, origins)}')
        return None
    if isinstance(value, _Fraction):
        value = float(value)
    try:
        return msgspec.convert(value, kind, strict=not isinstance(value, str | int))
    except (msgspec.ValidationError, ValueError) as error:
        problems.append(f"{path}: was {value!r}: {error}{_from('', path, origins)}")
        return None


def _dotted(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _from(path: str, key: str, origins: Mapping[str, str]) -> str:
    origin = origins.get(_dotted(path, key))
    return f" (from {origin})" if origin else ""
