"""The believing half of the bot over a history: the actors that a backtest has, up to the blend, and what they said.

Where a strategy decides, it is asked what it wants with the opening account and nothing held: no order is ever sent.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from bot.backtest.timeline import BarStep, Moment, bar_steps, history_of, moments
from bot.profile import Profile
from bot.worlds import in_quote_currency, replayed_bus
from contracts.belief import FeatureFrame, RegimeState, SignalFrame, Slate
from contracts.decision import TargetFrame
from contracts.envelope import Envelope
from contracts.history import Dataset
from contracts.instrument import Universe
from contracts.life import ActorFailed, Beat, BeatKind
from contracts.market import FeedStatus, FxMark, UniverseChanged
from contracts.quantities import Nanos, nanos
from contracts.trade import VenueSnapshot
from runtime.bus import Bus
from runtime.clock import FixedClock

BELIEVERS: Final = (
    "marker", "bar_builder", "trade_keeper", "context_keeper", "book_keeper", "feature_engine", "regime_watcher",
    "agent", "outcomes", "scorer", "drift_watcher", "weighter", "ledger", "strategy",
)  # fmt: skip
"""The roles that live in this; the ledger says what the account is worth that never trades."""

BELIEFS: Final[tuple[type[msgspec.Struct], ...]] = (FeatureFrame, RegimeState, SignalFrame, Slate, TargetFrame)


class Told(NamedTuple):
    """What is told of a data set: closes of bars in [from, to), bars before it for the warm-up, kinds of rows."""

    from_ns: Nanos
    to_ns: Nanos
    kinds: frozenset[str] = frozenset()
    symbols: tuple[str, ...] | None = None


class Said(NamedTuple):
    """One belief: when, who, what."""

    at_ns: Nanos
    source: str
    payload: msgspec.Struct


class Life(NamedTuple):
    """All beliefs in order, and the actors that failed."""

    said: list[Said]
    failed: list[str]


class _Nowhere:
    """A journal that keeps nothing: what matters is tapped."""

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        """Forget it."""

    def end_turn(self) -> None:
        """Forget it."""

    async def durable(self, seq: int) -> None:
        """Nothing waits for it."""

    def close(self) -> None:
        """Nothing is open."""


def live(profile: Profile, dataset: Dataset, told: Told) -> Life:
    """Tell a data set to fresh actors of a profile, as a backtest does, and keep what they believe."""
    clock = FixedClock()
    cells = replayed_bus(profile, _Nowhere(), clock.now).cells
    bus = Bus([cell for cell in cells if cell.role in BELIEVERS], _Nowhere(), clock.now)
    life = Life([], [])

    def heard(envelope: Envelope[Any]) -> None:
        if isinstance(envelope.payload, ActorFailed):
            life.failed.append(f"{envelope.payload.actor}: {envelope.payload.error}")
        else:
            life.said.append(Said(envelope.at_ns, envelope.source, envelope.payload))

    bus.tap(heard, (*BELIEFS, ActorFailed))
    universe = dataset.universe(told.symbols)
    for at_ns, payload in _messages(profile, dataset, told, universe):
        clock.set(at_ns)
        bus.admit(payload, "cadence" if isinstance(payload, Beat) else "feed")
    return life


def _messages(
    profile: Profile, dataset: Dataset, told: Told, universe: Universe
) -> Iterator[tuple[Nanos, msgspec.Struct]]:
    bar_s = profile.bars.bar_s
    yield told.from_ns, UniverseChanged(universe)
    feed = profile.feed
    from_ns = max(0, told.from_ns - (feed.warmup_bars + 1) * nanos(bar_s))
    blocks = dataset.bars(bar_s, from_ns, told.from_ns, told.symbols)
    history = history_of(blocks, universe, bar_s, feed.warmup_bars)
    if history is not None:
        yield told.from_ns, history
    for currency, rate in feed.fx.items():
        yield told.from_ns, FxMark(currency, rate, told.from_ns)
    yield told.from_ns, FeedStatus("history", "live", 1, universe.symbols, "history")
    balances = in_quote_currency(profile, universe).balances
    yield told.from_ns, VenueSnapshot(asked_ns=told.from_ns, balances=balances, positions={}, open_orders=())
    yield from _beaten(_moments(profile, dataset, told, universe), nanos(profile.cadence.decide_s))


def _moments(profile: Profile, dataset: Dataset, told: Told, universe: Universe) -> Iterable[Moment]:
    assert profile.history is not None, "the caller has asked for a profile of history"
    bar_s, span = profile.bars.bar_s, (told.from_ns, told.to_ns)
    rows = dataset.rows(told.kinds, *span, told.symbols) if told.kinds else iter(())
    return moments(bar_steps(dataset.bars(bar_s, *span, told.symbols), universe, bar_s, profile.history), rows)


def _beaten(told: Iterable[Moment], decide_ns: Nanos) -> Iterator[tuple[Nanos, msgspec.Struct]]:
    """Every moment, with the beats of a backtest after each stamp of bars."""
    numbers: dict[BeatKind, int] = {"signal": 0, "decide": 0}
    for at_ns, thing in told:
        if isinstance(thing, BarStep):
            yield at_ns, thing.closed
            for kind in numbers:
                if kind == "signal" or at_ns % decide_ns == 0:
                    numbers[kind] += 1
                    yield at_ns, Beat(kind, numbers[kind])
        else:
            yield at_ns, thing
