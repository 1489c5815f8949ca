"""Verbs that read what was recorded: replay, why, verify, inspect, runs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.cli.errors import DAMAGED, DIVERGED, Fail, command
from bot.cli.options import Json, RunName, Runs, a_path, emit, runs_directory, say, talk
from bot.cli.progress import progress

RECORDS_SHOWN: Final = 10_000
BYTES_SHOWN: Final = 16_000_000
RUNS_SHOWN: Final = 10
"""From how much on a bar is worth it: what takes about a second."""


@command
def replay(run: RunName = "last", runs: Runs = None, json: Json = False) -> None:
    """Let a run's outside messages in again and compare everything that is said, byte for byte.

    Exit 8 with the first divergent message and field, exit 10 if the journal was altered.

    Examples: `bot replay`  ·  `bot replay canary-000003 --json`
    """
    from bot.own_code import identity_of
    from bot.replaying import replay_run
    from bot.runs import find_run
    from bot.worlds import replayed_bus

    path = find_run(runs_directory(runs), run)
    total = _raise_damage(path)
    from bot.profile import stored

    profile, name = stored(path), path.resolve().name
    with progress(f"replaying {name}", total, RECORDS_SHOWN) as advance:

        def watch(records: Iterator[Any]) -> Iterator[Any]:
            for number, record in enumerate(records, start=1):
                if number % 1000 == 0:
                    advance(1000)
                yield record

        report = replay_run(
            path, lambda journal, now: replayed_bus(profile, journal, now, path), identity_of(profile), watch
        )
    if json:
        emit(_plain(report) | {"run": name})
    elif report.divergence is None:
        claim = "byte-identical" if report.byte_identical else "equal within 1e-9, not claimed to the byte"
        say(f"{name}: {report.decisions} decisions and {report.records} records {claim}")
        say(f"decision hash {report.decision_hash}")
    for difference in report.fingerprint_differences:
        talk(f"another fingerprint: {difference}")
    if report.divergence is not None:
        found = report.divergence
        code = "" if report.code_equal else "; the code is not the one that recorded the run"
        raise Fail(
            f"replay of {name} diverged at seq {found.seq} (turn {found.turn}): {found.type} from {found.source} "
            f"differs in {found.field}: recorded {_cut(found.recorded)}, replayed {_cut(found.replayed)}{code}",
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

    Examples: `bot why k1-000017-00-0`  ·  `bot why k1-000017-00-0 --run canary-000001 --json`
    """
    from adapters.journal.reader import records
    from bot.cli.telling import told
    from bot.replaying import journal_of
    from bot.runs import find_run
    from bot.why import why as explain

    path = find_run(runs_directory(runs), run)
    disk = journal_of(path)
    explanation = explain(lambda: records(disk), order, path.name)
    if json:
        emit(_plain(explanation))
        return
    for line in told(explanation):
        say(line)


@command
def verify(run: RunName = "last", runs: Runs = None, json: Json = False) -> None:
    """Walk a journal and prove that nothing in it was edited, deleted or reordered.

    Examples: `bot verify`  ·  `bot verify canary-000003 --json`
    """
    from bot.replaying import journal_bytes, verify_run
    from bot.runs import find_run

    path = find_run(runs_directory(runs), run)
    with progress(f"verifying {path.name}", journal_bytes(path), BYTES_SHOWN) as advance:
        found = verify_run(path, advance)
    if json:
        emit({"run": path.name, "ok": not found.problems, **_plain(found)})
    elif not found.problems:
        seal = "sealed" if found.sealed else "not sealed: running, or cut by a crash"
        say(f"{path.name}: {found.records} records in {found.turns} turns, segments: {found.segments}, {seal}")
        say(f"head {found.head}")
    if found.problems:
        raise Fail(f"{path.name}: {found.problems[0].damage()}", DAMAGED)


@command
def inspect(
    recording: Annotated[
        Path, typer.Argument(metavar="RECORDING", parser=a_path, help="A recording of a venue's frames.")
    ],
    checkpoints: Annotated[
        str, typer.Option("--checkpoints", help="Book hashes after these book updates, comma-separated.")
    ] = "",
    json: Json = False,
) -> None:
    """Pass a recording through the parsers, sequence guards and books of a live feed and say what is in it.

    Examples: `bot inspect COINBASE.jsonl.zst`  ·  `bot inspect COINBASE.jsonl.zst --checkpoints 100,250 --json`
    """
    wanted = _checkpoints(checkpoints)
    from bot.worlds import inspect_recording

    found = inspect_recording(recording, wanted)
    if json:
        emit(found)
        return
    for name, value in found.items():
        say(f"{name:<22} {_cut(_said(value), 300)}".rstrip())


@command
def runs(
    runs: Runs = None,
    check: Annotated[bool, typer.Option("--verify", help="Walk every journal to its end; slow for long ones.")] = False,
    json: Json = False,
) -> None:
    """List the runs there are, oldest first; with --verify say of each whether it is as it was written.

    Examples: `bot runs`  ·  `bot runs --verify --json`
    """
    from bot.listing import listed
    from bot.runs import all_runs

    directory = runs_directory(runs)
    found = all_runs(directory)
    with progress("looking at runs", len(found), RUNS_SHOWN) as advance:
        rows = []
        for path in found:
            rows.append(listed(path, verified=check))
            advance(1)
    if json:
        emit({"directory": str(directory), "runs": _plain(rows)})
        return
    for row in rows:
        size = f"{row.bytes / 1e6:.1f} MB"
        name = f"{row.account}/{row.run}"
        say(f"{name:<32} {row.begun:<20} {size:>11}  {row.records:>10} records  {row.state:<8} {row.problem}".rstrip())
    if not rows:
        talk(f"no run yet under {directory}: start one with `bot run --profile canary`")


def _checkpoints(text: str) -> tuple[int, ...]:
    numbers = [each.strip() for each in text.split(",") if each.strip()]
    if not all(each.isascii() and each.isdecimal() and 0 < int(each) < 1 << 63 for each in numbers):
        raise typer.BadParameter(f"--checkpoints was {text!r}, expected numbers above 0 such as 100,250")
    return tuple(int(each) for each in numbers)


def _raise_damage(path: Path) -> int:
    """How many records there are; a torn tail is what a crash leaves and is replayed up to, all else was altered."""
    from adapters.journal.recovery import examine
    from bot.replaying import journal_bytes, journal_of

    with progress(f"verifying {path.name}", journal_bytes(path), BYTES_SHOWN) as advance:
        return examine(journal_of(path, advance)).records


def _plain(value: Any) -> Any:
    import msgspec

    from contracts.codec import encode_json

    return msgspec.json.decode(encode_json(value))


def _said(value: Any) -> str:
    """A value for people: what is in it, without brackets and quotes."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_said(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return " ".join(_said(each) for each in value) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _cut(value: Any, length: int = 120) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= length else text[:length] + "…"
