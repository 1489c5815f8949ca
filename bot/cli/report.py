"""`bot report`: what a run came to, as figures and as one page."""

from pathlib import Path
from typing import Annotated, Final

import typer

from bot.cli.errors import NOT_FOUND, TEMPORARY, Fail, command
from bot.cli.options import Json, RunName, Runs, a_path, emit, say, talk
from bot.cli.records import opened

PAGE: Final = "report.html"
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="PAGE.html", parser=a_path, help=f"Where the page goes; else RUN/{PAGE}."),
]
Png = Annotated[
    bool, typer.Option("--png", help="Also draw the page as a picture beside it, by a browser of this machine.")
]
Against = Annotated[str, typer.Option("--against", metavar="RUN2", help="Another run, to show where the two differ.")]


@command
def report(
    run: RunName = "last",
    out: Out = None,
    png: Png = False,
    against: Against = "",
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Write one page about a run: equity, drawdown, months, trades, costs, beliefs, the risk budget, refusals.

    The page is complete in itself and opens in any browser. `--against` adds where two runs first differ.

    Exit 0 when it was written; 3 where there is no such run, or no browser for --png; 10 for a damaged journal;
    75 where the page cannot be written.

    Examples: `bot report`  ·  `bot report canary-000003 --out canary.html --json`  ·  `bot report last --against
    backtest-000002 --png`
    """
    from bot.review.facts import facts_of
    from bot.review.lines import lines_of
    from bot.review.page import page
    from bot.review.whole import review_of

    path, records = opened(run, runs)
    other = opened(against, runs)[1] if against else None
    review = review_of(facts_of(path), records, other)
    text, target = page(review), out or path / PAGE
    _write(target, text)
    drawn = _draw(target, text) if png else None
    if json:
        emit(review.plain() | {"page": str(target), "picture": None if drawn is None else str(drawn)})
        return
    for line in lines_of(review):
        say(line)
    for lack in review.lacks:
        talk(f"this run lacks {lack}")


def _write(path: Path, text: str) -> None:
    from adapters.catalog.durable import replace_file

    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise Fail(f"{path} cannot be written: {error.strerror}", TEMPORARY) from error
    talk(f"wrote {path}")


def _draw(page: Path, text: str) -> Path:
    from adapters.browser import NoPicture, picture

    target = page.with_suffix(".png")
    try:
        picture(text, target)
    except NoPicture as error:
        raise Fail(str(error), NOT_FOUND) from error
    except OSError as error:
        raise Fail(f"{target} cannot be written: {error.strerror}", TEMPORARY) from error
    talk(f"wrote {target}")
    return target
