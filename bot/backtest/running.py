"""Running a backtest: the run's directory, the assembly of the profile, and a driver over a data set to its end."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.gateways.trainer import Trainer
from adapters.simulated.bar_prices import BarPrices, FillSettings
from adapters.simulated.broker import Broker
from adapters.simulated.ledger import NoLedger
from adapters.simulated.prices import QuoteBoard
from bot.backtest.driver import Driver
from bot.backtest.exchange import Exchange
from bot.backtest.learning import Learning
from bot.backtest.life import BacktestResult, Life, Seen
from bot.backtest.timeline import BarStep, Moment, bar_steps, history_of, moments
from bot.backtest.unfunded import FUNDING, unfunded
from bot.builder import Assembly
from bot.configuration import BadConfiguration
from bot.opening import OpenRun, open_run
from bot.own_code import identity_of
from bot.profile import Profile
from bot.replaying import RunIdentity
from bot.runs import replace_file
from bot.worlds import in_quote_currency
from contracts.history import Dataset, DatasetUnusable
from contracts.instrument import Universe
from contracts.life import RunStarted, RunStopped
from contracts.quantities import Nanos, nanos

GARBAGE_THRESHOLD: Final = 100_000
"""Messages are many and never in circles: looking for circles among them was a twentieth of a backtest."""


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
    here = identity_of(profile)
    opened = open_run(
        profile,
        options.runs,
        here,
        virtual=True,
        fresh=True,
        passing=True,
        decisions_only=options.decisions_only,
    )
    thresholds = gc.get_threshold()
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        _note(opened, dataset, options)
        telling = _Telling(profile, opened, dataset, options, universe, here)
        return telling.tell(first, chain((first,), told), seen)
    finally:
        gc.set_threshold(*thresholds)
        opened.journal.close(seal=True)
        opened.account.close()


class _Telling:
    """One backtest over a data set on an open run."""

    def __init__(
        self,
        profile: Profile,
        opened: OpenRun,
        dataset: Dataset,
        options: BacktestOptions,
        universe: Universe,
        here: RunIdentity,
    ) -> None:
        self.profile, self.dataset, self.options, self.universe, self.here = profile, dataset, options, universe, here
        self.life = Life(profile, opened, opened.directory / "models")
        self.prices = _prices(profile, options, universe)
        self.learning = _learning(self.life.assembly)

    def tell(self, first: Moment, told: Iterator[Moment], seen: Seen) -> BacktestResult:
        profile, life = self.profile, self.life
        broker = Broker(in_quote_currency(profile, self.universe), self.universe, self.prices, NoLedger())
        driver = Driver(
            life.bus,
            life.clock,
            Exchange(life.bus, life.clock, broker, profile.orders),
            self.prices,
            decide_s=profile.cadence.decide_s,
            rates=profile.feed.fx,
            tells_funding=self.options.kinds >= FUNDING,
        )
        first_ns, thing = first
        start_ns = first_ns - (nanos(profile.bars.bar_s) if isinstance(thing, BarStep) else 0)
        life.clock.set(start_ns)
        self._start()
        driver.open(self.universe, self._history(first_ns), start_ns)
        if self.learning is None:
            driver.run(told, seen)
        else:
            driver.run(told, partial(self._between, self.learning, seen), each=True)
        ending = "history is at its end"
        life.bus.admit(RunStopped(life.failed or ending, life.exit_code), "process")
        failures = self.learning.failures if self.learning is not None else []
        without = unfunded(self.universe, broker.funding.rated)
        _note(life.opened, self.dataset, self.options, without)
        funding = {"without_funding": without, "funding_ignored": dict(sorted(broker.funding.ignored.items()))}
        return life.result(ending, {"data": self.dataset.name, "fits_failed": failures, **funding})

    @staticmethod
    def _between(learning: Learning, seen: Seen, at_ns: Nanos) -> None:
        """Between two moments: fit what is due, and tell how far it is."""
        learning.look()
        seen(at_ns)

    def _start(self) -> None:
        opened, profile, here = self.life.opened, self.profile, self.here
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
        self.life.bus.admit(started, "process")

    def _history(self, first_ns: Nanos) -> Any:
        feed = self.profile.feed
        if not feed.warmup_bars:
            return None
        from_ns = max(0, self.options.from_ns - (feed.warmup_bars + 1) * nanos(feed.bar_s))
        blocks = self.dataset.bars(feed.bar_s, from_ns, min(self.options.from_ns, first_ns), self.options.symbols)
        return history_of(blocks, self.universe, feed.bar_s, feed.warmup_bars)


def _told(
    profile: Profile, dataset: Dataset, options: BacktestOptions, universe: Universe, fills: FillSettings
) -> Iterator[Moment]:
    bar_s, span = profile.bars.bar_s, (options.from_ns, options.to_ns)
    rows = dataset.rows(options.kinds | FUNDING, *span, options.symbols)
    if "quotes" in options.kinds:
        return rows
    return moments(bar_steps(dataset.bars(bar_s, *span, options.symbols), universe, bar_s, fills), rows)


def _prices(profile: Profile, options: BacktestOptions, universe: Universe) -> BarPrices | QuoteBoard:
    assert profile.history is not None
    return QuoteBoard() if "quotes" in options.kinds else BarPrices(universe, profile.history)


def _learning(assembly: Assembly) -> Learning | None:
    """The trainer of the assembly; None for one that has none."""
    trainers = [part.factory() for part in assembly.gateways if part.name == "trainer"]
    return next((Learning(assembly.bus, each) for each in trainers if isinstance(each, Trainer)), None)


def _note(opened: OpenRun, dataset: Dataset, options: BacktestOptions, without_funding: tuple[str, ...] = ()) -> None:
    """Keep with the run what it was made of, so that it can be made again, and what its history did not tell."""
    made_of = {
        "data": dataset.name,
        "digest": dataset.digest,
        "symbols": options.symbols or dataset.symbols,
        "from_ns": options.from_ns,
        "to_ns": options.to_ns,
        "kinds": sorted(options.kinds),
        "decisions_only": options.decisions_only,
        "without_funding": without_funding,
    }
    replace_file(opened.directory / "backtest.json", msgspec.json.format(msgspec.json.encode(made_of)) + b"\n")
