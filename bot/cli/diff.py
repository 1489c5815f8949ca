"""`bot diff`: what another policy would have decided on the market of a run."""

import os
from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from bot.cli.errors import BAD_CONFIGURATION, DIVERGED, Fail, command
from bot.cli.options import Json, RunName, Runs, emit, runs_directory, say, talk
from bot.cli.progress import progress
from bot.cli.train import Models

ROWS_SHOWN: Final = 20
RECORDS_SHOWN: Final = 5_000

With = Annotated[
    str, typer.Option("--with", metavar="POLICY", help="A profile, its .toml file, or a model; else the run's own.")
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override one value of it; repeatable.")
]
All = Annotated[bool, typer.Option("--all", help="Show every changed decision, not the first ones.")]


@command
def diff(
    run: RunName = "last",
    policy: With = "",
    sets: Sets = None,
    everything: All = False,
    runs: Runs = None,
    models: Models = None,
    json: Json = False,
) -> None:
    """Live a run's market again under another policy and say which decisions change, where, and why.

    The account stays as it was: each decision is taken with the positions and orders on record, so nothing is assumed
    of how other orders would have filled. Exit 0 whatever changes, 8 if the run no longer replays, 4 for a bad policy.

    Examples: `bot diff last --set risk.kelly_fraction=0.1`  ·  `bot diff canary-000003 --with paper --json`
    """
    from bot.diffing.policy import policy_of
    from bot.diffing.running import ThinRun, diff_run
    from bot.models.places import models_directory, store_of
    from bot.own_code import identity_of
    from bot.profile import stored
    from bot.runs import find_run
    from runtime.replay import Diverged

    if not policy and not sets:
        raise typer.BadParameter("no other policy: name one --with a profile or a model, or --set a value")
    path = find_run(runs_directory(runs), run)
    recorded, total = stored(path), _records(path)
    other = policy_of(
        path, recorded, policy, tuple(sets or ()), os.environ, store_of(models_directory(models, os.environ))
    )
    with progress(f"living {path.name} twice", total, RECORDS_SHOWN) as advance:

        def watch(records: Iterator[Any]) -> Iterator[Any]:
            for number, record in enumerate(records, start=1):
                if number % 1000 == 0:
                    advance(1000)
                yield record

        try:
            report = diff_run(path, recorded, other, identity_of(recorded), watch)
        except ThinRun as error:
            raise Fail(str(error), BAD_CONFIGURATION) from error
        except Diverged as error:
            raise Fail(
                f"{path.name} cannot be compared: this code no longer decides what is on record ({error}); "
                "use the version that made the run, or make the run again",
                DIVERGED,
            ) from error
    if json:
        emit(_plain(report))
        return
    from bot.cli.differing import lines

    for line in lines(report, None if everything else ROWS_SHOWN):
        say(line)
    for difference in report.fingerprint_differences:
        talk(f"another fingerprint than that of the record: {difference}")


def _records(path: Any) -> int:
    """How many records there are; raises JournalDamaged for a journal that was altered."""
    from adapters.journal.recovery import examine
    from bot.replaying import journal_of

    return examine(journal_of(path)).records


def _plain(value: Any) -> Any:
    import msgspec

    from contracts.codec import encode_json

    return msgspec.json.decode(encode_json(value))
