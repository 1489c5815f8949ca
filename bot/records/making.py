"""The records of a run: read from its journal once, kept beside it, and made again when the journal has grown."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from adapters.journal.reader import records
from adapters.journal.record import Record
from adapters.records.columns import Table
from adapters.records.files import Made, RecordFiles, stamp_of
from adapters.records.rows import TABLES, Row
from bot.listing import is_sealed
from bot.records.account import AccountOverTime
from bot.records.known import Known
from bot.records.orders import Orders
from bot.records.outcomes import Outcomes
from bot.records.trades import Trades
from bot.replaying import journal_of
from bot.runs import RunsUnusable
from contracts import codec
from contracts.belief import Outcome
from contracts.envelope import Envelope
from contracts.life import RunStarted
from contracts.market import MarkFrame

BARE_MARKS: Final = "quotes: a thin journal keeps no marks, so costs are not split into spread and impact"
NO_OUTCOMES: Final = "outcomes: no belief of the blend was closed in this run, so there is no calibration"
NO_RATES: Final = "exchange rates: some fills or payments could not be valued in the account's currency"
NO_EQUITY: Final = "equity: the ledger never said any"
NO_END: Final = (
    "its end: the journal is not sealed, the run was cut or still goes on, and all is as of its last message"
)
BROUGHT: Final = "entry prices: some positions were held before the run"

Advance = Callable[[int], None]


class Read(NamedTuple):
    """What one walk over a journal gave."""

    run: str
    messages: int
    currency: str
    thin: bool
    lacks: tuple[str, ...]
    tables: Mapping[str, list[Any]]


class RunRecords:
    """The tables of one run and what is known of them."""

    def __init__(self, run: Path, made: Made) -> None:
        self.made = made
        self._files = RecordFiles(run)

    def table(self, name: str) -> Table:
        """One of the tables by name; raises RunsUnusable where its file is gone or damaged."""
        try:
            return self._files.table(name)
        except (OSError, ValueError) as error:
            raise RunsUnusable(
                f"{self._files.directory} cannot be read: {error}; delete it, it is made again"
            ) from None


def records_of(run: Path, advance: Advance = lambda count: None) -> RunRecords:
    """The records of a run, made first where there are none or the journal has grown; `advance` hears of messages.

    Raises JournalEmpty and JournalDamaged as reading does, RunsUnusable where they cannot be written.
    """
    files, stamp = RecordFiles(run), stamp_of(run)
    made = files.made()
    if made is None or made.stamp != stamp:
        read = read_journal(records(journal_of(run)), advance)
        made = Made(
            run=read.run or run.name,
            stamp=stamp,
            messages=read.messages,
            currency=read.currency,
            thin=read.thin,
            lacks=read.lacks if is_sealed(run) else (NO_END, *read.lacks),
            rows={name: len(read.tables[name]) for name in TABLES},
        )
        try:
            files.keep(made, read.tables)
        except OSError as error:
            raise RunsUnusable(f"{files.directory} cannot be written: {error.strerror}") from error
    return RunRecords(run, made)


def read_journal(found: Iterable[Record], advance: Advance = lambda count: None) -> Read:
    """Walk a journal once and keep what its messages say of trades, orders, equity and decisions."""
    known = Known()
    orders = Orders(known)
    trades, account, outcomes = Trades(known, orders), AccountOverTime(known), Outcomes()
    listeners: dict[str, list[Callable[[Envelope[Any]], None]]] = {}
    for part in (known, orders, trades, account, outcomes):
        for kind in part.kinds:
            listeners.setdefault(kind.__name__, []).append(part.hear)
    run, messages, bare = "", 0, Counter[str]()
    for messages, record in enumerate(found, 1):
        if messages % 1000 == 0:
            advance(1000)
        heard = listeners.get(record.type)
        if heard is None:
            run = _name(record) if record.type == RunStarted.__name__ else run
        elif not record.kept:
            bare[record.type] += 1
        elif record.type != Outcome.__name__ or Outcomes.concerns(record.payload):
            envelope = _envelope(record)
            for hear in heard:
                hear(envelope)
    tables: dict[str, list[Row]] = {
        "trades": [*trades.told()],
        "orders": [*orders.told()],
        "equity": [*account.equity],
        "decisions": [*account.decided()],
        "refusals": [*account.refusals],
        "weights": [*account.weights],
        "calibration": [*outcomes.calibration()],
        "pit": [*outcomes.parts()],
    }
    thin = bool(bare[MarkFrame.__name__])
    return Read(run, messages, known.currency, thin, tuple(_lacks(tables, thin=thin)), tables)


def _lacks(tables: Mapping[str, list[Any]], *, thin: bool) -> Iterable[str]:
    if thin:
        yield BARE_MARKS
    if not tables["calibration"]:
        yield NO_OUTCOMES
    if not tables["equity"]:
        yield NO_EQUITY
    if any(trade.entry_price is None for trade in tables["trades"]):
        yield BROUGHT
    unvalued = any(order.fills and None in (order.notional_eur, order.fee_eur) for order in tables["orders"])
    if unvalued or any(said.funding_eur is None for said in tables["equity"][-1:]):
        yield NO_RATES


def _envelope(record: Record) -> Envelope[Any]:
    payload: msgspec.Struct = codec.decode(record.type, record.payload)
    return Envelope(record.seq, record.turn, record.cause, record.at_ns, record.source, payload)


def _name(record: Record) -> str:
    started: Any = codec.decode(record.type, record.payload)
    return str(started.run)
