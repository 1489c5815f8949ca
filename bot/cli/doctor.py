"""`bot doctor`: can this machine run a daemon and reach what it needs; `bot completion`: the shell's script."""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from bot.cli.errors import BAD_CONFIGURATION, Fail, command
from bot.cli.options import Json, Runs, emit, runs_directory, say

FREE_BYTES_MIN: Final = 1 << 30
SHELLS: Final = ("bash", "zsh", "fish")
NEEDED: Final = ("msgspec", "numpy", "prometheus-client", "rich", "structlog", "typer", "uvloop", "zstandard")


class Check(NamedTuple):
    """One thing that was looked at; where it is well, a remedy is advice."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


@command
def doctor(
    profile: Annotated[str, typer.Option("--profile", help="The profile that is to run.")] = "canary",
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Look whether this machine can run a daemon; exit 4 with what to do if it cannot.

    Endpoints that the profile configures are asked, for two seconds each at most: Kafka, Redis, the port of the
    figures, and the history where BOT__SINK__DSN names it.

    Examples: `bot doctor`  ·  `bot doctor --profile paper --json`
    """
    checks = [*_checks(profile, runs_directory(runs))]
    if json:
        emit({"ready": all(check.ok for check in checks), "checks": [check._asdict() for check in checks]})
    else:
        for check in checks:
            say(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<22} {check.found}")
            if check.remedy:
                say(f"      {check.remedy}")
    failed = [check.name for check in checks if not check.ok]
    if failed:
        raise Fail(f"not ready: {', '.join(failed)}", BAD_CONFIGURATION)


@command
def completion(shell: Annotated[str, typer.Argument(help="bash, zsh or fish")]) -> None:
    """Print the completion script of a shell.

    Examples: `bot completion bash >> ~/.bashrc`  ·  `bot completion fish > ~/.config/fish/completions/bot.fish`
    """
    from typer._completion_shared import get_completion_script

    if shell not in SHELLS:
        raise typer.BadParameter(f"shell was {shell!r}, expected one of {', '.join(SHELLS)}")
    say(get_completion_script(prog_name="bot", complete_var="_BOT_COMPLETE", shell=shell))


def _checks(profile: str, runs: Path) -> Iterator[Check]:
    yield from (check if not check.ok else check._replace(remedy="") for check in _of_the_machine(runs))
    yield from _of_the_profile(profile)


def _of_the_machine(runs: Path) -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("python", (3, 11) <= sys.version_info[:2] < (3, 13), version, "install Python 3.11 or 3.12")
    missing = [name for name in NEEDED if not _installed(name)]
    yield Check(
        "packages", not missing, "all there" if not missing else f"missing {', '.join(missing)}", "run: make env"
    )
    parent = next(path for path in (runs, *runs.absolute().parents) if path.exists())
    writable = os.access(parent, os.W_OK | os.X_OK)
    yield Check("runs directory", writable, str(runs.absolute()), "choose another with --runs DIR")
    free = shutil.disk_usage(parent).free
    yield Check("disk", free >= FREE_BYTES_MIN, f"{free >> 20} MiB free", "free at least 1 GiB")


def _of_the_profile(profile: str) -> Iterator[Check]:
    from bot.assemble import agents_of
    from bot.configuration import BadConfiguration
    from bot.endpoints import endpoints
    from bot.profile import load

    try:
        loaded = load(profile)
        agents_of(loaded)
    except BadConfiguration as error:
        yield Check("profile", False, profile, str(error))
        return
    yield Check("profile", True, profile)
    for finding in asyncio.run(endpoints(loaded)):
        yield Check(*finding)


def _installed(name: str) -> bool:
    from importlib import metadata

    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
