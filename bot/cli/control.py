"""Verbs that speak to a running daemon over its control socket: status, stop, halt, resume, flatten."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.errors import NOT_FOUND, Fail, command
from bot.cli.options import Json, Runs, emit, runs_directory, say


class OnStop(StrEnum):
    """What becomes of orders and positions."""

    KEEP = "keep"
    CANCEL = "cancel"
    FLATTEN = "flatten"


Daemon = Annotated[str, typer.Argument(help="A run's name, ACCOUNT/NAME, a path, or `last`: the one that is running.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is journaled with your user name.")]
Policy = Annotated[OnStop | None, typer.Option("--on-stop", help="The profile's on_stop if not given.")]


@command
def status(run: Daemon = "last", runs: Runs = None, json: Json = False) -> None:
    """Show what a running daemon believes, holds and may do.

    Examples: `bot status`  ·  `bot status canary-000003 --json`
    """
    answer = _ask(run, runs, "status")
    if json:
        emit(answer)
        return
    for line in _told(answer):
        say(line)


@command
def stop(run: Daemon = "last", on_stop: Policy = None, runs: Runs = None, json: Json = False) -> None:
    """Ask a daemon to drain and end; what becomes of orders and positions is the policy's choice.

    Examples: `bot stop`  ·  `bot stop --on-stop flatten`
    """
    _act(run, runs, json, "stop", policy=on_stop.value if on_stop else "")


@command
def halt(run: Daemon = "last", reason: Reason = "by hand", runs: Runs = None, json: Json = False) -> None:
    """Stop all new orders and cancel the open ones; latched until `bot resume`.

    Examples: `bot halt`  ·  `bot halt --reason "venue looks odd"`
    """
    _act(run, runs, json, "halt", reason=reason)


@command
def resume(run: Daemon = "last", reason: Reason = "by hand", runs: Runs = None, json: Json = False) -> None:
    """Clear the latches and trade again.

    Examples: `bot resume`  ·  `bot resume --reason "checked by hand"`
    """
    _act(run, runs, json, "resume", reason=reason)


@command
def flatten(run: Daemon = "last", reason: Reason = "by hand", runs: Runs = None, json: Json = False) -> None:
    """Close every position and open nothing new meanwhile.

    Examples: `bot flatten`  ·  `bot flatten --reason "going on holiday"`
    """
    _act(run, runs, json, "flatten", reason=reason)


def _act(run: str, runs: Path | None, json: bool, verb: str, **fields: Any) -> None:
    answer = _ask(run, runs, verb, **fields)
    if json:
        emit(answer)
    else:
        say(str(answer.get("said", "done")))


def _ask(run: str, runs: Path | None, verb: str, **fields: Any) -> dict[str, Any]:
    from runtime.control import ask

    answer: dict[str, Any] = ask(_serving(runs_directory(runs), run), verb, **fields)
    return answer


def _serving(directory: Path, wanted: str) -> Path:
    """The run to speak to: for `last` the one that is running, because a run that is over may be newer."""
    from bot.listing import is_running
    from bot.runs import all_runs, find_run
    from runtime.control import SOCKET_NAME

    if wanted != "last":
        return find_run(directory, wanted)
    found = [run for run in all_runs(directory) if (run / SOCKET_NAME).exists() and is_running(run)]
    names = ", ".join(f"{run.parent.name}/{run.name}" for run in found)
    if len(found) > 1:
        raise Fail(f"{len(found)} daemons are running under {directory}, name one of: {names}", NOT_FOUND)
    if not found:
        raise Fail(f"nothing is running under {directory}; `bot runs` lists what was", NOT_FOUND)
    return found[0]


def _told(answer: dict[str, Any]) -> Iterator[str]:
    """Name and value in two columns, tables below their name, nothing that is empty."""
    for name, value in answer.items():
        if value in ("", None, [], {}):
            continue
        if isinstance(value, dict):
            yield name
            for inner, part in value.items():
                yield f"  {inner:<20} {part}"
        else:
            yield f"{name:<22} {', '.join(map(str, value)) if isinstance(value, list) else value}"
