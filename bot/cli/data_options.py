"""Options of `bot data`: places, ranges, and what is said of instruments; and what they come to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from bot.cli.errors import TEMPORARY, Fail
from bot.cli.evaluate import a_duration, an_instant
from bot.cli.options import a_path

ROW_KINDS: Final = ("quotes", "trades", "books", "funding", "context")
ALL: Final = "all"
AMOUNTS: Final = {
    "tick": "--tick",
    "lot": "--lot",
    "notional_min": "--min-notional",
    "quantity_max": "--max-quantity",
    "leverage_max": "--leverage-max",
}
FEE_BPS_MAX: Final = 10_000.0
"""Of a trade no more can be taken; a maker may be paid."""

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
Known = Annotated[
    Literal["at-event", "next-day", "next-trading-day"] | None,
    typer.Option("--known", help="When rows were known, where no column of the file says it."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="COLUMN=NAME", help="Context: which column is which figure; repeatable."),
]
Repair = Annotated[bool, typer.Option("--repair", help="Leave faulty rows out, into a new data set that says which.")]
Restart = Annotated[bool, typer.Option("--restart", help="Do not go on with an interrupted import.")]
Symbol = Annotated[str | None, typer.Option("--symbol", help="Whose rows a file holds that does not say.")]
Bar = Annotated[
    float | None, typer.Option("--bar", metavar="TIME", parser=a_duration, help="Length of a bar: 1m, 5m, 1h, 1d.")
]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", help="A column to leave out; repeatable.")]


def files_of(sources: Sequence[Path]) -> list[Path]:
    """The files named, and the tables in the directories named, in order of their names; raises MissingTable."""
    from adapters.tables.errors import MissingTable
    from adapters.tables.reading import CSV, FEATHER, PARQUET
    from bot.data.recordings import is_run

    files: list[Path] = []
    for source in sources:
        if source.is_dir() and not is_run(source):
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

    for name, value in {"tick": None if tick == DERIVED else tick, **flags}.items():
        if isinstance(value, str) and name in AMOUNTS:
            _refuse_no_amount(AMOUNTS[name], value)
        elif isinstance(value, str) and not (value.strip() and value.isprintable()):
            raise typer.BadParameter(f"--{name} was {value!r}, expected a name")
    if fee_bps is not None:
        taker, _, maker = fee_bps.partition(",")
        flags |= {"fee_taker_bps": _a_fee(taker), "fee_maker_bps": _a_fee(maker or taker)}
    if tick is not None and tick != DERIVED:
        flags["tick"] = tick
    said = {name: value for name, value in flags.items() if value is not None}
    return SaidTerms(said, read_terms(file) if file is not None else {}, tick == DERIVED)


def names_in(symbols: str | None) -> list[str]:
    """Instruments that `--symbols` names, none where it is not said; raises BadParameter where it names nobody."""
    named = [each.strip() for each in (symbols or "").split(",") if each.strip()]
    if symbols is not None and not named:
        raise typer.BadParameter(f"--symbols was {symbols!r}, expected names of instruments, comma-separated")
    return named


def _refuse_no_amount(option: str, text: str) -> None:
    """Raise BadParameter for what is no number above 0."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not (amount.is_finite() and amount > 0):
        raise typer.BadParameter(f"{option} was {text!r}, expected a number above 0")


def _a_fee(text: str) -> float:
    try:
        fee = float(text)
    except ValueError:
        fee = float("nan")
    if not -FEE_BPS_MAX <= fee <= FEE_BPS_MAX:
        raise typer.BadParameter(f"--fee-bps was {text!r}, expected TAKER or TAKER,MAKER in bps")
    return fee


def takes_bars(kind: str, files: Sequence[Path]) -> bool:
    """Whether bars are meant: said so, or, where nothing is said, tables. Raises BadParameter."""
    from bot.data.rows_importing import is_table

    if kind not in ("", "bars", ALL, *ROW_KINDS):
        raise typer.BadParameter(f"--kind was {kind!r}, expected bars, {', '.join(ROW_KINDS)} or {ALL}")
    tables = [is_table(path) or not path.exists() for path in files]
    if kind == "bars" and not all(tables):
        raise typer.BadParameter(f"--kind bars: {files[tables.index(False)]} is no CSV, Parquet or Feather file")
    if not kind and any(tables) and not all(tables):
        raise typer.BadParameter("tables and recordings together: say with --kind what is in them")
    return kind == "bars" or (not kind and all(tables))


def refuse_idle(what: str, **given: Any) -> None:
    """Raise BadParameter for an option that would be passed over in silence."""
    for name, value in given.items():
        if value:
            raise typer.BadParameter(f"--{name} says nothing about {what}, leave it away")


def row_reading(
    kind: str, span: tuple[int | None, int | None], symbol: str | None, known: Any, columns: Sequence[str] | None
) -> Any:
    """How rows are read; raises BadParameter for a column that is no COLUMN=NAME, or a name that is said twice."""
    from adapters.catalog.row_sources import TableReading
    from bot.data.rows_importing import RowReading

    named = [each.partition("=") for each in columns or ()]
    for column, equals, name in named:
        if not (column and equals and name):
            raise typer.BadParameter(f"--column was {column + equals + name!r}, expected COLUMN=NAME")
    names = [name for _, _, name in named]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise typer.BadParameter(f"--column says {twice!r} of two columns, expected each figure once")
    table = TableReading(symbol, known, tuple((column, name) for column, _, name in named))
    kinds = frozenset(ROW_KINDS) if kind in ("", ALL) else frozenset({kind})
    return RowReading(kinds, *span, table)


def size_of(files: Sequence[Path]) -> int:
    """Bytes of all that is there."""
    from bot.data.importing import bytes_of

    return sum(bytes_of(path) for path in files if path.exists())


def rows_of_sound(dataset: Path) -> int:
    """How many rows a data set holds; raises DatasetUnusable where a byte of it is another than was written."""
    from bot.data.checked import refuse_damaged
    from bot.data.listing import summary

    refuse_damaged(dataset)
    return sum(kind["rows"] for kind in summary(dataset)["kinds"])


@contextmanager
def on_disk(target: Path) -> Iterator[None]:
    """Tell a disk that takes no more as what it is; an import can be gone on with afterwards."""
    try:
        yield
    except OSError as error:
        raise Fail(f"{target}: cannot be written: {error.strerror or error}", TEMPORARY) from error
