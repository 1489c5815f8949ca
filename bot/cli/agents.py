"""`bot agents`: list, describe, check."""

import inspect
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.errors import BAD_CONFIGURATION, Fail, command
from bot.cli.options import Json, emit, say

if TYPE_CHECKING:
    from actors.agents.base import Agent

app = typer.Typer(help="List, describe and check agents.", no_args_is_help=True)

Kind = Annotated[str, typer.Argument(help="A kind, module:Class, or the path of a .py file with an agent.")]


@app.command("list")
@command
def list_agents(json: Json = False) -> None:
    """List the agents there are, shipped and installed.

    Examples: `bot agents list`  ·  `bot agents list --json`
    """
    from bot.agents import agent_of, kinds

    rows = {kind: (origin, _first_line(agent_of(kind))) for kind, origin in kinds().items()}
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
    from bot.agents import agent_of

    agent = agent_of(kind)
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
def check(kind: Kind, json: Json = False) -> None:
    """Try an agent in made-up markets and name the laws it breaks; exit 4 if there is one.

    Examples: `bot agents check breakout`  ·  `bot agents check my_agent.py`
    """
    from actors.agents.laws import LAWS, check_agent
    from bot.agents import agent_of

    broken = check_agent(agent_of(kind))
    if json:
        emit({"kind": kind, "ok": not broken, "laws": list(LAWS), "broken": {each.law: each.seen for each in broken}})
    if broken:
        listed = "\n".join(f"  - {each}" for each in broken)
        raise Fail(f"agent {kind} breaks {len(broken)} of {len(LAWS)} laws\n{listed}", BAD_CONFIGURATION)
    if not json:
        say(f"agent {kind} keeps all {len(LAWS)} laws")


def _first_line(agent: "type[Agent]") -> str:
    module = inspect.getmodule(agent)
    return (inspect.getdoc(module) or inspect.getdoc(agent) or "").split("\n")[0]
