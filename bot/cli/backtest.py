"""`bot backtest`: the whole bot, or a strategy of one's own, over history."""

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.cli.bar_length import Bar, check_length, in_bars_of
from bot.cli.errors import DIVERGED, Fail, command
from bot.cli.evaluate import an_instant
from bot.cli.options import Json, Runs, a_path, emit, say, talk
from bot.cli.progress import progress

SECONDS_SHOWN: Final = 86_400
HOUR_S: Final = 3_600
"""From how much history on a bar is worth it, in bars and in every message."""

SET_PREFIX: Final = "BOT__"
KINDS: Final = ("quotes", "trades", "books", "funding", "context")

Data = Annotated[
    Path,
    typer.Option("--data", metavar="DATASET", parser=a_path, help="A data set made by `bot data import` or `make`."),
]
ProfileName = Annotated[str, typer.Option("--profile", help="A profile's name or a path to a .toml file.")]
OwnProfile = Annotated[
    str | None,
    typer.Option("--profile", help="A profile's name or a .toml file; `backtest` if not given, for an export its own."),
]
From = Annotated[
    int | None, typer.Option("--from", metavar="DATE", parser=an_instant, help="Bars that close from here on count.")
]
To = Annotated[
    int | None, typer.Option("--to", metavar="DATE", parser=an_instant, help="The first that counts no more.")
]
Symbols = Annotated[str, typer.Option("--symbols", help="Only these, comma-separated.")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override one value of the profile; repeatable.")
]
Tell = Annotated[str, typer.Option("--tell", help=f"Rows told too, comma-separated: {', '.join(KINDS)}.")]
Thin = Annotated[
    bool, typer.Option("--decisions-only", help="Keep a thin journal: no replay, but a fraction of the disk.")
]


@command
def backtest(
    data: Data,
    profile: OwnProfile = None,
    bar_s: Bar = None,
    from_ns: From = None,
    to_ns: To = None,
    symbols: Symbols = "",
    sets: Sets = None,
    rows: Tell = "",
    decisions_only: Thin = False,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Tell history to the bot: the live classes, fills by a stated model, the same journal as a live run.

    Over an export of a run its own profile decides again, and exit 8 says that it decided something else.

    Examples: `bot backtest --data data/made`  ·  `bot backtest --data data/btc --bar 1h --from 2023-02-01 --to
    2023-03-01 --json`  ·  `bot backtest --data exports/today`
    """
    from bot.backtest.exported import is_export
    from bot.backtest.opening import opened_dataset, span_of
    from bot.backtest.running import BacktestOptions, run_backtest
    from bot.profile import load

    if is_export(data):
        refused = {
            "--from": from_ns,
            "--to": to_ns,
            "--symbols": symbols,
            "--set": sets,
            "--tell": rows,
            "--bar": bar_s,
        }
        _over_export(data, profile, [name for name, given in refused.items() if given], runs, json)
        return
    loaded = load(profile or "backtest", *said(profile or "backtest", sets or [], bar_s))
    dataset = opened_dataset(data, kinds_of(rows))
    check_length(data, loaded.bars.bar_s)
    first_ns, last_ns = span_of(dataset, loaded, from_ns, to_ns)
    options = BacktestOptions(
        runs=runs or Path(loaded.runs.directory),
        from_ns=first_ns,
        to_ns=last_ns,
        symbols=symbols_of(symbols),
        kinds=kinds_of(rows),
        decisions_only=decisions_only,
    )
    with _telling(f"telling {dataset.name}", first_ns, last_ns, SECONDS_SHOWN) as seen:
        result = run_backtest(loaded, dataset, options, seen)
    if json:
        emit(result.summary)
    else:
        _tell(result.summary)
    if result.exit_code:
        raise Fail(result.reason, result.exit_code)


def _over_export(data: Path, profile: str | None, refused: list[str], runs: Path | None, json: bool) -> None:
    from bot.backtest.exported import opened_export
    from bot.backtest.taped import run_taped
    from bot.profile import load

    if refused:
        raise typer.BadParameter(f"{', '.join(refused)} cannot be given for an export, which is told as it was")
    export = opened_export(data)
    decider = load(profile) if profile is not None else export.profile
    first_ns, last_ns = export.made_of.from_ns, export.made_of.to_ns
    with _telling(f"telling {export.made_of.run} again", first_ns, last_ns, HOUR_S) as seen:
        result, parity = run_taped(export, decider, runs or Path(decider.runs.directory), seen)
    if json:
        emit(result.summary)
    else:
        _tell(result.summary)
        say(parity.told())
    if result.exit_code:
        raise Fail(result.reason, result.exit_code)
    if not parity.same and profile is None:
        raise Fail(f"{export.made_of.run} decided something else: {parity.first}", DIVERGED)


@contextmanager
def _telling(title: str, first_ns: int, last_ns: int, worth_s: int) -> Iterator[Callable[[int], None]]:
    """A bar over the time of a history: what hears how far it is, and moves it by the half of a percent."""
    seconds = (last_ns - first_ns) // 10**9
    with progress(title, seconds, worth_s) as advance:
        told_s = 0

        def seen(at_ns: int) -> None:
            nonlocal told_s
            now_s = (at_ns - first_ns) // 10**9
            if now_s - told_s >= seconds // 200:
                advance(now_s - told_s)
                told_s = now_s

        yield seen


def said(
    profile: str, sets: list[str], bar_s: float | None, option: str = "--set"
) -> tuple[dict[str, str], dict[str, str]]:
    """The environment with the command line laid over it, and how each variable was said; a `--set` beats `--bar`."""
    in_bars = in_bars_of(bar_s, profile, overridden(sets))
    return overridden([*in_bars, *sets]), typed(in_bars, "--bar") | typed(sets, option)


def overridden(sets: list[str]) -> dict[str, str]:
    """The environment with `section.key=value` pairs laid over it; raises BadParameter for anything else."""
    found = dict(os.environ)
    for each in sets:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"--set was {each!r}, expected section.key=value")
        found[_variable(key)] = value
    return found


def typed(sets: list[str], option: str = "--set") -> dict[str, str]:
    """How each of these variables was said on the command line, so that what is wrong is told in its words."""
    keys = [each.partition("=")[0] for each in sets]
    return {_variable(key): f"{option} {key}" for key in keys}


def _variable(key: str) -> str:
    return SET_PREFIX + key.replace(".", "__").upper()


def symbols_of(text: str) -> tuple[str, ...] | None:
    """The symbols of a comma-separated list; None, which is all of them, for an empty one."""
    return tuple(each.strip() for each in text.split(",") if each.strip()) or None


def kinds_of(text: str) -> frozenset[str]:
    """The kinds of rows of a comma-separated list; raises BadParameter for one that does not exist."""
    kinds = frozenset(each.strip() for each in text.split(",") if each.strip())
    unknown = sorted(kinds.difference(KINDS))
    if unknown:
        raise typer.BadParameter(f"--tell was {', '.join(unknown)}, expected some of {', '.join(KINDS)}")
    return kinds


def _tell(summary: dict[str, Any]) -> None:
    say(
        f"{summary['run']}: {summary['decisions']} decisions, {summary['orders']} orders, {summary['fills']} fills, "
        f"equity {summary['equity_eur']} {summary['currency'] or ''}"
    )
    if summary.get("without_funding"):
        from bot.backtest.unfunded import said_of

        talk(f"this run lacks {said_of(summary['without_funding'])}")
    record = shlex.quote(str(Path(summary["journal"]).parent))
    talk(f"look at it with: bot report {record}   ·   bot trades {record}   ·   bot why ORDER_ID --run {record}")
