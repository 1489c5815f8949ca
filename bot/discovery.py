"""Finding a class by a word: shipped, an entry point, `module:Class`, or the path of a .py file; errors are told."""

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Final, Generic, TypeVar

from bot.configuration import BadConfiguration, suggestion

FAILURES: Final = (
    ArithmeticError,
    AssertionError,
    EOFError,
    MemoryError,
    StopIteration,
    Warning,
    ImportError,
    AttributeError,
    SyntaxError,
    TypeError,
    ValueError,
    NameError,
    OSError,
    LookupError,
    RuntimeError,
    SystemExit,
)
"""What importing a module of somebody else may raise when it is not in order; one that exits is not."""

KindT = TypeVar("KindT")


@dataclass(frozen=True)
class Family(Generic[KindT]):
    """Classes of one base: `noun` is what one is called, `key` where a profile names it, `group` its entry points.

    `shipped` says by name where the class is, as `module:Class`.
    """

    base: type[KindT]
    noun: str
    key: str
    group: str
    shipped: Mapping[str, str]

    def find(self, word: str, what: str) -> type[KindT]:
        """The class; raises BadConfiguration for `what`, saying what was wrong and what there is."""
        if word in self.shipped:
            return self._imported(what, word, self.shipped[word])
        found = {each.name: each for each in entry_points(group=self.group)}
        if word in found:
            return self._entered(what, found[word])
        file, colon, name = word.partition(":")
        if file.endswith(".py"):
            return self._of_file(what, Path(file), name)
        if colon:
            return self._imported(what, word, word)
        known = tuple(self.names())
        expected = f"expected one of {', '.join(known)}, module:Class, or the path of a .py file"
        raise BadConfiguration(what, [f"{self.key} was {word!r}{suggestion(word, known)}; {expected}"])

    def names(self) -> dict[str, str]:
        """Every class that can be named without a path, and where it is from: `shipped`, or the package it is in."""
        own = {each.name: each.dist.name if each.dist else each.module for each in entry_points(group=self.group)}
        return dict.fromkeys(self.shipped, "shipped") | {
            name: where for name, where in own.items() if name not in self.shipped
        }

    def _imported(self, what: str, word: str, reference: str) -> type[KindT]:
        module, _, attribute = reference.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except FAILURES as error:
            raise BadConfiguration(what, [f"{self.key} {word!r} cannot be loaded: {error}"]) from error
        return self._checked(what, word, found)

    def _entered(self, what: str, point: EntryPoint) -> type[KindT]:
        try:
            found = point.load()
        except FAILURES as error:
            told = f"entry point {point.name} = {point.value} cannot be loaded: {error}"
            raise BadConfiguration(what, [told]) from error
        return self._checked(what, point.name, found)

    def _of_file(self, what: str, file: Path, name: str) -> type[KindT]:
        module = self._loaded(what, file)
        own = self._defined_in(module)
        if name:
            if not hasattr(module, name):
                there = ", ".join(own) or f"no {self.noun}"
                raise BadConfiguration(what, [f"{file} has no {name}; it has {there}"])
            return self._checked(what, f"{file}:{name}", getattr(module, name))
        if len(own) != 1:
            expected = f"expected one subclass of {self.base.__name__}, or {file}:Class"
            raise BadConfiguration(what, [f"{file} has {', '.join(own) or 'none'}; {expected}"])
        (found,) = own.values()
        return found

    def _loaded(self, what: str, file: Path) -> ModuleType:
        """The module of a file, under a name of its own, so that it hides no other of the same name."""
        if not file.is_file():
            raise BadConfiguration(what, [f"{file} is no file; expected the path of a .py file with one {self.noun}"])
        name = f"keel_{self.noun}_{file.stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None and spec.loader is not None, f"{file} ends in .py"
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except FAILURES as error:
            del sys.modules[name]
            raise BadConfiguration(what, [f"{file} cannot be loaded: {error}"]) from error
        return module

    def _defined_in(self, module: ModuleType) -> dict[str, type[KindT]]:
        """The classes a module defines itself, not those it imports."""
        return {
            name: found
            for name, found in vars(module).items()
            if isinstance(found, type) and issubclass(found, self.base) and found.__module__ == module.__name__
        }

    def _checked(self, what: str, word: str, found: object) -> type[KindT]:
        if not (isinstance(found, type) and issubclass(found, self.base)):
            home = f"{self.base.__module__}.{self.base.__name__}"
            raise BadConfiguration(what, [f"{self.key} {word!r} is no subclass of {home}"])
        return found
