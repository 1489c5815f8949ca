"""The belief chain on a bus: marker to selector, fed by a small seeded market, for tests and benches."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from actors.agents.settings import AgentSettings
from actors.bar_builder import BarBuilder, BarBuilderSettings
from actors.book_keeper import BookKeeper, BookKeeperSettings
from actors.context_keeper import ContextKeeper, ContextKeeperSettings
from actors.drift_watcher import DriftWatcher, DriftWatcherSettings
from actors.feature_engine import FeatureEngine, FeatureEngineSettings
from actors.marker import Marker, MarkerSettings
from actors.meta_weighter import MetaWeighter, MetaWeighterSettings
from actors.outcomes import Outcomes, OutcomesSettings
from actors.regime_watcher import RegimeWatcher, RegimeWatcherSettings
from actors.scorer import Scorer, ScorerSettings
from actors.selector import LearningSettings, Selector, SelectorSettings
from actors.trade_keeper import TradeKeeper
from adapters.models.shelf import EmptyShelf
from bot.agents import SHIPPED, agent_of
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import UniverseChanged
from quant.features.engine import REGISTRY
from runtime.actor import ActorFactory
from runtime.bus import Bus
from runtime.cell import Cell
from runtime.restarts import ACTOR_BUDGETS, Failures
from runtime.seeds import Seeds
from tests.kit.market import a_bar_history, a_book_delta, a_book_snapshot, a_tick, a_trade, at
from tests.kit.turns import MemoryJournal, Steps

BAR_S = 60.0
SLATE_S = 30.0


class Voice(NamedTuple):
    """An agent of the chain: its kind, its horizon, and what its score is worth at first."""

    kind: str
    horizon_s: float
    prior: float = 0.05


THREE: Mapping[str, Voice] = {
    "momentum": Voice("ts_momentum", 60.0),
    "reversion": Voice("ou_reversion", 60.0),
    "order_flow": Voice("ofi", 10.0),
}
TWELVE: Mapping[str, Voice] = {kind: Voice(kind, 60.0) for kind in SHIPPED}


def an_agent(name: str, voice: Voice) -> ActorFactory:
    """The factory of an agent that hears of its outcomes every second."""
    settings = AgentSettings(name=name, horizon_s=voice.horizon_s, prior=voice.prior, label_s=1.0, bar_s=BAR_S)
    return partial(agent_of(voice.kind), settings)


def factories(voices: Mapping[str, Voice] = THREE) -> dict[str, tuple[str, ActorFactory]]:
    """Group and factory of every actor of the chain in the order of assembly."""
    return {
        "marker": ("market", lambda: Marker(MarkerSettings())),
        "bar_builder": ("market", lambda: BarBuilder(BarBuilderSettings(bar_s=BAR_S))),
        "trade_keeper": ("market", TradeKeeper),
        "context_keeper": ("market", lambda: ContextKeeper(ContextKeeperSettings())),
        "book_keeper": ("market", lambda: BookKeeper(BookKeeperSettings())),
        "feature_engine": ("beliefs", lambda: FeatureEngine(FeatureEngineSettings(bar_s=BAR_S))),
        "regime_watcher": ("beliefs", lambda: RegimeWatcher(RegimeWatcherSettings(bar_s=BAR_S))),
        **{name: ("beliefs", an_agent(name, voice)) for name, voice in voices.items()},
        "outcomes": ("beliefs", lambda: Outcomes(OutcomesSettings())),
        "scorer": ("beliefs", lambda: Scorer(ScorerSettings())),
        "drift_watcher": ("beliefs", lambda: DriftWatcher(DriftWatcherSettings(), REGISTRY.names)),
        "weighter": ("choice", lambda: MetaWeighter(_weighting(voices), EmptyShelf())),
        "selector": ("choice", lambda: Selector(SelectorSettings(picks_max=3), LearningSettings(), _chance)),
    }


def a_chain(
    *,
    journal: MemoryJournal | None = None,
    clock: Steps | None = None,
    checked: bool = True,
    voices: Mapping[str, Voice] = THREE,
) -> Bus:
    """The chain on a bus whose clock the test sets."""
    cells = [
        Cell(name, group, factory, Failures(ACTOR_BUDGETS[group]), checked=checked)
        for name, (group, factory) in factories(voices).items()
    ]
    return Bus(cells, journal or MemoryJournal(), clock or Steps(at(0)))


def _weighting(voices: Mapping[str, Voice]) -> MetaWeighterSettings:
    return MetaWeighterSettings(agents=tuple(voices), horizon_s=SLATE_S, bar_s=BAR_S)


def _chance(decision: int) -> np.random.Generator:
    return Seeds(1).generator(f"selector/{decision}")


def closes(*, width: int, bars: int, seed: int = 1) -> np.ndarray:
    """Correlated random walks of closes around 100, shape (bars, width)."""
    chance = np.random.default_rng(seed)
    common = chance.normal(size=(bars, 1))
    own = chance.normal(size=(bars, width))
    return 100.0 * np.exp(np.cumsum(5e-4 * (0.6 * common + 0.8 * own), axis=0))


def a_market(
    universe: Universe,
    *,
    seconds: int,
    history_bars: int = 300,
    quotes_per_second: int = 2,
    decide_s: int = 1,
    seed: int = 1,
) -> Iterator[tuple[float, Any]]:
    """Outside messages as (seconds after noon, payload): universe, history, then quotes, trades, depth and beats."""
    chance = np.random.default_rng(seed + 1000)
    symbols, width = universe.symbols, len(universe)
    yield 0.0, UniverseChanged(universe=universe)
    mid = np.full(width, 10_000.0)
    if history_bars:
        history = closes(width=width, bars=history_bars, seed=seed)
        mid = np.round(history[-1] * 100)
        yield 0.0, a_bar_history(close=history, bar_s=BAR_S, last_close_ns=at(0), universe=universe.version)
    shown = mid.copy()
    for column in range(0, width, 2):
        ticks = int(mid[column])
        yield 0.1, a_book_snapshot(symbol=symbols[column], bids=((ticks - 1, 10),), asks=((ticks + 1, 10),))
    for second in range(seconds):
        for step in range(quotes_per_second):
            now = second + (step + 0.5) / quotes_per_second
            lots = chance.integers(1, 50, size=(2, width))
            mid += np.round(chance.normal(scale=3.0, size=width) + 0.05 * (lots[0] - lots[1]))
            for column in range(width):
                if column % 2 == 0 and step % 2 == 1:
                    yield now, _moved(symbols[column], int(shown[column]), int(mid[column]), lots[:, column].tolist())
                    shown[column] = mid[column]
                else:
                    yield now, _row(symbols[column], int(mid[column]), lots[:, column].tolist(), step)
        if (second + 1) % decide_s == 0:
            yield second + 1.0, Beat("signal", second + 1)
            yield second + 1.0, Beat("decide", second + 1)
        else:
            yield second + 1.0, Beat("second", second + 1)


def _moved(symbol: str, before: int, mid: int, lots: list[int]) -> Any:
    """A book of one level per side goes from one mid to another."""
    bids = ((before - 1, 0), (mid - 1, lots[0]))
    asks = ((before + 1, 0), (mid + 1, lots[1]))
    return a_book_delta(symbol=symbol, bids=bids, asks=asks)


def _row(symbol: str, mid: int, lots: list[int], step: int) -> Any:
    if step % 5 == 4:
        return a_trade(symbol=symbol, price=mid, lots=lots[0])
    return a_tick(symbol=symbol, bid=mid - 1, ask=mid + 1, bid_lots=lots[0], ask_lots=lots[1])


def play(bus: Bus, clock: Steps, messages: Iterator[tuple[float, Any]]) -> None:
    """Admit messages at their times, one turn each."""
    for second, payload in messages:
        clock.at_ns = at(second)
        bus.admit(payload, "test")
