"""The verb that shows what the beliefs are worth: one recipe or all, as a table, as JSON, as a page."""

import contextlib
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.cli.errors import BAD_CONFIGURATION, NOT_FOUND, USAGE, Fail, command
from bot.cli.options import Json, a_path, emit, say, talk
from bot.cli.progress import Advance, progress
from bot.cli.writing import check_writable, write_whole

ROWS_SHOWN: Final = 2000
"""From how many rows on a bar is worth it."""

UNITS_S: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "mo": 2_629_800.0, "y": 31_557_600.0}

SECONDS_MIN: Final = 0.001
YEARS_MAX: Final = 100
"""No duration is longer: beyond, nanoseconds run out, and no history reaches."""

FIRST_YEAR, LAST_YEAR = 1900, 2200


def a_duration(text: str) -> float:
    """Seconds of `4h`, `15m`, `10y`, `3mo`; raises BadParameter for anything not of 1 ms to 100 years."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :]
    try:
        seconds = float(number) * UNITS_S[unit]
    except (ValueError, KeyError):
        raise typer.BadParameter(
            f"was {text!r}, expected a number and one of {', '.join(UNITS_S)}, such as 4h"
        ) from None
    if not SECONDS_MIN <= seconds <= YEARS_MAX * UNITS_S["y"]:
        raise typer.BadParameter(f"was {text!r}, expected {SECONDS_MIN}s to {YEARS_MAX}y")
    return seconds


def an_instant(text: str) -> int:
    """Nanoseconds since 1970 UTC of a date, with or without a time; raises BadParameter for anything else."""
    from datetime import UTC, datetime

    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"was {text!r}, expected a date such as 2021-01-01") from None
    if not FIRST_YEAR <= said.year < LAST_YEAR:
        raise typer.BadParameter(f"was {text!r}, expected a date from {FIRST_YEAR} to {LAST_YEAR}")
    return round((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()) * 1_000_000_000


Recipe = Annotated[str, typer.Argument(metavar="RECIPE", help="E1, E2, E4 to E8, `prices`, or `all`.")]
Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE]...", parser=a_path, help="Prices for `prices`: CSV, Parquet or Feather."),
]
Data = Annotated[
    list[Path] | None, typer.Option("--data", metavar="FILE", parser=a_path, help="Instead of the recipe's data.")
]
Horizon = Annotated[
    float | None, typer.Option("--horizon", metavar="TIME", parser=a_duration, help="How far ahead: 4h, 5d.")
]
Bar = Annotated[
    float | None,
    typer.Option("--bar", metavar="TIME", parser=a_duration, help="Bar length; shorter bars are made into these."),
]
Start = Annotated[
    int | None, typer.Option("--from", metavar="DATE", parser=an_instant, help="Count forecasts from here on.")
]
Window = Annotated[
    float | None, typer.Option("--window", metavar="TIME", parser=a_duration, help="What a model learns from: 1y.")
]
Retrain = Annotated[float | None, typer.Option("--retrain", metavar="TIME", parser=a_duration, help="How often: 3mo.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Chance of the fits; the same seed gives the same numbers.")]
Boosters = Annotated[bool, typer.Option("--boosters/--no-boosters", help="Fit models along the way.")]
Agents = Annotated[
    list[str] | None,
    typer.Option("--agent", metavar="KIND", help="Also hear an agent of yours: a kind, module:Class, a .py file."),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="PAGE.html", parser=a_path, help="Write one page with the charts.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Compute again what was kept from an earlier run.")]


@command
def evaluate(
    recipe: Recipe,
    files: Files = None,
    data: Data = None,
    horizon: Horizon = None,
    bar: Bar = None,
    start: Start = None,
    window: Window = None,
    retrain: Retrain = None,
    seed: Seed = 1,
    boosters: Boosters = True,
    agents: Agents = None,
    out: Out = None,
    fresh: Fresh = False,
    json: Json = False,
) -> None:
    """Drive the live actors over a history and show what their beliefs are worth against plain baselines.

    E1: S&P 500, daily. E2: crypto, hourly. E4: ranks of 100 assets. E5: worlds with a known oracle. E6: the risk gate.
    E7: order books. E8: noise. `prices FILE`: any history. `all`: every recipe whose data is there.

    Exit 0 when it was measured, whether or not targets are met; 2 for wrong usage; 3 where the data is absent; 4 for
    prices of which nothing can be made; 10 for a damaged file.

    Examples: `bot evaluate E1 --json`  ·  `bot evaluate prices btc.csv --horizon 4h --bar 1h --out btc.html`
    """
    from bot.evaluation.catalogue import RECIPES, Request, taken
    from bot.evaluation.page import page

    if data and files:
        raise Fail("files were given twice: as arguments and with --data", USAGE)
    given = tuple(files or data or ())
    if recipe == "all" and given:
        raise Fail("`all` takes no files: every recipe has data of its own", USAGE)
    if out is not None:
        check_writable(out)
    names = [name for name in RECIPES if name != "prices"] if recipe == "all" else [recipe]
    reports, absent = [], []
    for name in names:
        request = Request(name, given, horizon, bar, start, window, retrain, seed, boosters, tuple(agents or ()))
        try:
            reports.append(_reported(request if recipe != "all" else taken(request), fresh))
        except Fail as failed:
            if recipe != "all" or failed.code != NOT_FOUND:
                raise
            absent.append({"recipe": name, "reason": failed.text})
            talk(f"{name} was left out: {failed.text}")
    _print(reports, absent, json, alone=recipe != "all")
    if out is not None:
        write_whole(out, page(reports))


def _reported(request: Any, fresh: bool) -> Any:
    """The report of one recipe: kept, when it was made of the same data, settings, code and libraries."""
    from bot.evaluation.casting import name_of
    from bot.evaluation.catalogue import BadRequest, work_of
    from bot.evaluation.data import DataAbsent
    from bot.evaluation.history import ActorBroke
    from bot.evaluation.keeping import KeptReports, cache_directory, key_of
    from bot.evaluation.prices import BadPrices
    from bot.own_code import identity_here

    try:
        with contextlib.redirect_stdout(sys.stderr):
            work = work_of(request)
        identity = identity_here()
        kept = KeptReports(cache_directory(os.environ))
        key = key_of(work.facts, identity.code, identity.fingerprint)
        report = None if fresh else kept.find(key)
        if report is None:
            with contextlib.redirect_stdout(sys.stderr):
                report = work.run(_shown)
            kept.keep(key, report)
    except BadRequest as error:
        raise Fail(str(error), USAGE) from error
    except ActorBroke as error:
        if error.actor not in map(name_of, request.agents):
            raise
        raise Fail(f"{error}; try it with `bot agents check`", BAD_CONFIGURATION) from error
    except DataAbsent as error:
        raise Fail(str(error), NOT_FOUND) from error
    except BadPrices as error:
        raise Fail(str(error), BAD_CONFIGURATION) from error
    return report


def _shown(title: str, total: int) -> AbstractContextManager[Advance]:
    return progress(title, total, ROWS_SHOWN)


def _print(reports: list[Any], absent: list[dict[str, str]], json: bool, alone: bool) -> None:
    from bot.evaluation.lines import lines_of

    if json:
        emit(reports[0].plain() if alone else {"reports": [each.plain() for each in reports], "left_out": absent})
        return
    for number, report in enumerate(reports):
        if number:
            say()
        for line in lines_of(report):
            say(line)
