"""Running a backtest: the run's directory, the assembly of the profile, and a driver over a data set to its end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.gateways.trainer import Trainer
from adapters.models.workers import WaitingWorkers
from adapters.simulated.bar_prices import BarPrices, FillSettings
from adapters.simulated.broker import Broker
from adapters.simulated.feed import SimulatedFeed
from adapters.simulated.ledger import NoLedger
from adapters.simulated.market import Market
from adapters.simulated.prices import QuoteBoard
from adapters.simulated.venue import SimulatedVenue
from bot.assemble import Hooks, assemble
from bot.backtest.driver import Driver
from bot.backtest.exchange import Exchange
from bot.backtest.learning import Learning
from bot.backtest.timeline import Moment, bar_steps, history_of, moments
from bot.builder import Assembly
from bot.configuration import BadConfiguration
from bot.models.places import commands, shelf_of, store_of
from bot.opening import OpenRun, open_run
from bot.outside import Outside
from bot.profile import Profile
from bot.report import Report
from bot.runs import replace_file
from bot.worlds import identity_here, in_quote_currency
from contracts.history import Dataset, DatasetUnusable
from contracts.instrument import Universe
from contracts.life import ActorFailed, RunStarted, RunStopped
from contracts.quantities import Nanos, nanos
from runtime.clock import FixedClock

EXIT_OK: Final = 0
EXIT_GAVE_UP: Final = 9


@dataclass(frozen=True)
class BacktestOptions:
    """What of a data set is told, where the run is kept, and whether its journal keeps decisions alone.

    `from_ns` and `to_ns` bound the closes of bars and the times of rows, [from, to); bars before it warm up. `kinds`
    of rows are told beside the bars, `quotes` instead of them.
    """

    runs: Path
    from_ns: Nanos
    to_ns: Nanos
    symbols: tuple[str, ...] | None = None
    kinds: frozenset[str] = frozenset()
    decisions_only: bool = False


class BacktestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a backtest came to, and the exit code of its process."""

    exit_code: int
    reason: str
    summary: dict[str, Any]


Seen = Callable[[Nanos], None]


def run_backtest(profile: Profile, dataset: Dataset, options: BacktestOptions, seen: Seen) -> BacktestResult:
    """Tell a data set to the bot of a profile; `seen` hears how far it is.

    Raises BadConfiguration for a profile without `[history]`, DatasetUnusable where nothing lies in the range, and the
    errors of opening a run.
    """
    fills = profile.history
    if fills is None:
        raise BadConfiguration(
            f"profile {profile.name!r}",
            ["has no [history], which says what a fill costs; extend `backtest`, or use --profile backtest"],
        )
    universe = dataset.universe(options.symbols)
    told = _told(profile, dataset, options, universe, fills)
    first = next(told, None)
    if first is None:
        raise DatasetUnusable(f"data set {dataset.name} has nothing in the range that was asked for")
    opened = open_run(
        profile,
        options.runs,
        identity_here(),
        virtual=True,
        fresh=True,
        passing=True,
        decisions_only=options.decisions_only,
    )
    try:
        _note(opened, dataset, options)
        life = _Life(profile, opened, dataset, options, universe)
        return life.live(first, chain((first,), told), seen)
    finally:
        opened.journal.close(seal=True)
        opened.account.close()


class _Life:
    """One backtest on an open run."""

    def __init__(
        self, profile: Profile, opened: OpenRun, dataset: Dataset, options: BacktestOptions, universe: Universe
    ) -> None:
        self.profile, self.opened, self.dataset, self.options = profile, opened, dataset, options
        self.universe = universe
        self.clock = FixedClock()
        self.prices = _prices(profile, options, universe)
        assembly = _assembly(profile, opened, self.clock)
        self.bus = assembly.bus
        self.learning = _learning(assembly)
        self.report = Report()
        self.bus.tap(self.report, Report.kinds)
        self.failed = ""
        self.bus.tap(lambda envelope: self._on_failure(envelope.payload), (ActorFailed,))

    def live(self, first: Moment, told: Iterator[Moment], seen: Seen) -> BacktestResult:
        profile, broker_settings = self.profile, in_quote_currency(self.profile, self.universe)
        broker = Broker(broker_settings, self.universe, self.prices, NoLedger())
        driver = Driver(
            self.bus,
            self.clock,
            Exchange(self.bus, self.clock, broker),
            self.prices,
            decide_s=profile.cadence.decide_s,
            rates=profile.feed.fx,
        )
        start_ns = first.at_ns - (nanos(profile.bars.bar_s) if first.bars is not None else 0)
        self.clock.set(start_ns)
        self._start()
        driver.open(self.universe, self._history(first.at_ns), start_ns)
        driver.run(told, partial(self._between, seen))
        reason = self.failed or "history is at its end"
        exit_code = EXIT_GAVE_UP if self.failed else EXIT_OK
        self.bus.admit(RunStopped(reason, exit_code), "process")
        return BacktestResult(exit_code=exit_code, reason=reason, summary=self._summary(reason, exit_code))

    def _between(self, seen: Seen, at_ns: Nanos) -> None:
        """Between two moments: fit what is due, and tell how far it is."""
        if self.learning is not None:
            self.learning.look()
        seen(at_ns)

    def _start(self) -> None:
        here, opened, profile = identity_here(), self.opened, self.profile
        started = RunStarted(
            run=opened.name,
            epoch=opened.epoch,
            account=profile.account.name,
            account_epoch=1,
            profile=profile.name,
            profile_digest=profile.digest,
            code=here.code,
            seed=profile.seed,
            fingerprint=here.fingerprint,
        )
        self.bus.admit(started, "process")

    def _history(self, first_ns: Nanos) -> Any:
        feed = self.profile.feed
        if not feed.warmup_bars:
            return None
        from_ns = max(0, self.options.from_ns - (feed.warmup_bars + 1) * nanos(feed.bar_s))
        blocks = self.dataset.bars(feed.bar_s, from_ns, min(self.options.from_ns, first_ns), self.options.symbols)
        return history_of(blocks, self.universe, feed.bar_s, feed.warmup_bars)

    def _on_failure(self, failed: ActorFailed) -> None:
        if failed.spent and not self.failed:
            self.failed = f"{failed.actor} gave up: {failed.error}"

    def _summary(self, reason: str, exit_code: int) -> dict[str, Any]:
        return {
            "run": self.opened.name,
            "data": self.dataset.name,
            "fits_failed": self.learning.failures if self.learning is not None else [],
            "turns": self.bus.turn,
            "messages": self.bus.seq,
            **self.report.as_json(),
            "journal": str(self.opened.directory / "journal"),
            "ending": reason,
            "exit_code": exit_code,
        }


def _told(
    profile: Profile, dataset: Dataset, options: BacktestOptions, universe: Universe, fills: FillSettings
) -> Iterator[Moment]:
    bar_s, span = profile.bars.bar_s, (options.from_ns, options.to_ns)
    rows = dataset.rows(options.kinds, *span, options.symbols) if options.kinds else iter(())
    if "quotes" in options.kinds:
        return moments((), rows)
    return moments(bar_steps(dataset.bars(bar_s, *span, options.symbols), universe, bar_s, fills), rows)


def _prices(profile: Profile, options: BacktestOptions, universe: Universe) -> BarPrices | QuoteBoard:
    assert profile.history is not None
    return QuoteBoard() if "quotes" in options.kinds else BarPrices(universe, profile.history)


def _assembly(profile: Profile, opened: OpenRun, clock: FixedClock) -> Assembly:
    """The assembly of the profile; of its gateways only the trainer is built, the driver stands for the others."""
    market, models = Market(profile.simulated.market), opened.directory / "models"
    outside = Outside(
        clock=clock,
        feed=SimulatedFeed(market, clock),
        venue=SimulatedVenue(profile.simulated.broker, market.universe, QuoteBoard(), clock),
        journal=opened.journal,
        models=shelf_of(store_of(models), opened.directory),
        workers=WaitingWorkers(commands(models)),
    )
    return assemble(profile, outside, Hooks())


def _learning(assembly: Assembly) -> Learning | None:
    """The trainer of the assembly; None for one that has none."""
    trainers = [part.factory() for part in assembly.gateways if part.name == "trainer"]
    return next((Learning(assembly.bus, each) for each in trainers if isinstance(each, Trainer)), None)


def _note(opened: OpenRun, dataset: Dataset, options: BacktestOptions) -> None:
    """Keep with the run what it was made of, so that it can be made again."""
    made_of = {
        "data": dataset.name,
        "digest": dataset.digest,
        "symbols": options.symbols or dataset.symbols,
        "from_ns": options.from_ns,
        "to_ns": options.to_ns,
        "kinds": sorted(options.kinds),
        "decisions_only": options.decisions_only,
    }
    replace_file(opened.directory / "backtest.json", msgspec.json.format(msgspec.json.encode(made_of)) + b"\n")
