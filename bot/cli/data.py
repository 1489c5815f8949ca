"""`bot data`: history in and out: import, list, check, resample, export, make."""

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from bot.cli.data_options import (
    ROW_KINDS,
    Bar,
    Base,
    Columns,
    DatasetArgument,
    Fees,
    From,
    Ignore,
    Into,
    Known,
    Leverage,
    Lot,
    Market,
    MaxQuantity,
    MinNotional,
    Quote,
    Repair,
    Restart,
    Settlement,
    Short,
    Symbol,
    TermsFile,
    Tick,
    To,
    Venue,
    files_of,
    names_in,
    on_disk,
    refuse_idle,
    row_reading,
    rows_of_sound,
    said_terms,
    size_of,
    takes_bars,
)
from bot.cli.data_telling import tell_findings, tell_import, tell_summary
from bot.cli.errors import BAD_CONFIGURATION, Fail, command
from bot.cli.evaluate import a_duration, an_instant
from bot.cli.options import Json, a_path, emit, say, talk
from bot.cli.progress import progress
from bot.cli.writing import check_directory

app = typer.Typer(help="History: import, list, check, resample, export and make data sets.", no_args_is_help=True)

BYTES_SHOWN: Final = 8_000_000
BARS_SHOWN: Final = 1_000_000
"""From how much work on a bar is worth it."""

MADE_BAR_S: Final = 60.0
MADE_FROM_NS: Final = 1_704_067_200_000_000_000
"""Made bars are minutes from the first of January 2024 on where nothing else is said."""

MADE_BARS_MAX: Final = 50_000_000
"""Of each instrument: a hundred years of minutes."""


@app.command("import")
@command
def import_(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SRC...", parser=a_path, help="Files, directories of them, or runs.")
    ],
    into: Into,
    kind: Annotated[str, typer.Option("--kind", help=f"What is in them: bars, {', '.join(ROW_KINDS)}, or all.")] = "",
    bar: Bar = None,
    symbol: Symbol = None,
    from_ns: From = None,
    to_ns: To = None,
    calendar: Market = None,
    known: Known = None,
    column: Columns = None,
    ignore: Ignore = None,
    repair: Repair = False,
    restart: Restart = False,
    instruments: TermsFile = None,
    venue: Venue = None,
    base: Base = None,
    quote: Quote = None,
    settlement: Settlement = None,
    tick: Tick = None,
    lot: Lot = None,
    min_notional: MinNotional = None,
    max_quantity: MaxQuantity = None,
    can_short: Short = None,
    leverage_max: Leverage = None,
    fee_bps: Fees = None,
    json: Json = False,
) -> None:
    """Take files, recordings or runs into a data set. All rows are checked; all of them come in, or none.

    Bars from CSV, Parquet or Feather, long or wide; every other kind from those, from recordings of a venue, or from
    the journal of a run.

    Examples: `bot data import candles/ --into data/btc --bar 5m`  ·  `bot data import runs/paper/paper-000001
    --into data/mine`  ·  `bot data import vix.csv --into data/btc --kind context --column CLOSE=vix --known next-day`
    """
    said = said_terms(
        instruments, tick, fee_bps,
        venue=venue, base=base, quote=quote, settlement=settlement, lot=lot, notional_min=min_notional,
        quantity_max=max_quantity, can_short=can_short, leverage_max=leverage_max,
    )  # fmt: skip
    span, files = (from_ns, to_ns), files_of(sources)
    with on_disk(into), progress(f"importing into {into.name}", size_of(files), BYTES_SHOWN) as advance:
        if takes_bars(kind, files):
            from bot.data.importing import BarReading, import_bars

            refuse_idle("bars", known=known, column=column)
            bars = BarReading(bar or 0.0, *span, symbol, tuple(ignore or ()), calendar, repair)
            done = import_bars(files, into, bars, said, advance, restart=restart)
        else:
            from bot.data.rows_importing import import_rows

            refuse_idle("rows that are no bars", bar=bar, calendar=calendar, ignore=ignore, repair=repair)
            rows = row_reading(kind, span, symbol, known, column)
            done = import_rows(files, into, rows, said, advance, restart=restart)
    if done.skipped and (said.flags or said.tables):
        talk(f"terms change nothing for files that were in already; say them with `bot data terms {into} ...`")
    tell_import(into, done, json)


@app.command("list")
@command
def list_(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", parser=a_path, help="Where data sets lie, or one of them.")
    ] = Path("data"),
    json: Json = False,
) -> None:
    """List data sets: kinds, instruments, rows, spans, and what they lack to be traded on.

    Examples: `bot data list`  ·  `bot data list data/btc --json`
    """
    from bot.data.listing import datasets_in, lines, summary

    found = [summary(path) for path in datasets_in(directory)]
    if json:
        emit({"datasets": found})
        return
    for each in found:
        for line in lines(each):
            say(line)
    say(f"{len(found)} data sets")


@app.command("check")
@command
def check(
    target: Annotated[
        Path, typer.Argument(metavar="DATASET|FILE", parser=a_path, help="A data set, or a file of bars.")
    ],
    bar: Bar = None,
    calendar: Market = None,
    ignore: Ignore = None,
    json: Json = False,
) -> None:
    """Check every row, and of a data set every byte; exit 4 where an error is found, warnings are told.

    Examples: `bot data check data/btc`  ·  `bot data check prices.csv --bar 1d --json`
    """
    from bot.data.checked import check_dataset, check_file
    from bot.data.importing import BarReading

    with progress(f"checking {target.name}", 1, BYTES_SHOWN) as advance:
        if target.is_dir():
            found = check_dataset(target, calendar, advance)
        else:
            found = check_file(target, BarReading(bar or 0.0, ignored=tuple(ignore or ()), calendar=calendar))
    errors = sum(each.count for each in found.findings if each.level == "error")
    if json:
        emit({"rows": found.rows, "errors": errors, "findings": found.findings})
    else:
        tell_findings(found.findings)
        say(f"{found.rows:,} rows checked: {errors} errors, {len(found.findings)} kinds of findings")
    if errors:
        raise Fail(f"{target}: {errors} errors in {found.rows:,} rows", BAD_CONFIGURATION)


@app.command("make")
@command
def make(
    into: Into,
    seed: Annotated[int, typer.Option("--seed", min=0, help="All of it follows from this number.")] = 7,
    instruments: Annotated[int, typer.Option("--instruments", min=1, max=1000, help="How many.")] = 5,
    bars: Annotated[int, typer.Option("--bars", min=1, max=MADE_BARS_MAX, help="How many of each.")] = 10_080,
    bar: Bar = None,
    from_ns: Annotated[
        int | None, typer.Option("--from", metavar="DATE", parser=an_instant, help="When the first bar opens.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a data set of seeded bars, with clustered volatility, heavy tails and correlation: no recording needed.

    Examples: `bot data make --into data/made`  ·  `bot data make --into data/big --seed 7 --instruments 250
    --bars 98280 --bar 1m`
    """
    from bot.data.listing import summary
    from bot.data.making import Recipe, make_dataset

    with on_disk(into), progress(f"making {into.name}", instruments * bars, BARS_SHOWN) as advance:
        make_dataset(into, Recipe(seed, instruments, bars, bar or MADE_BAR_S, from_ns or MADE_FROM_NS), advance)
    if json:
        emit(summary(into))
    else:
        say(f"{into}: {instruments * bars:,} bars of {instruments} instruments")


@app.command("resample")
@command
def resample(
    dataset: DatasetArgument,
    bar: Annotated[float, typer.Option("--bar", metavar="TIME", parser=a_duration, help="Length of the new bars.")],
    json: Json = False,
) -> None:
    """Make longer bars beside those there are; bars that begin or end outside of the history are left out.

    Examples: `bot data resample data/btc --bar 1h`  ·  `bot data resample data/btc --bar 1d --json`
    """
    from bot.data.resampling import resample_dataset

    bars = rows_of_sound(dataset)
    with on_disk(dataset), progress(f"resampling {dataset.name}", bars, BARS_SHOWN) as advance:
        resample_dataset(dataset, bar, advance)
    tell_summary(dataset, json)


@app.command("export")
@command
def export(
    dataset: DatasetArgument,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", parser=a_path, help="A directory that is not there yet.")],
    form: Annotated[Literal["csv", "parquet", "feather"], typer.Option("--format", help="Of the files.")] = "parquet",
    symbols: Annotated[str | None, typer.Option("--symbols", help="Only these, comma-separated.")] = None,
    from_ns: From = None,
    until_ns: Annotated[
        int | None, typer.Option("--until", metavar="DATE", parser=an_instant, help="The first that counts no more.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a data set as plain files into a new directory, one per kind and name; they can be imported as they are.

    Examples: `bot data export data/btc --to out --format csv`  ·  `bot data export data/btc --to out --symbols BTCUSDT`
    """
    from bot.data.exporting import export_dataset, refuse_taken

    refuse_taken(to)
    check_directory(to)
    wanted = names_in(symbols)
    rows = rows_of_sound(dataset)
    with on_disk(to), progress(f"exporting {dataset.name}", rows, BARS_SHOWN) as advance:
        written = export_dataset(dataset, to, form, wanted, (from_ns, until_ns), advance)
    if json:
        emit({"files": [str(path) for path in written]})
    else:
        say(f"{to}: {len(written)} files")


@app.command("terms")
@command
def terms(
    dataset: DatasetArgument,
    symbols: Annotated[str | None, typer.Option("--symbols", help="Only these, comma-separated; else all.")] = None,
    instruments: TermsFile = None,
    venue: Venue = None,
    base: Base = None,
    quote: Quote = None,
    settlement: Settlement = None,
    tick: Tick = None,
    lot: Lot = None,
    min_notional: MinNotional = None,
    max_quantity: MaxQuantity = None,
    can_short: Short = None,
    leverage_max: Leverage = None,
    fee_bps: Fees = None,
    json: Json = False,
) -> None:
    """Say the terms of instruments that are in a data set: tick, lot, smallest order, fees. Nothing is assumed.

    Examples: `bot data terms data/btc --quote USDT --fee-bps 10,8`  ·  `bot data terms data/btc --instruments eu.toml`
    """
    from bot.data.saying import say_terms

    said = said_terms(
        instruments, tick, fee_bps,
        venue=venue, base=base, quote=quote, settlement=settlement, lot=lot, notional_min=min_notional,
        quantity_max=max_quantity, can_short=can_short, leverage_max=leverage_max,
    )  # fmt: skip
    with on_disk(dataset):
        say_terms(dataset, names_in(symbols), said)
    tell_summary(dataset, json)
