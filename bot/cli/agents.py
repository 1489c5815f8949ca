"""`bot agents`: list, describe, check."""

import contextlib
import inspect
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.errors import BAD_CONFIGURATION, TIMEOUT, Fail, command
from bot.cli.evaluate import a_duration
from bot.cli.options import Json, emit, say

if TYPE_CHECKING:
    from actors.agents.base import Agent
    from actors.agents.laws import Broken

app = typer.Typer(help="List, describe and check agents.", no_args_is_help=True)

Kind = Annotated[str, typer.Argument(help="A kind, module:Class, or the path of a .py file with an agent.")]
Limit = Annotated[
    float | None,
    typer.Option("--limit", metavar="TIME", parser=a_duration, help="How long the whole trial may take; else 60s."),
]


@app.command("list")
@command
def list_agents(json: Json = False) -> None:
    """List the agents there are, shipped and installed.

    Examples: `bot agents list`  ·  `bot agents list --json`
    """
    from bot.agents import kinds

    rows = {kind: (origin, _says(kind)) for kind, origin in kinds().items()}
    if json:
        emit({kind: {"origin": origin, "says": line} for kind, (origin, line) in rows.items()})
        return
    for kind, (origin, line) in rows.items():
        say(f"{kind:<16} {origin:<10} {line}")


@app.command("describe")
@command
def describe(kind: Kind, json: Json = False) -> None:
    """Tell what an agent believes, its source, and what it needs.

    Examples: `bot agents describe pairs`  ·  `bot agents describe my_agent.py`
    """
    agent = _loaded(kind)
    told = [inspect.getdoc(inspect.getmodule(agent)) or "", inspect.getdoc(agent) or ""]
    if json:
        hears = [each.__name__ for each in agent.inputs]
        emit({"kind": kind, "class": agent.__qualname__, "says": told, "needs": agent.needs, "hears": hears})
        return
    say("\n\n".join(part for part in told if part))
    if agent.needs:
        say(f"\nSilent without {', '.join(agent.needs)}.")


@app.command("check")
@command
def check(kind: Kind, limit: Limit = None, json: Json = False) -> None:
    """Try an agent in made-up markets and name the laws it breaks; exit 4 if there is one, 5 when time is over.

    It is tried in a process of its own, and what it prints itself goes to stderr.

    Examples: `bot agents check breakout`  ·  `bot agents check my_agent.py --limit 5m`
    """
    from actors.agents.laws import LAWS
    from bot.trying import LIMIT_S, Unending, tried

    try:
        broken = tried(kind, limit or LIMIT_S)
    except Unending as error:
        raise Fail(str(error), TIMEOUT) from error
    if json:
        emit({"kind": kind, "ok": not broken, "laws": list(LAWS), "broken": {each.law: each.seen for each in broken}})
    if broken:
        listed = "\n".join(f"  - {each}" for each in _grouped(broken))
        raise Fail(f"agent {kind} breaks {len(broken)} of {len(LAWS)} laws\n{listed}", BAD_CONFIGURATION)
    if not json:
        say(f"agent {kind} keeps all {len(LAWS)} laws")


def _grouped(broken: "Sequence[Broken]") -> list[str]:
    """A line for each thing seen; what was seen by several laws is said once."""
    laws: dict[str, list[str]] = {}
    for each in broken:
        laws.setdefault(each.seen, []).append(each.law)
    return [f"{by[0]}{f' and {len(by) - 1} laws more' if by[1:] else ''}: {seen}" for seen, by in laws.items()]


def _loaded(kind: str) -> "type[Agent]":
    """The class of an agent; what its module prints is talk."""
    from bot.agents import agent_of

    with contextlib.redirect_stdout(sys.stderr):
        return agent_of(kind)


def _says(kind: str) -> str:
    """The first line of what is written in an agent; of one that cannot be loaded, why."""
    from bot.configuration import BadConfiguration

    try:
        agent = _loaded(kind)
    except BadConfiguration as error:
        return f"cannot be used: {error.problems[0]}"
    module = inspect.getmodule(agent)
    return (inspect.getdoc(module) or inspect.getdoc(agent) or "").split("\n")[0]
