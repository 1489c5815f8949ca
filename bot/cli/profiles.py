"""`bot profile`: list, show with origins, check."""

from typing import Annotated

import typer

from bot.cli.errors import command
from bot.cli.options import Json, emit, say

app = typer.Typer(help="List, show and check profiles.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A shipped profile's name, or a path to a .toml file.")]


@app.command("list")
@command
def list_profiles(json: Json = False) -> None:
    """List the shipped profiles.

    Examples: `bot profile list`  ·  `bot profile list --json`
    """
    from bot.configuration import directory, shipped

    described = {name: _first_comment((directory() / f"{name}.toml").read_text("utf-8")) for name in shipped()}
    if json:
        emit(described)
        return
    for name, line in described.items():
        say(f"{name:<10} {line}")


@app.command("show")
@command
def show(name: Name = "canary", json: Json = False) -> None:
    """Show every value of a profile and where it came from.

    Examples: `bot profile show canary`  ·  `BOT__CADENCE__DECIDE_S=1 bot profile show canary`
    """
    from bot.profile import described

    rows = described(name)
    if json:
        emit({path: {"value": value, "origin": origin} for path, value, origin in rows})
        return
    for path, value, origin in rows:
        say(f"{path:<44} {value!s:<28} {origin}")


@app.command("check")
@command
def check(name: Name = "canary", json: Json = False) -> None:
    """Check a profile: all problems at once, exit 4 if there is one.

    Examples: `bot profile check canary`  ·  `bot profile check my.toml --json`
    """
    from bot.assemble import agents_of
    from bot.profile import load

    profile = load(name)
    agents_of(profile)
    if json:
        emit({"profile": profile.name, "ok": True})
    else:
        say(f"profile {profile.name} is in order")


def _first_comment(text: str) -> str:
    return next((line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#")), "")
