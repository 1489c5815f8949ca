"""Where agents are found: shipped by kind, an entry point of the group `keel.agents`, `module:Class`, or a .py file."""

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Final

from actors.agents.base import Agent
from bot.configuration import BadConfiguration, suggestion

GROUP: Final = "keel.agents"
SHIPPED: Final[Mapping[str, str]] = {
    "ts_momentum": "actors.agents.ts_momentum:TsMomentum",
    "ou_reversion": "actors.agents.ou_reversion:OuReversion",
    "breakout": "actors.agents.breakout:Breakout",
    "vol_managed": "actors.agents.vol_managed:VolManaged",
    "funding_carry": "actors.agents.funding_carry:FundingCarry",
    "ofi": "actors.agents.ofi:Ofi",
    "microprice": "actors.agents.microprice:Microprice",
    "pairs": "actors.agents.pairs:Pairs",
    "xs_reversal": "actors.agents.xs_reversal:XsReversal",
    "seasonality": "actors.agents.seasonality:Seasonality",
    "sentiment": "actors.agents.sentiment:Sentiment",
    "macro": "actors.agents.macro:Macro",
}
"""Kind -> where its class is."""

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


def agent_of(kind: str, owner: str = "") -> type[Agent]:
    """The class of an agent by its kind; raises BadConfiguration saying what was wrong and what there is."""
    what = owner or f"agent {kind!r}"
    if kind in SHIPPED:
        return _agent(what, kind, SHIPPED[kind])
    found = {each.name: each for each in entry_points(group=GROUP)}
    if kind in found:
        return _from_entry_point(what, found[kind])
    file, colon, name = kind.partition(":")
    if file.endswith(".py"):
        return _from_file(what, Path(file), name)
    if colon:
        return _agent(what, kind, kind)
    there_is = ", ".join({**SHIPPED, **dict.fromkeys(found)})
    hint = suggestion(kind, (*SHIPPED, *found))
    raise BadConfiguration(
        what, [f"kind was {kind!r}{hint}; expected one of {there_is}, module:Class, or the path of a .py file"]
    )


def kinds() -> dict[str, str]:
    """Every kind that can be named without a path, and where it is from: `shipped` or the package that brings it."""
    own = {each.name: each.dist.name if each.dist else each.module for each in entry_points(group=GROUP)}
    return dict.fromkeys(SHIPPED, "shipped") | {name: where for name, where in own.items() if name not in SHIPPED}


def _agent(what: str, kind: str, reference: str) -> type[Agent]:
    module, _, attribute = reference.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except FAILURES as error:
        raise BadConfiguration(what, [f"kind {kind!r} cannot be loaded: {error}"]) from error
    return _checked(what, kind, found)


def _from_entry_point(what: str, point: EntryPoint) -> type[Agent]:
    try:
        found = point.load()
    except FAILURES as error:
        raise BadConfiguration(what, [f"entry point {point.name} = {point.value} cannot be loaded: {error}"]) from error
    return _checked(what, point.name, found)


def _from_file(what: str, file: Path, name: str) -> type[Agent]:
    module = _loaded(what, file)
    if name:
        if not hasattr(module, name):
            raise BadConfiguration(
                what, [f"{file} has no {name}; it has {', '.join(_agents_of(module)) or 'no agent'}"]
            )
        return _checked(what, f"{file}:{name}", getattr(module, name))
    agents = _agents_of(module)
    if len(agents) != 1:
        listed = ", ".join(agents) or "none"
        raise BadConfiguration(what, [f"{file} has {listed}; expected one subclass of Agent, or {file}:Class"])
    (found,) = agents.values()
    return found


def _loaded(what: str, file: Path) -> ModuleType:
    """The module of a file, under a name of its own, so that it hides no other of the same name."""
    if not file.is_file():
        raise BadConfiguration(what, [f"{file} is no file; expected the path of a .py file with an agent"])
    name = f"keel_agent_{file.stem}"
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


def _agents_of(module: ModuleType) -> dict[str, type[Agent]]:
    """The agents a module defines itself, not those it imports."""
    return {
        name: found
        for name, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, Agent) and found.__module__ == module.__name__
    }


def _checked(what: str, kind: str, found: object) -> type[Agent]:
    if not (isinstance(found, type) and issubclass(found, Agent)):
        raise BadConfiguration(what, [f"kind {kind!r} is no subclass of actors.agents.base.Agent"])
    return found
