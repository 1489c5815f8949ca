"""Whole bots in a simulated world and virtual time: `simulate` runs one, `said` and `last` ask what it said."""

import asyncio
import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, TypeVar

import msgspec

from adapters.models.shelf import EmptyShelf
from adapters.models.workers import ProcessWorkers
from adapters.signals.memory import MemorySignals
from adapters.silent_stream import SilentStream
from adapters.simulated.feed import SimulatedFeed
from adapters.simulated.ledger import LedgerFile
from adapters.simulated.market import Market
from adapters.simulated.prices import MarketPrices
from adapters.simulated.stormy_feed import StormyFeed
from adapters.simulated.stormy_venue import StormyVenue
from adapters.simulated.venue import SimulatedVenue
from bot import configuration
from bot.assemble import Hooks, assemble
from bot.builder import Assembly
from bot.outside import Outside
from bot.profile import Profile
from bot.system import Ending, System
from contracts.envelope import Envelope
from contracts.life import RunStarted
from contracts.ports import Clock, Feed, Journal, ModelShelf, OrderVenue, SignalSource, StreamSource
from contracts.quantities import SECOND_NS
from runtime.clock import LoopClock
from runtime.seeds import Seeds
from runtime.simloop import SimLoop
from runtime.supervisor import Supervisor
from tests.kit.turns import MemoryJournal

MessageT = TypeVar("MessageT", bound=msgspec.Struct)

SYMBOLS = ("BTC-EUR", "ETH-EUR", "SOL-EUR")


FEW_AGENTS = {
    "momentum": {"kind": "ts_momentum", "horizon_s": 1800, "prior": 0.02, "label_s": 28},
    "reversion": {"kind": "ou_reversion", "horizon_s": 900, "prior": 0.02, "label_s": 14},
    "order_flow": {"kind": "ofi", "horizon_s": 1800, "prior": 0.08, "label_s": 28},
}


def a_profile(base: str = "canary", **changed: Any) -> Profile:
    """A shipped profile, made small: three instruments, three agents, a decision a second, no workers.

    Name a value as `section__key=value`.
    """
    layered = copy.deepcopy(_layers(base))
    layered.values["agents"] = copy.deepcopy(FEW_AGENTS)
    layered.values["trainer"]["enabled"] = False
    layered.values["planning"]["enabled"] = False
    layered.values["feed"]["warmup_bars"] = 300
    small: dict[str, Any] = {"simulated__market__symbols": list(SYMBOLS), "cadence__decide_s": 1}
    for name, value in (small | changed).items():
        *path, key = name.split("__")
        target = layered.values
        for step in path:
            target = target.setdefault(step, {})
        target[key] = value
    return configuration.convert(layered, Profile, "a test's profile")


@cache
def _layers(base: str) -> configuration.Layered:
    return configuration.layers(base, {})


@dataclass
class TestWorld:
    """An outside in virtual time; `feed_of` and `venue_of` wrap or replace what is simulated.

    `start_ns` is when it begins (the profile's own start if None); a broker with a ledger outlives the world.
    """

    __test__ = False

    profile: Profile
    journal: Any = field(default_factory=MemoryJournal)
    start_ns: int | None = None
    ledger: LedgerFile | None = None
    models: ModelShelf = field(default_factory=EmptyShelf)
    feed_of: Callable[[Feed, Clock], Feed] = lambda feed, clock: feed
    venue_of: Callable[[OrderVenue, Clock], OrderVenue] = lambda venue, clock: venue
    signals: SignalSource = field(default_factory=MemorySignals)
    stream: StreamSource = field(default_factory=SilentStream)
    held: bool = False

    def outside(self) -> Outside:
        simulated = self.profile.simulated
        clock = LoopClock(simulated.start_ns if self.start_ns is None else self.start_ns)
        market = Market(simulated.market)
        venue = SimulatedVenue(simulated.broker, market.universe, MarketPrices(market), clock, self.ledger)
        feed = StormyFeed(SimulatedFeed(market, clock), simulated.weather, clock)
        return Outside(
            clock=clock,
            feed=self.feed_of(feed, clock),
            venue=self.venue_of(StormyVenue(venue, simulated.weather, clock), clock),
            journal=self.journal,
            models=self.models,
            workers=ProcessWorkers({}),
            signals=self.signals,
            stream=self.stream,
            held=self.held,
        )


@dataclass
class Run:
    """A run that is over: everything said, and what was left of the system."""

    profile: Profile
    envelopes: list[Envelope[Any]]
    records: list[Any]
    system: System
    outside: Outside
    ending: Ending

    def of(self, kind: type[msgspec.Struct]) -> list[Envelope[Any]]:
        """Every envelope around a message of that type."""
        return [each for each in self.envelopes if type(each.payload) is kind]

    def at(self, seq: int) -> Envelope[Any]:
        """The message of that number."""
        return self.envelopes[seq - self.envelopes[0].seq]

    def turn(self, number: int) -> list[Envelope[Any]]:
        """Everything said in a turn, in order."""
        return [each for each in self.envelopes if each.turn == number]

    def seconds(self, at_ns: int) -> float:
        """Seconds since the start of the run."""
        return (at_ns - self.profile.simulated.start_ns) / SECOND_NS


def a_start(profile: Profile, *, epoch: int = 1) -> RunStarted:
    """What a process says first."""
    return RunStarted(
        run=f"{profile.name}-000001",
        epoch=epoch,
        account=profile.account.name,
        account_epoch=epoch,
        profile=profile.name,
        profile_digest=profile.digest,
        code="test",
        seed=profile.seed,
        fingerprint={},
    )


def simulate(
    profile: Profile | None = None,
    *,
    seconds: float,
    world: TestWorld | None = None,
    acts: dict[float, Callable[[System], Any]] | None = None,
    seed: int | None = None,
    checked: bool = True,
) -> Run:
    """Run a whole bot for so many virtual seconds; `acts` are done to it at times after its start."""
    profile = profile or (world.profile if world else a_profile())
    world = world or TestWorld(profile)
    outside = world.outside()

    async def live() -> Run:
        system, started = _system(profile, outside, checked)
        system.admit(a_start(profile))
        for at_s, act in (acts or {}).items():
            system.supervisor.spawn_once(f"act-{at_s}", partial(_act, outside.clock, at_s, act, system))
        system.supervisor.spawn_once("end", partial(_end, outside.clock, seconds, system))
        ending = await system.serve(lambda: profile.process.on_stop)
        del started
        return Run(profile, world.journal.envelopes, world.journal.records, system, outside, ending)

    with asyncio.Runner(loop_factory=lambda: SimLoop(seed=seed)) as runner:
        return runner.run(live())


def said(run: Run, kind: type[MessageT], *, after_s: float = 0.0, before_s: float = float("inf")) -> list[MessageT]:
    """Every message of a type, by seconds since the start."""
    start_ns = run.profile.simulated.start_ns
    return [
        each.payload
        for each in run.envelopes
        if type(each.payload) is kind and after_s <= (each.at_ns - start_ns) / SECOND_NS < before_s
    ]


def last(run: Run, kind: type[MessageT]) -> MessageT:
    """The last message of a type."""
    return said(run, kind)[-1]


def _system(profile: Profile, outside: Outside, checked: bool) -> tuple[System, Hooks]:
    hooks = Hooks()
    assembly: Assembly = assemble(profile, outside, hooks, checked=checked)
    chance = Seeds(profile.seed).generator("supervisor")
    dry_run = profile.orders.dry_run
    system = System(assembly, lambda failed: Supervisor(chance, failed), profile.process.drain_s, dry_run=dry_run)
    return system, hooks


async def _act(clock: Clock, at_s: float, act: Callable[[System], Any], system: System) -> None:
    await clock.sleep_until(clock.now() + round(at_s * SECOND_NS))
    act(system)


async def _end(clock: Clock, seconds: float, system: System) -> None:
    await clock.sleep_until(clock.now() + round(seconds * SECOND_NS))
    system.request_stop(f"ran for {seconds:g} s")


__all__ = ["Journal", "Run", "TestWorld", "a_profile", "a_start", "last", "said", "simulate"]
