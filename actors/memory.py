"""An actor whose whole state is one mutable struct of plain values, lists and dictionaries."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar, get_args, get_origin

import msgspec

from runtime.actor import Actor

StateT = TypeVar("StateT", bound=msgspec.Struct)

NOTHING: tuple[msgspec.Struct, ...] = ()

PLAIN: Final = (bool, int, float, str, bytes, Decimal)
"""What a field of such a type holds cannot change."""


class StatefulActor(Actor, Generic[StateT]):
    """Keeps `self.state`; what can be looked up from it again is made by `derive`."""

    kept: ClassVar[type[msgspec.Struct]]
    """The type of the state."""

    state: StateT

    @abstractmethod
    def derive(self) -> None:
        """Make what is looked up often from `self.state`, which was just replaced."""

    def start(self, state: StateT) -> None:
        """Begin with that state."""
        self.state = state
        self.derive()

    def snapshot(self) -> StateT:
        state: StateT = copied(self.state)
        return state

    def restore(self, state: StateT) -> None:
        self.start(copied(state))

    @classmethod
    def state_type(cls) -> type[msgspec.Struct]:
        return cls.kept


def copied(value: Any) -> Any:
    """An equal value that shares nothing mutable; frozen structs and columns are shared, because they cannot change."""
    if isinstance(value, list):
        return [copied(each) for each in value] if _changes(value) else list(value)
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()} if _changes(value.values()) else dict(value)
    if not _mutable(type(value)):
        return value
    new = value.__copy__()
    for name, flat in _parts(type(value)):
        part = getattr(new, name)
        if flat:
            setattr(new, name, part.copy())
        elif _mutable(type(part)):
            setattr(new, name, copied(part))
    return new


def _changes(values: Iterable[Any]) -> bool:
    """Whether any of many values is of a kind that can change."""
    return any(map(_mutable, dict.fromkeys(map(type, values))))


def _is_mutable(kind: type) -> bool:
    if issubclass(kind, msgspec.Struct):
        return not kind.__struct_config__.frozen
    return issubclass(kind, list | dict)


def _not_plain(kind: type[msgspec.Struct]) -> tuple[tuple[str, bool], ...]:
    """The fields of a struct declared as more than a plain value, and whether copying their container copies them.

    So it is of a list or dictionary of plain values, and of one that the struct names in `replaces`.
    """
    fields = [field for field in msgspec.structs.fields(kind) if not _is_plain(field.type)]
    replaced: tuple[str, ...] = getattr(kind, "replaces", ())
    return tuple((field.name, field.name in replaced or _is_flat(field.type)) for field in fields)


def _is_plain(declared: Any) -> bool:
    return declared in PLAIN or get_origin(declared) is Literal


def _is_flat(declared: Any) -> bool:
    return get_origin(declared) in (list, dict) and all(map(_is_plain, get_args(declared)))


_mutable: Final[Callable[[type], bool]] = cache(_is_mutable)
_parts: Final[Callable[[type[msgspec.Struct]], tuple[tuple[str, bool], ...]]] = cache(_not_plain)
