"""`bot data`: history in and out: import, list, check, resample, export, make."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from bot.cli.errors import BAD_CONFIGURATION, Fail, command
from bot.cli.evaluate import a_duration, an_instant
from bot.cli.options import Json, a_path, emit, say, talk
from bot.cli.progress import progress

app = typer.Typer(help="History: import, list, check, resample, export and make data sets.", no_args_is_help=True)

BYTES_SHOWN: Final = 8_000_000
BARS_SHOWN: Final = 1_000_000
"""From how much work on a bar is worth it."""

MADE_BAR_S: Final = 60.0
MADE_FROM_NS: Final = 1_704_067_200_000_000_000
"""Made bars are minutes from the first of January 2024 on where nothing else is said."""

WARNINGS_TOLD: Final = 30

Into = Annotated[
    Path, typer.Option("--into", metavar="DATASET", parser=a_path, help="The data set: a directory, made where absent.")
]
DatasetArgument = Annotated[Path, typer.Argument(metavar="DATASET", parser=a_path, help="A data set's directory.")]
From = Annotated[
    int | None, typer.Option("--from", metavar="DATE", parser=an_instant, help="What closes from here on counts.")
]
To = Annotated[
    int | None, typer.Option("--to", metavar="DATE", parser=an_instant, help="The first that counts no more.")
]
Market = Annotated[
    Literal["24/7", "sessions"] | None,
    typer.Option("--calendar", help="When the market is open; without it, as the bars themselves tell."),
]
TermsFile = Annotated[
    Path | None,
    typer.Option("--instruments", metavar="FILE", parser=a_path, help="TOML: a table of terms per instrument."),
]
Venue = Annotated[str | None, typer.Option("--venue", help="Name of the venue.")]
Base = Annotated[str | None, typer.Option("--base", help="Base; else a symbol that ends with its quote says it.")]
Quote = Annotated[str | None, typer.Option("--quote", help="Quote currency, for example USDT.")]
Settlement = Annotated[str | None, typer.Option("--settlement", help="Currency of settlement; else the quote.")]
Tick = Annotated[
    str | None, typer.Option("--tick", metavar="STEP|derived", help="Price step; `derived`: from the prices seen.")
]
Lot = Annotated[str | None, typer.Option("--lot", metavar="STEP", help="Quantity step in base.")]
MinNotional = Annotated[str | None, typer.Option("--min-notional", metavar="AMOUNT", help="Smallest order in quote.")]
MaxQuantity = Annotated[str | None, typer.Option("--max-quantity", metavar="AMOUNT", help="Largest order in base.")]
Short = Annotated[bool | None, typer.Option("--can-short/--no-short", help="Whether it may be sold short.")]
Leverage = Annotated[str | None, typer.Option("--leverage-max", metavar="FACTOR", help="1 for a spot market.")]
Fees = Annotated[
    str | None, typer.Option("--fee-bps", metavar="TAKER[,MAKER]", help="Fees per side in bps; one number is both.")
]


@app.command("import")
@command
def import_(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SRC...", parser=a_path, help="Files, or directories of them.")
    ],
    into: Into,
    bar: Annotated[
        float | None, typer.Option("--bar", metavar="TIME", parser=a_duration, help="Bar length; else as the rows lie.")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option("--symbol", help="The instrument of a file that does not name it.")
    ] = None,
    from_ns: From = None,
    to_ns: To = None,
    calendar: Market = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", help="A column to leave out; repeatable.")] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Leave faulty rows out, into a new data set that says which.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Do not go on with an interrupted import.")] = False,
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
    """Take files of bars into a data set: CSV, Parquet or Feather. All rows are checked; all of them come in, or none.

    Examples: `bot data import candles/*.parquet --into data/btc --bar 5m`  ·  `bot data import prices.csv
    --into data/eq --quote EUR --tick derived --lot 1 --min-notional 1 --max-quantity 10000 --fee-bps 5`
    """
    from bot.data.importing import BarReading, import_bars
    from bot.data.listing import summary

    files = files_of(sources)
    said = said_terms(
        instruments, tick, fee_bps,
        venue=venue, base=base, quote=quote, settlement=settlement, lot=lot, notional_min=min_notional,
        quantity_max=max_quantity, can_short=can_short, leverage_max=leverage_max,
    )  # fmt: skip
    reading = BarReading(bar or 0.0, from_ns, to_ns, symbol, tuple(ignore or ()), calendar, repair)
    size = sum(path.stat().st_size for path in files if path.exists())
    with progress(f"importing into {into.name}", size, BYTES_SHOWN) as advance:
        done = import_bars(files, into, reading, said, advance, restart=restart)
    if json:
        emit({**summary(into), "new_rows": done.rows, "files_skipped": done.skipped, "findings": done.findings})
        return
    _tell_findings(done.findings)
    for repair_done in done.manifest.repairs:
        say(f"repaired: {repair_done.name}: {repair_done.what}: {repair_done.rows} rows")
    skipped = f", {done.skipped} files were in already" if done.skipped else ""
    say(f"{into}: {done.rows:,} new rows{skipped}; {len(done.manifest.instruments)} instruments")


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
    from bot.data.listing import datasets_in, summary

    found = [summary(path) for path in datasets_in(directory)]
    if json:
        emit({"datasets": found})
        return
    for each in found:
        say(f"{each['path']}  digest {each['digest'][:12]}  {each['bytes'] / 1e6:.1f} MB")
        for kind in each["kinds"]:
            span = f"{kind['first']} to {kind['last']}"
            say(f"  {kind['kind']:<12} {kind['names']:>4} names {kind['rows']:>12,} rows  {span}")
        lacking = each["lacking"]
        if lacking:
            symbol, terms = next(iter(lacking.items()))
            say(f"  not to be traded on yet: {len(lacking)} without terms, {symbol} has no {terms}")
    say(f"{len(found)} data sets")


@app.command("check")
@command
def check(
    target: Annotated[
        Path, typer.Argument(metavar="DATASET|FILE", parser=a_path, help="A data set, or a file of bars.")
    ],
    bar: Annotated[
        float | None, typer.Option("--bar", metavar="TIME", parser=a_duration, help="Bar length of a file's rows.")
    ] = None,
    calendar: Market = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", help="A column to leave out; repeatable.")] = None,
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
        _tell_findings(found.findings)
        say(f"{found.rows:,} rows checked: {errors} errors, {len(found.findings)} kinds of findings")
    if errors:
        raise Fail(f"{target}: {errors} errors in {found.rows:,} rows", BAD_CONFIGURATION)


@app.command("make")
@command
def make(
    into: Into,
    seed: Annotated[int, typer.Option("--seed", min=0, help="All of it follows from this number.")] = 7,
    instruments: Annotated[int, typer.Option("--instruments", min=1, max=1000, help="How many.")] = 5,
    bars: Annotated[int, typer.Option("--bars", min=1, help="How many of each.")] = 10_080,
    bar: Annotated[
        float | None, typer.Option("--bar", metavar="TIME", parser=a_duration, help="Length of a bar, 1m if not said.")
    ] = None,
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

    with progress(f"making {into.name}", instruments * bars, BARS_SHOWN) as advance:
        make_dataset(into, Recipe(seed, instruments, bars, bar or MADE_BAR_S, from_ns or MADE_FROM_NS), advance)
    if json:
        emit(summary(into))
    else:
        say(f"{into}: {instruments * bars:,} bars of {instruments} instruments")


def files_of(sources: Sequence[Path]) -> list[Path]:
    """The files named, and the tables in the directories named, in order of their names; raises MissingTable."""
    from adapters.tables.errors import MissingTable
    from adapters.tables.reading import CSV, FEATHER, PARQUET

    files: list[Path] = []
    for source in sources:
        if source.is_dir():
            inside = [path for path in source.iterdir() if path.name.lower().endswith((*CSV, *PARQUET, *FEATHER))]
            if not inside:
                raise MissingTable(f"{source}: no CSV, Parquet or Feather file in it")
            files += sorted(inside)
        else:
            files.append(source)
    return files


def said_terms(file: Path | None, tick: str | None, fee_bps: str | None, **flags: Any) -> Any:
    """What the command line says of instruments; raises BadParameter, or DatasetUnusable for the file."""
    from adapters.catalog.terms import read_terms
    from bot.data.importing import DERIVED, SaidTerms

    if fee_bps is not None:
        taker, _, maker = fee_bps.partition(",")
        flags |= {"fee_taker_bps": _a_fee(taker), "fee_maker_bps": _a_fee(maker or taker)}
    if tick is not None and tick != DERIVED:
        flags["tick"] = tick
    said = {name: value for name, value in flags.items() if value is not None}
    return SaidTerms(said, read_terms(file) if file is not None else {}, tick == DERIVED)


def _a_fee(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"--fee-bps was {text!r}, expected TAKER or TAKER,MAKER in bps") from None


def _tell_findings(findings: Sequence[Any]) -> None:
    for each in findings[:WARNINGS_TOLD]:
        say(each.line())
    if len(findings) > WARNINGS_TOLD:
        talk(f"and {len(findings) - WARNINGS_TOLD} more; --json has them all")
