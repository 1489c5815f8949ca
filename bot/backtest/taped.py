"""A backtest over an export: every outside message at its own time, and a simulated venue that answers anew.

A paper run and a backtest over its export decide the same, because the venue is a function of its seed, the orders and
their times. Where they do not, the first other decision is told. What is not in an export is how late a real process
was: a run in real time may differ by what a late answer changed.
"""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.simulated.broker import Broker
from adapters.simulated.ledger import NoLedger
from adapters.simulated.market import Market
from adapters.simulated.prices import MarketPrices, QuoteBoard
from bot.backtest.exchange import Exchange
from bot.backtest.exported import Export
from bot.backtest.life import BacktestResult, Life, Seen
from bot.logging import utc
from bot.models.places import PINNED
from bot.opening import OpenRun, open_run
from bot.own_code import identity_of
from bot.profile import Profile
from bot.worlds import in_quote_currency
from contracts.envelope import Envelope
from contracts.history import DatasetUnusable
from contracts.instrument import Universe
from contracts.life import RunStopped
from contracts.market import Perp, Tick, UniverseChanged
from contracts.quantities import Nanos
from contracts.topics import DECISIVE
from contracts.trade import VenueSnapshot
from runtime.replay import first_difference, unplaced

ACCOUNT: Final = "export"
"""Whose account such a run has, beside whatever daemon trades the real one."""


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """How far the decisions are those of the exported run; `first` is where they part, empty if they do not."""

    same: bool
    decisive: int
    agreed: int
    first: str

    def told(self) -> str:
        """In one line."""
        if self.same:
            return f"all {self.decisive} decisive messages are those of the run"
        return f"{self.agreed} decisive messages are those of the run, then: {self.first}"


def run_taped(export: Export, decider: Profile, runs: Path, seen: Seen) -> tuple[BacktestResult, Parity]:
    """Tell an export to the bot of a profile; `seen` hears how far it is.

    Raises DatasetUnusable for a run that began with positions or orders of an earlier one, and the errors of opening a
    run.
    """
    profile = msgspec.structs.replace(decider, account=msgspec.structs.replace(decider.account, name=ACCOUNT))
    opened = open_run(profile, runs, identity_of(profile), virtual=True, fresh=True, passing=True)
    try:
        return _Tape(profile, opened, export).tell(seen)
    finally:
        opened.journal.close(seal=True)
        opened.account.close()


class _Tape:
    """One export on an open run."""

    def __init__(self, profile: Profile, opened: OpenRun, export: Export) -> None:
        universe, books = _beginning(export)
        self.export = export
        self.life = Life(profile, opened, export.directory / PINNED)
        self.prices = _prices(export.profile, universe)
        settings = msgspec.structs.replace(in_quote_currency(profile, universe), balances=books)
        self.broker = Broker(settings, universe, self.prices, NoLedger())
        self.exchange = Exchange(self.life.bus, self.life.clock, self.broker, profile.orders)
        self.comparison = _Comparison(export.decided())
        self.life.bus.tap(self.comparison.hear, DECISIVE)
        self.books: deque[VenueSnapshot] = deque()

    def tell(self, seen: Seen) -> tuple[BacktestResult, Parity]:
        life = self.life
        for asked_ns in [said.asked_ns for _, _, said in self.export.outside() if isinstance(said, VenueSnapshot)]:
            there_ns, _ = self.broker.latency_ns(asked_ns)
            self.exchange.at(asked_ns + there_ns, partial(self._ask, asked_ns))
        for at_ns, source, said in self.export.outside():
            if isinstance(said, RunStopped):
                break
            self.exchange.run_until(at_ns)
            life.clock.set(at_ns)
            life.bus.admit(self._anew(said), source)
            seen(at_ns)
        ending = "the export is at its end"
        life.bus.admit(RunStopped(life.failed or ending, life.exit_code), "process")
        parity = self.comparison.parity()
        more = {"export": self.export.made_of.run, "parity": msgspec.to_builtins(parity)}
        return life.result(ending, more), parity

    def _ask(self, asked_ns: Nanos) -> None:
        self.books.append(self.broker.snapshot(asked_ns))

    def _anew(self, said: msgspec.Struct) -> msgspec.Struct:
        if isinstance(said, VenueSnapshot):
            self.exchange.catch_up()
            return self.books.popleft()
        if isinstance(said, Perp):
            self.exchange.show(said)
        if isinstance(said, Tick) and isinstance(self.prices, QuoteBoard):
            self.prices.quote(said)
        return said


class _Comparison:
    """The decisions as they come, held against those on record."""

    def __init__(self, decided: Iterator[tuple[Nanos, msgspec.Struct]]) -> None:
        self._decided = decided
        self._said = self._agreed = 0
        self._first = ""

    def hear(self, envelope: Envelope[Any]) -> None:
        self._said += 1
        if not self._first:
            self._compare(next(self._decided, None), envelope)

    def parity(self) -> Parity:
        missing = None if self._first else next(self._decided, None)
        if missing is not None:
            self._first = f"{_named(*missing)} was said then, and nothing here"
        return Parity(same=not self._first, decisive=self._said, agreed=self._agreed, first=self._first)

    def _compare(self, recorded: tuple[Nanos, msgspec.Struct] | None, envelope: Envelope[Any]) -> None:
        here = _named(envelope.at_ns, envelope.payload)
        if recorded is None:
            self._first = f"{here} is said here, and nothing then"
        elif type(recorded[1]) is not type(envelope.payload):
            self._first = f"{here} is said here, {_named(*recorded)} then"
        else:
            difference = first_difference(unplaced(recorded[1]), unplaced(envelope.payload), 0.0)
            if difference is None:
                self._agreed += 1
            else:
                path, was, now = difference
                self._first = f"{here}: {path} was {was} then, and is {now} here"


def _named(at_ns: Nanos, said: msgspec.Struct) -> str:
    about = " ".join(str(getattr(said, name)) for name in ("decision", "symbol", "client_id") if hasattr(said, name))
    return f"{type(said).__name__} {about} at {utc(at_ns)}"


def _beginning(export: Export) -> tuple[Universe, dict[str, Decimal]]:
    """The universe of an export, and the balances its account began with."""
    universe: Universe | None = None
    for _, _, said in export.outside():
        if isinstance(said, UniverseChanged):
            universe = said.universe
        if isinstance(said, VenueSnapshot) and universe is not None:
            if any(said.positions.values()) or said.open_orders:
                raise DatasetUnusable(f"{export.directory}: the run began with positions or orders of an earlier one")
            return universe, said.balances
    raise DatasetUnusable(f"{export.directory}: the run ended before it knew its market and its account")


def _prices(exported: Profile, universe: Universe) -> MarketPrices | QuoteBoard:
    """What the run's own venue traded against: the simulated market where it was that, else the quotes it was told.

    The market is that of the run, whoever decides now: at another's prices orders would fill that nobody was shown.
    """
    market = Market(exported.simulated.market)
    return MarketPrices(market) if market.universe.instruments == universe.instruments else QuoteBoard()
