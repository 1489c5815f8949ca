"""`bot parity`: two recorded runs held against each other."""

from typing import Annotated, Any

import typer

from bot.cli.errors import BAD_CONFIGURATION, Fail, command
from bot.cli.look import BYTES_SHOWN
from bot.cli.options import Json, Runs, emit, runs_directory, say
from bot.cli.progress import progress


@command
def parity(
    run: Annotated[str, typer.Argument(help="A run's name, ACCOUNT/NAME, a path, or `last`.")],
    other: Annotated[str, typer.Argument(help="The run it is held against.")],
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Hold the decisions of two runs against each other where they were taken at the same instant.

    Says where they first part, at which stage from the market to the gate, and what differs there: a paper run and a
    backtest over the bars made of its own ticks, two versions, two profiles. Exit 0 whatever is found.

    Examples: `bot parity canary-000001 export/canary-000001`  ·  `bot parity backtest-000002 backtest-000001 --json`
    """
    import msgspec

    from bot.diffing.recorded import hold_against
    from bot.diffing.running import ThinRun
    from bot.replaying import journal_bytes
    from bot.runs import find_run

    paths = [find_run(runs_directory(runs), name) for name in (run, other)]
    with progress("reading both runs", sum(map(journal_bytes, paths)), BYTES_SHOWN) as advance:
        try:
            found = hold_against(paths[0], paths[1], (advance, advance))
        except ThinRun as error:
            raise Fail(str(error), BAD_CONFIGURATION) from error
    if json:
        emit(msgspec.to_builtins(found))
    else:
        _tell(found)


def _tell(found: Any) -> None:
    one, two = found.runs
    say(f"{found.same} of {found.matched} decisions at the same instant are the same in {one} and {two}")
    if any(found.alone):
        say(f"  decisions of one alone: {found.alone[0]} and {found.alone[1]}")
    if found.causes:
        say(f"  first differ in: {', '.join(f'{stage} {count}' for stage, count in found.causes.items())}")
    if found.first is not None:
        say(f"  they part at {found.first.at}, in the {found.first.cause.stage}: {found.first.cause.text}")
