"""`bot sweep`: one backtest for every combination of values, in processes side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot.cli.backtest import (
    SET_PREFIX,
    Data,
    From,
    ProfileName,
    Sets,
    Symbols,
    Tell,
    To,
    kinds_of,
    said,
    symbols_of,
    typed,
)
from bot.cli.bar_length import Bar, check_length
from bot.cli.errors import BAD_CONFIGURATION, GAVE_UP, Fail, command
from bot.cli.options import Json, a_path, emit, say, talk
from bot.cli.progress import progress

if TYPE_CHECKING:  # the work is imported when it begins, so that help is at once
    from bot.sweep.grid import Point
    from bot.sweep.work import Result

SHOWN_FROM: Final = 2
"""From how many backtests on a bar is worth it."""

SHOWN: Final = ("decisions", "orders", "fills", "equity_eur")

Over = Annotated[
    list[str] | None,
    typer.Option("--over", metavar="KEY=V1,V2", help="A key of the profile and its values; repeatable, all combined."),
]
Workers = Annotated[int, typer.Option("--workers", min=1, max=256, help="Processes at once; also for the cluster's.")]
With = Annotated[str, typer.Option("--with", help="joblib, dask:ADDRESS, ray or ray:ADDRESS.")]
Out = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", parser=a_path, help="Where points and results lie; goes on where it was."),
]


@command
def sweep(
    data: Data,
    out: Out,
    over: Over = None,
    profile: ProfileName = "backtest",
    bar_s: Bar = None,
    from_ns: From = None,
    to_ns: To = None,
    symbols: Symbols = "",
    sets: Sets = None,
    rows: Tell = "",
    workers: Workers = 1,
    workforce: With = "joblib",
    json: Json = False,
) -> None:
    """Run a backtest for every combination of values; what is finished is not run again.

    The best of many tries is luck as much as skill: the table says how many tries there were.

    Examples: `bot sweep --data data/made --over risk.kelly_fraction=0.1,0.25 --out sweeps/kelly`  ·
    `bot sweep --data data/made --over seed=1,2,3 --workers 2 --out sweeps/seeds --json`
    """
    from adapters.workforce import NoWorkforce, spread
    from bot.backtest.opening import opened_dataset, span_of
    from bot.profile import load
    from bot.sweep.work import Task, run_point

    points = _points(over or [])
    environments, how = _environments(points, profile, sets or [], bar_s)
    loaded = [load(profile, environment, how) for environment in environments]
    dataset = opened_dataset(data, kinds_of(rows))
    check_length(data, loaded[0].bars.bar_s)
    first_ns, last_ns = span_of(dataset, loaded[0], from_ns, to_ns)
    tasks = [
        Task(
            point=point,
            profile=profile,
            environment={key: value for key, value in environment.items() if key.startswith(SET_PREFIX)},
            data=str(data.resolve()),
            directory=str(out.resolve()),
            from_ns=first_ns,
            to_ns=last_ns,
            symbols=symbols_of(symbols),
            kinds=tuple(sorted(kinds_of(rows))),
        )
        for point, environment in zip(points, environments, strict=True)
    ]
    found: dict[str, Result] = {}
    with progress(f"{len(tasks)} backtests", len(tasks), SHOWN_FROM) as advance:
        try:
            for result in spread(workforce, workers, run_point, tasks):
                found[result.name] = result
                advance(1)
        except NoWorkforce as error:
            raise Fail(str(error), BAD_CONFIGURATION) from error
    _answer([found[point.name] for point in points], out, json)


def _points(over: list[str]) -> "tuple[Point, ...]":
    from bot.sweep.grid import grid

    try:
        return grid(values_of(over))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _environments(
    points: "tuple[Point, ...]", profile: str, sets: list[str], bar_s: float | None
) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The environment of each point, and how the command line said each variable of any."""
    environments: list[dict[str, str]] = []
    how: dict[str, str] = {}
    for point in points:
        over = [f"{key}={value}" for key, value in point.overrides.items()]
        environment, how_said = said(profile, [*sets, *over], bar_s)
        environments.append(environment)
        how |= how_said | typed(over, "--over")
    return environments, how


def _answer(results: "list[Result]", out: Path, json: bool) -> None:
    told = [_row(each) for each in results]
    if json:
        emit({"tries": len(told), "points": told})
    else:
        _tell(told, out)
    if any(each.exit_code for each in results):
        raise Fail("a point of the sweep gave up; its line says which", GAVE_UP)


def values_of(over: list[str]) -> dict[str, tuple[str, ...]]:
    """The values by key of `KEY=V1,V2` texts; raises BadParameter for anything else, or a key given twice."""
    found: dict[str, tuple[str, ...]] = {}
    for each in over:
        key, equals, values = each.partition("=")
        if not (key and equals and values):
            raise typer.BadParameter(f"--over was {each!r}, expected section.key=value1,value2")
        if key in found:
            raise typer.BadParameter(f"--over names {key} twice")
        found[key] = tuple(value.strip() for value in values.split(","))
    return found


def _row(result: "Result") -> dict[str, Any]:
    kept = {key: result.summary.get(key) for key in (*SHOWN, "currency", "decision_hash", "journal", "ending")}
    return {"overrides": result.overrides, "exit_code": result.exit_code} | kept


def _tell(rows: list[dict[str, Any]], out: Path) -> None:
    for row in rows:
        values = "  ".join(f"{key}={value}" for key, value in row["overrides"].items()) or "(as the profile says)"
        counts = "  ".join(f"{name} {row[name]}" for name in SHOWN)
        say(f"{values}: {counts} {row['currency'] or ''}" + (f"  {row['ending']}" if row["exit_code"] else ""))
    talk(f"{len(rows)} tries: the best of them is luck as much as skill. Everything lies in {out}")
