"""Verbs that show what a run did as tables: trades, orders, equity, decisions."""

from typing import Annotated, Any, Final

import typer

from bot.cli.errors import USAGE, Fail, command
from bot.cli.options import Json, RunName, Runs, emit, runs_directory, say, talk
from bot.cli.progress import progress

MESSAGES_SHOWN: Final = 300_000
"""From how many messages on a bar is worth it: what takes about two seconds to read."""

MESSAGE_BYTES: Final = 300
"""About what a message takes in a journal; only a bar is drawn by it."""

HEAD: Final = 40
"""How many rows are shown to people who did not say how many."""

NARROW: Final[dict[str, tuple[str, ...]]] = {
    "trades": (
        "trade", "symbol", "side", "entry_at", "exit_at", "quantity", "entry_price", "exit_price", "fees_eur",
        "pnl_eur", "return_bps", "entry_mu", "entry_p_up", "entry_rank", "exit_cause",
    ),
    "orders": (
        "order", "symbol", "side", "ordered_at", "quantity", "limit", "filled", "average_price", "fee_eur",
        "slippage_bps", "state", "reason",
    ),
    "equity": ("at", "equity_eur", "cash_eur", "gross_eur", "drawdown", "exposure", "cvar_share", "complete"),
    "decisions": (
        "at", "decision", "state", "slate", "picks", "intents", "refusals", "refused_by", "orders", "rung", "regime",
        "equity_eur", "cvar_share",
    ),
}  # fmt: skip
"""The columns that people see; `--json`, `--csv` and the files have all of them."""

Csv = Annotated[bool, typer.Option("--csv", help="Print every column as CSV on stdout.")]
Head = Annotated[int | None, typer.Option("--head", metavar="N", min=1, help="Only the first N rows.")]


@command
def trades(run: RunName = "last", head: Head = None, csv: Csv = False, runs: Runs = None, json: Json = False) -> None:
    """Show the round trips of a run, with what was believed and allowed when they were entered and left.

    All columns are in RUN/records/trades.parquet; docs/report.md says what they mean and how to query them.

    Examples: `bot trades`  ·  `bot trades canary-000003 --head 10`  ·  `bot trades last --csv > trades.csv`
    """
    _show("trades", run, head, runs, csv=csv, json=json)


@command
def orders(run: RunName = "last", head: Head = None, csv: Csv = False, runs: Runs = None, json: Json = False) -> None:
    """Show every order of a run with its life: decided, sent, acknowledged, filled, what it cost, how it ended.

    Examples: `bot orders`  ·  `bot orders canary-000003 --json --head 5`
    """
    _show("orders", run, head, runs, csv=csv, json=json)


@command
def equity(run: RunName = "last", head: Head = None, csv: Csv = False, runs: Runs = None, json: Json = False) -> None:
    """Show the account over time: equity, cash, exposure, drawdown, and the share of the CVaR budget in use.

    Examples: `bot equity`  ·  `bot equity last --csv > equity.csv`
    """
    _show("equity", run, head, runs, csv=csv, json=json)


@command
def decisions(
    run: RunName = "last", head: Head = None, csv: Csv = False, runs: Runs = None, json: Json = False
) -> None:
    """Show every decision: how much was believed, selected, let through and refused, and the budget it uses.

    Examples: `bot decisions`  ·  `bot decisions canary-000003 --head 20 --json`
    """
    _show("decisions", run, head, runs, csv=csv, json=json)


def opened(run: str, runs: Any) -> Any:
    """The records of a run that was named, read from its journal if need be, with a bar where that takes time."""
    from bot.records.making import records_of
    from bot.replaying import journal_bytes
    from bot.runs import find_run

    path = find_run(runs_directory(runs), run)
    with progress(f"reading {path.name}", journal_bytes(path) // MESSAGE_BYTES, MESSAGES_SHOWN) as advance:
        return path, records_of(path, advance)


def _show(name: str, run: str, head: int | None, runs: Any, *, csv: bool, json: bool) -> None:
    if csv and json:
        raise Fail("--csv and --json were given, expected one of them", USAGE)
    path, records = opened(run, runs)
    table, made = records.table(name), records.made
    if json:
        emit(
            {
                "run": path.name,
                "table": name,
                "currency": made.currency,
                "thin": made.thin,
                "lacks": made.lacks,
                "total": len(table),
                "rows": list(table.rows(head)),
            }
        )
        return
    if csv:
        say(table.csv(head).rstrip("\n"))
    else:
        _tell(name, table, HEAD if head is None else head)
        _talk_of(path, name, table, head)
    for lack in made.lacks:
        talk(f"this run lacks {lack}")


def _tell(name: str, table: Any, head: int) -> None:
    from bot.evaluation.lines import table_lines
    from bot.evaluation.report import Table

    if not len(table):
        return
    shown = list(table.rows(head))
    columns = NARROW[name]
    texts = {column for column in columns if any(isinstance(row[column], str) for row in shown)}
    numbers = {column for column in texts if all(_is_number(row[column]) for row in shown)}
    formats = tuple("s" if column in texts - numbers else "" for column in columns)
    rows = tuple(tuple(_cell(row[column]) for column in columns) for row in shown)
    for line in list(table_lines(Table(title=name, columns=columns, formats=formats, rows=rows))):
        say(line)


def _talk_of(path: Any, name: str, table: Any, head: int | None) -> None:
    left = len(table) - (HEAD if head is None else head)
    more = f"{left} more, --head N shows them; " if left > 0 else ""
    talk(f"{len(table)} rows of {name}; {more}all columns: {path / 'records' / name}.parquet")


def _is_number(value: Any) -> bool:
    try:
        return value is None or float(value) == float(value)
    except ValueError:
        return False


def _cell(value: Any) -> str:
    """A cell as short as it can be read: instants to the second, numbers to seven digits; none is a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}"
    text = str(value)
    if len(text) == len("2024-01-01T00:00:00.000000Z") and text.endswith("Z"):
        return text[:19]
    return f"{float(text):.8g}" if "." in text and _is_number(text) else text
