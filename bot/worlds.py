"""The worlds a bot can live in: simulated or recorded outside, or none at all in a replay."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.gateways.allocator import ALLOCATE
from adapters.models.shelf import EmptyShelf
from adapters.models.workers import ProcessWorkers, WaitingWorkers
from adapters.recorded.feed import RecordedFeed
from adapters.signals.memory import MemorySignals
from adapters.silent_stream import SilentStream
from adapters.simulated.feed import SimulatedFeed
from adapters.simulated.ledger import LedgerFile
from adapters.simulated.market import Market
from adapters.simulated.prices import MarketPrices, QuoteBoard
from adapters.simulated.remote import RemoteVenue
from adapters.simulated.settings import BrokerSettings
from adapters.simulated.stormy_feed import StormyFeed
from adapters.simulated.stormy_venue import StormyVenue
from adapters.simulated.venue import SimulatedVenue
from bot.assemble import Hooks, assemble
from bot.configuration import BadConfiguration
from bot.features.storing import store_of as feature_store_of
from bot.models.places import commands, pinned_of, shelf_of, store_of
from bot.outside import Outside
from bot.profile import Profile
from bot.remote_agents.sources import signals_of
from contracts.instrument import Universe
from contracts.market import Perp, Tick
from contracts.ports import (
    Clock,
    FeatureStore,
    Feed,
    Journal,
    ModelShelf,
    OrderVenue,
    SignalSource,
    StreamSource,
    Workers,
)
from contracts.quantities import Nanos
from runtime.bus import Bus
from runtime.clock import FixedClock, LoopClock, WallClock

CENT: Final = Decimal("0.01")


def _nothing_held() -> None:
    """Nothing is open."""


@dataclass(frozen=True)
class World:
    """An outside without its journal; `on_market` must see every tick where the venue trades against quotes.

    It must see what is said of perpetuals as well, by which that venue settles their funding.

    `close` lets go of the files it holds.
    """

    clock: Clock
    feed: Feed
    venue: OrderVenue
    models: ModelShelf
    workers: Workers
    virtual: bool
    on_market: Callable[[Tick | Perp], None] | None = None
    close: Callable[[], None] = _nothing_held
    store: FeatureStore | None = None
    signals: SignalSource = field(default_factory=MemorySignals)
    stream: StreamSource = field(default_factory=SilentStream)

    def outside(self, journal: Journal) -> Outside:
        """The outside with the record of a run."""
        return Outside(
            clock=self.clock,
            feed=self.feed,
            venue=self.venue,
            journal=journal,
            models=self.models,
            workers=self.workers,
            store=self.store,
            signals=self.signals,
            stream=self.stream,
            held=self.virtual,
        )


def simulated_world(profile: Profile, run: Path, *, virtual: bool) -> World:
    """The simulated market and broker, in real time or as fast as it goes; the broker's ledger lies with the run."""
    clock: Clock = LoopClock(profile.simulated.start_ns) if virtual else WallClock()
    simulated = profile.simulated
    market = Market(simulated.market)
    venue: OrderVenue
    close = _nothing_held
    if simulated.broker_socket:
        venue = RemoteVenue(Path(simulated.broker_socket), clock, simulated.weather.silence_s)
    else:
        ledger = LedgerFile(run / "broker.jsonl")
        venue = SimulatedVenue(simulated.broker, market.universe, MarketPrices(market), clock, ledger)
        close = ledger.close
    return World(
        clock=clock,
        feed=StormyFeed(SimulatedFeed(market, clock), simulated.weather, clock),
        venue=StormyVenue(venue, simulated.weather, clock),
        models=_models(profile, run),
        workers=_workers(profile, virtual),
        virtual=virtual,
        close=close,
        store=_store(profile, clock, virtual),
        signals=signals_of(profile, virtual=virtual),
    )


@dataclass(frozen=True)
class Played:
    """A recording that was read to its end once and can be played, with a broker in its currency."""

    clock: Clock
    feed: RecordedFeed
    broker: BrokerSettings
    virtual: bool


def opened_recording(profile: Profile, recording: Path, speed: float | None) -> Played:
    """Look at the whole recording before a run is made for it; without a speed, it is played at full speed.

    Raises BadRecording, and BadConfiguration where the profile has no rate for its currency.
    """
    clock = _StartingClock(speed or 1.0)
    feed = RecordedFeed(recording, clock)
    clock.start(feed.started_ns)
    return Played(clock, feed, in_quote_currency(profile, feed.universe), virtual=speed is None)


def recorded_world(profile: Profile, played: Played, run: Path) -> World:
    """A recording through the live parsers, and a mock broker trading at its quotes."""
    feed, ledger = played.feed, LedgerFile(run / "broker.jsonl")
    venue = SimulatedVenue(played.broker, feed.universe, QuoteBoard(), played.clock, ledger)
    return World(
        clock=played.clock,
        feed=feed,
        venue=venue,
        models=_models(profile, run),
        workers=_workers(profile, played.virtual),
        virtual=played.virtual,
        on_market=venue.on_market,
        close=ledger.close,
        store=_store(profile, played.clock, played.virtual),
        signals=signals_of(profile, virtual=played.virtual),
    )


def streamed_world(profile: Profile, run: Path, start_ns: Nanos, universe: Universe, *, recorded: bool) -> World:
    """What a desk in virtual time has beside its stream: a broker at the simulated market or at the stream's quotes."""
    clock: Clock = LoopClock(start_ns)
    if not recorded:
        simulated = msgspec.structs.replace(profile.simulated, start_ns=start_ns)
        return simulated_world(msgspec.structs.replace(profile, simulated=simulated), run, virtual=True)
    ledger, market = LedgerFile(run / "broker.jsonl"), Market(profile.simulated.market)
    venue = SimulatedVenue(in_quote_currency(profile, universe), universe, QuoteBoard(), clock, ledger)
    return World(
        clock=clock,
        feed=SimulatedFeed(market, clock),
        venue=venue,
        models=_models(profile, run),
        workers=_workers(profile, virtual=True),
        virtual=True,
        on_market=venue.on_market,
        close=ledger.close,
    )


def replayed_bus(profile: Profile, journal: Journal, now: Callable[[], Nanos], run: Path | None = None) -> Bus:
    """The bus of a run with nothing outside but the models it pinned: no gateway is ever built."""
    market = Market(profile.simulated.market)
    clock = FixedClock()
    feed = SimulatedFeed(market, clock)
    venue = SimulatedVenue(profile.simulated.broker, market.universe, QuoteBoard(), clock)
    models = EmptyShelf() if run is None else shelf_of(pinned_of(run), run)
    outside = Outside(clock=clock, feed=feed, venue=venue, journal=journal, models=models, workers=ProcessWorkers({}))
    bus = assemble(profile, outside, Hooks()).bus
    bus.now = now
    return bus


def _models(profile: Profile, run: Path) -> ModelShelf:
    return shelf_of(store_of(Path(profile.models.directory)), run)


def _store(profile: Profile, clock: Clock, virtual: bool) -> FeatureStore | None:
    if profile.store is None:
        return None
    return feature_store_of(profile.store, profile.account.name, clock, virtual=virtual)


def _workers(profile: Profile, virtual: bool) -> Workers:
    """Where time is virtual, it stands still while a worker works."""
    known = commands(Path(profile.models.directory)) | {ALLOCATE: (sys.executable, "-m", "bot.allocating")}
    return WaitingWorkers(known) if virtual else ProcessWorkers(known)


def inspect_recording(recording: Path, checkpoints: tuple[int, ...]) -> dict[str, Any]:
    """What is in a recording, through the parsers, guards and books of a live feed."""
    from actors.gateways.inspection import inspect

    return inspect(RecordedFeed(recording, FixedClock()), checkpoints)


def dry(profile: Profile) -> Profile:
    """The same profile, deciding everything and sending nothing."""
    return msgspec.structs.replace(profile, orders=msgspec.structs.replace(profile.orders, dry_run=True))


class _StartingClock(LoopClock):
    """A loop clock whose start is known only once the recording was opened."""

    def __init__(self, speed: float) -> None:
        super().__init__(0, speed)

    def start(self, at_ns: Nanos) -> None:
        """Time begins here."""
        self._start_ns = at_ns


def in_quote_currency(profile: Profile, universe: Universe) -> BrokerSettings:
    """The broker's opening balances in a currency of the recording, worth the same at the profile's fixed rates.

    Raises BadConfiguration where no rate is known for any quote currency: equity could never be complete.
    """
    broker, rates = profile.simulated.broker, profile.feed.fx
    quotes = tuple(dict.fromkeys(instrument.quote for instrument in universe.instruments))
    if any(quote in broker.balances for quote in quotes):
        return broker
    known = next((quote for quote in quotes if quote in rates), None)
    if known is None:
        raise BadConfiguration(
            f"profile {profile.name!r}",
            [f"feed.fx has no rate for any of {', '.join(quotes)}, in which the recording quotes; add one"],
        )
    worth = broker.balances[profile.account.currency] / rates[known]
    return msgspec.structs.replace(broker, balances={known: worth.quantize(CENT, ROUND_DOWN)})
