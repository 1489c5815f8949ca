"""`bot features`: list, describe, explain, check, and the cache of computed ones."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.errors import BAD_CONFIGURATION, DAMAGED, USAGE, Fail, command
from bot.cli.evaluate import a_duration
from bot.cli.options import Json, Runs, a_path, emit, runs_directory, say, talk
from bot.cli.progress import progress
from bot.cli.writing import check_directory

app = typer.Typer(help="List, describe, explain and check features; look after their cache.", no_args_is_help=True)


def a_bar(text: str) -> float:
    """Seconds of a bar, as a number or as a time such as 1h; raises BadParameter."""
    return a_duration(f"{text}s" if text[-1:].isdigit() else text)


Symbol = Annotated[str, typer.Argument(help="An instrument, for example BTC-EUR; not needed where there is one.")]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache", metavar="DIR", parser=a_path, help="Where computed features are kept (else the user's cache)."
    ),
]
Prices = Annotated[
    Path | None,
    typer.Option("--prices", metavar="FILE", parser=a_path, help="Bars or prices: CSV, Parquet or Feather."),
]


@app.command("list")
@command
def list_features(
    group: Annotated[str, typer.Option("--group", help="Only groups whose name begins so, for example E.")] = "",
    markdown: Annotated[bool, typer.Option("--markdown", help="As the tables of docs/features.md.")] = False,
    json: Json = False,
) -> None:
    """List all features: group, window, warm-up, rule, version, hash and where their inputs come from.

    Examples: `bot features list`  ·  `bot features list --group E --json`
    """
    from bot.features import catalogue
    from quant.features.engine import REGISTRY

    rows = [row for row in catalogue.rows() if row.group.lower().startswith(group.lower())]
    if not rows:
        raise Fail(f"no group begins with {group!r}; there are {', '.join(catalogue.GROUPS)}", BAD_CONFIGURATION)
    if json:
        emit({"schema": REGISTRY.schema_hash, "features": rows})
    elif markdown:
        say(catalogue.markdown(rows).rstrip())
    else:
        for row in rows:
            say(
                f"{row.name:<18} {row.group[0]} {row.source:<8}{row.window:>6} {row.grid:<13}{row.warmup:>5}  "
                f"{row.rule:<6} v{row.version} {row.hash[:12]}  {row.formula}"
            )
        say(f"{len(rows)} features, schema {REGISTRY.schema_hash[:12]}")


@app.command("describe")
@command
def describe(name: Annotated[str, typer.Argument(help="A feature's name.")], json: Json = False) -> None:
    """Describe one feature: its declaration and the code its hash is of. Exit 3 if there is none of that name.

    Examples: `bot features describe vpin_50`  ·  `bot features describe har_pred_h --json`
    """
    from bot.features.catalogue import described

    found = described(name)
    if json:
        emit({"feature": found})
        return
    row = found.row
    rules = "; ".join(f"{rule}: {text}" for rule, text in found.rules.items())
    facts: dict[str, Any] = {
        "group": row.group,
        "formula": row.formula,
        "inputs": ", ".join(row.inputs),
        "source": row.source,
        "window": f"{row.window} rows of {row.grid}",
        "warm-up": f"{row.warmup} rows",
        "rules": rules,
        "depends on": ", ".join(found.deps) or "-",
        "parameters": ", ".join(f"{key} = {value:g}" for key, value in found.parameters.items()) or "-",
        "version": row.version,
        "hash": row.hash,
    }
    say(row.name)
    for key, value in facts.items():
        say(f"  {key:<11} {value}")
    for part, code in found.code.items():
        say(f"\n# {part}\n{code}")


@app.command("explain")
@command
def explain(
    symbol: Symbol = "",
    prices: Prices = None,
    run: Annotated[
        str | None, typer.Option("--run", help="A run's name, ACCOUNT/NAME, a path, or `last`, which is meant else.")
    ] = None,
    runs: Runs = None,
    cache: Cache = None,
    horizon: Annotated[
        int | None, typer.Option("--horizon", min=1, help="With --prices: bars that forecasts look ahead; else 30.")
    ] = None,
    bar: Annotated[
        float | None,
        typer.Option("--bar", metavar="TIME", parser=a_bar, help="With --prices: length of a bar, if not the usual."),
    ] = None,
    json: Json = False,
) -> None:
    """Explain an instrument: every feature now and where in its own history, of a file of prices or of a run.

    Exit 3 if there is no such run, file or instrument, 4 if the prices are too few, 10 if the file is damaged.

    Examples: `bot features explain BTC-EUR`  ·  `bot features explain AAPL --prices closes.csv --json`
    """
    from bot.features.explained import SymbolNeeded, column_of, explained, lines

    if prices is None and (horizon, bar, cache) != (None, None, None):
        raise Fail("--horizon, --bar and --cache go with --prices", USAGE)
    if prices is not None and run is not None:
        raise Fail("give either --prices FILE or --run RUN", USAGE)
    try:
        computed = _of_run(run or "last", runs) if prices is None else _of_prices(prices, symbol, cache, horizon, bar)
        column = column_of(symbol, computed.symbols)
    except SymbolNeeded as error:
        raise Fail(str(error), USAGE) from error
    found = explained(computed.features, column)
    name, times = computed.symbols[column], len(computed.at_ns)
    at_ns = int(computed.at_ns[-1])
    if json:
        emit({"symbol": name, "at_ns": at_ns, "times": times, "cached": computed.cached, "features": found})
        return
    from bot.logging import utc

    say(f"{name} at {utc(at_ns)}, the last of {times} times")
    for line in lines(found):
        say(line)


@app.command("check")
@command
def check(
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which made-up market.")] = 1,
    cuts: Annotated[
        int, typer.Option("--cuts", min=1, max=500, help="Random prefixes to compare, in each of two markets.")
    ] = 12,
    json: Json = False,
) -> None:
    """Check that no feature looks ahead: prefixes and poisoned futures on a made-up market of every source.

    Exit 10 if one does.

    Examples: `bot features check`  ·  `bot features check --seed 7 --json`
    """
    from bot.features import checking

    with progress("checking features", checking.computations(cuts), 1) as advance:
        verdict = checking.check(seed, cuts, advance)
    if json:
        emit({"ok": not verdict.faults, "verdict": verdict})
    else:
        say(
            f"{verdict.features} features, {verdict.computed} with values, {verdict.prefix_cuts} prefixes and "
            f"{verdict.poison_cuts} poisoned futures: {'none looks ahead' if not verdict.faults else 'LOOK-AHEAD'}"
        )
    if verdict.faults:
        found = "; ".join(f"{name} ({by} at {times})" for name, (by, times) in verdict.faults.items())
        raise Fail(f"features that look ahead: {found}", DAMAGED)


@app.command("cache")
@command
def cache_of_features(
    cache: Cache = None,
    clean: Annotated[bool, typer.Option("--clean", help="Take away what no present feature needs.")] = False,
    older_days: Annotated[
        float | None, typer.Option("--older-days", min=0, help="With --clean: also entries older than that.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="With --clean: everything.")] = False,
    json: Json = False,
) -> None:
    """Show the cache of computed features, or clean it: entries of other features, old ones, or all.

    Examples: `bot features cache`  ·  `bot features cache --clean --older-days 30`
    """
    from adapters.tables.feature_cache import FeatureCache
    from bot.features.computed import cache_directory
    from quant.features.engine import REGISTRY

    kept = FeatureCache(cache_directory(cache))
    if kept.directory.exists() and not kept.directory.is_dir():
        raise Fail(f"{kept.directory} is no directory, expected one of computed features", BAD_CONFIGURATION)
    now_s, gone, freed = time.time(), 0, 0
    if clean:
        gone, freed = kept.clean() if everything else kept.clean(REGISTRY.schema_hash, days_max=older_days, now_s=now_s)
    found = kept.statistics(now_s)
    if json:
        emit({"cache": found, "removed": gone, "freed_bytes": freed})
        return
    if clean:
        say(f"removed {gone} entries, {freed / 1e6:.1f} MB")
    say(f"{found.directory}: {found.entries} entries, {found.bytes / 1e6:.1f} MB, {found.hits} hits")
    if found.entries:
        say(f"oldest {found.oldest_s / 86_400:.1f} d, newest {found.newest_s / 86_400:.1f} d")
    if found.damaged:
        say(f"{found.damaged} entries were damaged, taken away and computed anew")


def _of_prices(path: Path, symbol: str, cache: Path | None, horizon: int | None, bar_s: float | None) -> Any:
    from adapters.tables.feature_cache import FeatureCache
    from adapters.tables.prices import read_prices
    from bot.features.computed import HORIZON_BARS, cache_directory, computed
    from bot.features.explained import column_of

    table = read_prices(path)
    column_of(symbol, table.symbols)
    if horizon is not None and horizon > len(table):
        raise Fail(f"--horizon was {horizon} bars, expected at most the {len(table)} of {path}", BAD_CONFIGURATION)
    if cache is not None:
        check_directory(cache)
    kept = FeatureCache(cache_directory(cache))
    found = computed(table, kept, horizon_bars=horizon or HORIZON_BARS, bar_s=bar_s)
    if found.unkept:
        talk(f"not kept in {kept.directory}: {found.unkept}")
    return found


def _of_run(run: str, runs: Path | None) -> Any:
    from bot.features.recorded import features_of
    from bot.runs import find_run

    return features_of(find_run(runs_directory(runs), run))
