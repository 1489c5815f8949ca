"""Verbs that read what was recorded: replay, why, verify, inspect, runs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.errors import DAMAGED, DIVERGED, Fail, command
from bot.cli.options import Json, RunName, Runs, emit, runs_directory, say, talk

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict only.")]


@command
def replay(run: RunName = "last", runs: Runs = None, json: Json = False) -> None:
    """Let a run's outside messages in again and compare everything that is said, byte for byte.

    Exit 8 with the first divergent message and field, exit 10 if the journal was altered.

    Examples: `bot replay`  ·  `bot replay canary-000003 --json`
    """
    from bot.profile import stored
    from bot.replaying import replay_run
    from bot.runs import find_run
    from bot.worlds import identity_here, replayed_bus

    path = find_run(runs_directory(runs), run)
    _raise_damage(path)
    profile = stored(path)
    report = replay_run(path, lambda journal, now: replayed_bus(profile, journal, now), identity_here())
    if json:
        emit(_plain(report))
    elif report.divergence is None:
        claim = "byte-identical" if report.byte_identical else "equal within 1e-9, not claimed to the byte"
        say(f"{report.run}: {report.decisions} decisions and {report.records} records {claim}")
        say(f"decision hash {report.decision_hash}")
    for difference in report.fingerprint_differences:
        talk(f"another fingerprint: {difference}")
    if report.divergence is not None:
        found = report.divergence
        code = "" if report.code_equal else "; the code is not the one that recorded the run"
        raise Fail(
            f"replay of {report.run} diverged at seq {found.seq} (turn {found.turn}): {found.type} from {found.source} "
            f"differs in {found.field}: recorded {found.recorded}, replayed {found.replayed}{code}",
            DIVERGED,
        )


@command
def why(
    order: Annotated[str, typer.Argument(help="A client order id, for example k1-000017-00-0.")],
    run: Annotated[str, typer.Option("--run", help="The run; `last` if not given.")] = "last",
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Explain an order from the journal alone: fills, order, intent, selection, slate, signals, features, marks.

    Examples: `bot why k1-000017-00-0`  ·  `bot why k1-000017-00-0 --json`
    """
    from adapters.journal.reader import records
    from bot.replaying import journal_of
    from bot.runs import find_run
    from bot.why import why as explain

    path = find_run(runs_directory(runs), run)
    disk = journal_of(path)
    explanation = explain(lambda: records(disk), order)
    if json:
        emit(_plain(explanation))
        return
    say(f"{explanation.client_id} on {explanation.symbol}")
    for link in explanation.chain:
        told = "  ".join(f"{name}={_short(value)}" for name, value in _plain(link.says).items() if value is not None)
        say(f"  {link.step:<11} seq {link.seq:<8} {link.at}  {link.type:<15} {told}")


@command
def verify(run: RunName = "last", runs: Runs = None, json: Json = False) -> None:
    """Walk a journal and prove that nothing in it was edited, deleted or reordered.

    Examples: `bot verify`  ·  `bot verify canary-000003 --json`
    """
    from bot.replaying import verify_run
    from bot.runs import find_run

    path = find_run(runs_directory(runs), run)
    found = verify_run(path)
    if json:
        emit({"run": path.name, "ok": not found.problems, **_plain(found)})
    elif not found.problems:
        seal = "sealed" if found.sealed else "not sealed"
        say(f"{path.name}: {found.records} records in {found.turns} turns and {found.segments} segments, {seal}")
        say(f"head {found.head}")
    if found.problems:
        raise Fail(f"{path.name}: {found.problems[0].damage()}", DAMAGED)


@command
def inspect(
    recording: Annotated[Path, typer.Argument(help="A recording of a venue's frames.")],
    checkpoints: Annotated[
        str, typer.Option("--checkpoints", help="Book hashes after these book updates, comma-separated.")
    ] = "",
    json: Json = False,
) -> None:
    """Pass a recording through the parsers, sequence guards and books of a live feed and say what is in it.

    Examples: `bot inspect COINBASE.jsonl.zst`  ·  `bot inspect COINBASE.jsonl.zst --checkpoints 100,250 --json`
    """
    from bot.worlds import inspect_recording

    try:
        wanted = tuple(int(each) for each in checkpoints.split(",") if each.strip())
    except ValueError as error:
        raise typer.BadParameter(f"--checkpoints was {checkpoints!r}, expected numbers such as 100,250") from error
    found = inspect_recording(recording, wanted)
    if json:
        emit(found)
        return
    for name, value in found.items():
        say(f"{name:<22} {_short(value, 300)}")


@command
def runs(runs: Runs = None, json: Json = False) -> None:
    """List the runs there are, oldest first.

    Examples: `bot runs`  ·  `bot runs --json`
    """
    from bot.replaying import verify_run
    from bot.runs import all_runs

    rows = []
    for path in all_runs(runs_directory(runs)):
        found = verify_run(path)
        rows.append(
            {
                "run": path.name,
                "account": path.parent.name,
                "records": found.records,
                "sealed": found.sealed,
                "ok": not found.problems,
                "path": str(path),
            }
        )
    if json:
        emit(rows)
        return
    for row in rows:
        state = "sealed" if row["sealed"] else "open or cut"
        say(f"{row['account']}/{row['run']:<20} {row['records']:>10} records  {state if row['ok'] else 'DAMAGED'}")
    if not rows:
        talk("no run yet: start one with `bot run --profile canary`")


def _raise_damage(path: Path) -> None:
    """A torn tail is what a crash leaves, and is replayed up to; anything else was altered."""
    from adapters.journal.recovery import examine
    from bot.replaying import journal_of

    examine(journal_of(path))


def _plain(value: Any) -> Any:
    import msgspec

    from contracts.codec import encode_json

    return msgspec.json.decode(encode_json(value))


def _short(value: Any, length: int = 90) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= length else text[:length] + "…"
