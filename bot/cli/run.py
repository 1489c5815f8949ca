"""`bot run`: start a daemon, show it calmly on a terminal, print what it came to."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.cli.errors import Fail, command
from bot.cli.options import Json, Runs, a_path, emit, say, talk
from bot.cli.queued_stderr import unhurried_stderr

UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "": 1}
DURATION_S_MAX: Final = 3650 * 86_400
SPEED_MAX: Final = 1e6
ROLES: Final = ("all", "ingest", "agents", "desk")


@command
def run(
    profile: Annotated[str, typer.Option("--profile", help="A profile's name or a path to a .toml file.")] = "canary",
    duration: Annotated[str | None, typer.Option("--for", help="End by itself after this time: 90s, 15m, 2h.")] = None,
    recording: Annotated[
        Path | None,
        typer.Option(
            "--recording", metavar="FILE", parser=a_path, help="Play this recording of a venue, not a live market."
        ),
    ] = None,
    speed: Annotated[str, typer.Option("--speed", help="1, a factor such as 10, or max: no waiting at all.")] = "1",
    role: Annotated[
        str,
        typer.Option("--role", metavar="ROLE", help="all, or a part of a book over Kafka: ingest, agents, desk."),
    ] = "all",
    runs: Runs = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide everything, send nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--new", help="Begin a new run even if the last one was cut.")] = False,
    arm: Annotated[str, typer.Option("--arm", help="Name the account to let a live profile trade real money.")] = "",
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more; twice for everything.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No log lines and no live view.")] = False,
    json: Json = False,
) -> None:
    """Run the daemon until it is stopped: believe, decide, trade, keep the record.

    Examples: `bot run --profile canary`  ·  `bot run --profile canary --for 60s --json`  ·
    `bot run --recording COINBASE.jsonl.zst --speed max --json`  ·  `bot run --role desk --profile book.toml`
    """
    duration_s, factor = _seconds(duration), _factor(speed)
    _check_role(role, recording, endless=factor is None and duration_s is None and recording is None)
    from bot.cli.face import Face
    from bot.running import RunOptions

    loaded = _loaded(profile, virtual=factor is None, dry_run=dry_run)
    options = RunOptions(
        runs=runs or Path(loaded.runs.directory),
        duration_s=duration_s,
        recording=recording,
        speed=factor,
        fresh=fresh,
        armed=bool(arm) and arm == loaded.account.name,
    )
    if role == "agents":
        with unhurried_stderr():
            _run_shard(loaded, options, json=json)
        return
    with unhurried_stderr():
        face = Face(loaded, live=sys.stderr.isatty() and not (json or quiet), quiet=quiet, verbosity=verbose)
        result = _starter(role)(loaded, options, face.started)
        _show(result.summary, _tell, json=json)
    if result.ending.exit_code:
        raise Fail(result.ending.reason, result.ending.exit_code)


def _loaded(profile: str, *, virtual: bool, dry_run: bool) -> Any:
    """The profile, with everything checked that can be before anything is opened."""
    from bot.assemble import agents_of
    from bot.features.storing import check_store
    from bot.profile import load
    from bot.remote_agents.sources import signals_of
    from bot.worlds import dry

    loaded = load(profile)
    agents_of(loaded)
    signals_of(loaded, virtual=virtual)
    check_store(loaded.store, virtual=virtual)
    return dry(loaded) if dry_run else loaded


def _show(summary: dict[str, Any], tell: Callable[[dict[str, Any]], None], *, json: bool) -> None:
    if json:
        emit(summary)
    else:
        tell(summary)


def _check_role(role: str, recording: Path | None, *, endless: bool) -> None:
    if role not in ROLES:
        raise typer.BadParameter(f"--role was {role!r}, expected one of {', '.join(ROLES)}")
    if endless and role in ("all", "ingest"):
        raise typer.BadParameter("--speed max needs an end: give --for or --recording")
    if recording is not None and role in ("agents", "desk"):
        raise typer.BadParameter(f"--role {role} hears its stream: a --recording is played by --role ingest")


def _starter(role: str) -> Callable[..., Any]:
    """What runs a daemon in a role."""
    if role == "all":
        from bot.running import run_daemon

        return run_daemon
    from bot.roles.running import run_desk, run_ingest

    return run_ingest if role == "ingest" else run_desk


def _run_shard(profile: Any, options: Any, *, json: bool) -> None:
    """A shard has no run of its own: what it says is on the stream's record and on the desk's."""
    from bot.roles.shard import run_shard
    from bot.roles.wires import wired

    summary = run_shard(profile, wired(profile), options.duration_s, ends_with_stream=options.speed is None)
    _show(summary, _tell_shard, json=json)
    if summary["exit_code"]:
        raise Fail(summary["ending"], summary["exit_code"])


def _tell_shard(summary: dict[str, Any]) -> None:
    say(f"parts {summary['parts']}: {summary['beats']} beats answered, {summary['signals']} signals")


def _tell(summary: dict[str, Any]) -> None:
    say(
        f"{summary['run']}: {summary['decisions']} decisions, {summary['orders']} orders, {summary['fills']} fills, "
        f"equity {summary['equity_eur']} {summary['currency'] or ''}"
    )
    record = shlex.quote(str(Path(summary["journal"]).parent))
    talk(f"look at it with: bot replay {record}   ·   bot why ORDER_ID --run {record}")


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", text)
    duration_s = float(match[1]) * UNITS_S[match[2]] if match else 0.0
    if not 0 < duration_s <= DURATION_S_MAX:
        raise typer.BadParameter(f"--for was {text!r}, expected a time such as 90s, 15m or 2h, at most 3650d")
    return duration_s


def _factor(text: str) -> float | None:
    if text == "max":
        return None
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= SPEED_MAX:
        raise typer.BadParameter(f"--speed was {text!r}, expected max or a number above 0, at most {SPEED_MAX:g}")
    return factor
