"""Verbs that speak to a running daemon over its control socket: status, stop, halt, resume, flatten."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.errors import command
from bot.cli.options import Json, RunName, Runs, emit, runs_directory, say

Reason = Annotated[str, typer.Option("--reason", help="Why; it is journaled with your user name.")]
Policy = Annotated[
    str | None, typer.Option("--on-stop", help="keep | cancel | flatten; the profile's on_stop if not given.")
]


@command
def status(run: RunName = "last", runs: Runs = None, json: Json = False) -> None:
    """Show what a running daemon believes, holds and may do.

    Examples: `bot status`  ·  `bot status canary-000003 --json`
    """
    answer = _ask(run, runs, "status")
    if json:
        emit(answer)
        return
    for name, value in answer.items():
        say(f"{name:<22} {value}")


@command
def stop(run: RunName = "last", on_stop: Policy = None, runs: Runs = None, json: Json = False) -> None:
    """Ask a daemon to drain and end; what becomes of orders and positions is the policy's choice.

    Examples: `bot stop`  ·  `bot stop --on-stop flatten`
    """
    _act(run, runs, json, "stop", policy=on_stop or "")


@command
def halt(run: RunName = "last", reason: Reason = "by hand", runs: Runs = None, json: Json = False) -> None:
    """Stop all new orders and cancel the open ones; latched until `bot resume`.

    Examples: `bot halt`  ·  `bot halt --reason "venue looks odd"`
    """
    _act(run, runs, json, "halt", reason=reason)


@command
def resume(run: RunName = "last", reason: Reason = "by hand", runs: Runs = None, json: Json = False) -> None:
    """Clear the latches and trade again.

    Examples: `bot resume`  ·  `bot resume --reason "checked by hand"`
    """
    _act(run, runs, json, "resume", reason=reason)


@command
def flatten(run: RunName = "last", reason: Reason = "by hand", runs: Runs = None, json: Json = False) -> None:
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
    from bot.runs import find_run
    from runtime.control import ask

    directory = find_run(runs_directory(runs), run)
    answer: dict[str, Any] = ask(directory, verb, **fields)
    return answer
