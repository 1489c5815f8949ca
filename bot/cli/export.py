"""`bot export`: the outside of a run, to be told again to the bot."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.errors import command
from bot.cli.look import BYTES_SHOWN
from bot.cli.options import Json, RunName, Runs, a_path, emit, runs_directory, say, talk
from bot.cli.progress import progress


@command
def export(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", parser=a_path, help="A directory that is not there yet.")],
    run: RunName = "last",
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Keep what a run was told by the outside, in its order, without what the venue answered.

    `bot backtest --data DIR` tells it again to the bot, with a simulated venue that answers anew, and holds every
    decision against those of the run.

    Examples: `bot export last --to exports/today`  ·  `bot export canary-000003 --to exports/c3 --json`
    """
    import msgspec

    from bot.backtest.exported import export_run
    from bot.replaying import journal_bytes
    from bot.runs import find_run

    path = find_run(runs_directory(runs), run)
    with progress(f"exporting {path.name}", journal_bytes(path), BYTES_SHOWN) as advance:
        made_of = export_run(path, to, advance).made_of
    if json:
        emit({"export": str(to), **msgspec.to_builtins(made_of)})
    else:
        say(f"{to}: {made_of.messages} messages of {made_of.run}, and {made_of.decisive} decisions to compare with")
        talk(f"tell it again with: bot backtest --data {to}")
