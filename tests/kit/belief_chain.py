"""The belief chain on a bus: marker to selector, fed by a small seeded market, for tests and benches."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from actors.agents.base import AgentSettings
from actors.agents.momentum import Momentum
from actors.agents.order_flow import OrderFlow
from actors.agents.reversion import Reversion
from actors.bar_builder import BarBuilder, BarBuilderSettings
from actors.book_keeper import BookKeeper, BookKeeperSettings
from actors.feature_engine import FeatureEngine, FeatureEngineSettings
from actors.marker import Marker, MarkerSettings
from actors.meta_weighter import MetaWeighter, MetaWeighterSettings
from actors.outcomes import Outcomes, OutcomesSettings
from actors.selector import Selector, SelectorSettings
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import UniverseChanged
from runtime.actor import ActorFactory
from runtime.bus import Bus
from runtime.cell import Cell
from runtime.restarts import ACTOR_BUDGETS, Failures
from tests.kit.market import a_bar_history, a_book_delta, a_book_snapshot, a_tick, a_trade, at
from tests.kit.turns import MemoryJournal, Steps

HORIZONS_S = {"momentum": 60.0, "reversion": 60.0, "order_flow": 10.0}
BAR_S = 60.0


def an_agent(name: str, *, prior: float = 0.05, horizon_s: float | None = None) -> AgentSettings:
    """Settings of an agent that hears of its outcomes every second."""
    return AgentSettings(name=name, horizon_s=horizon_s or HORIZONS_S[name], prior=prior, label_s=1.0, bar_s=BAR_S)


def factories() -> dict[str, tuple[str, ActorFactory]]:
    """Group and factory of every actor of the chain in the order of assembly."""
    agents = tuple(HORIZONS_S)
    return {
        "marker": ("market", lambda: Marker(MarkerSettings())),
        "bar_builder": ("market", lambda: BarBuilder(BarBuilderSettings(bar_s=BAR_S))),
        "book_keeper": ("market", lambda: BookKeeper(BookKeeperSettings())),
        "feature_engine": ("beliefs", lambda: FeatureEngine(FeatureEngineSettings(bar_s=BAR_S))),
        "momentum": ("beliefs", lambda: Momentum(an_agent("momentum"))),
        "reversion": ("beliefs", lambda: Reversion(an_agent("reversion"))),
        "order_flow": ("beliefs", lambda: OrderFlow(an_agent("order_flow"))),
        "outcomes": ("beliefs", lambda: Outcomes(OutcomesSettings())),
        "meta_weighter": ("choice", lambda: MetaWeighter(MetaWeighterSettings(agents=agents, horizon_s=30.0))),
        "selector": ("choice", lambda: Selector(SelectorSettings(picks_max=3))),
    }


def a_chain(*, journal: MemoryJournal | None = None, clock: Steps | None = None, checked: bool = True) -> Bus:
    """The chain on a bus whose clock the test sets."""
    cells = [
        Cell(name, group, factory, Failures(ACTOR_BUDGETS[group]), checked=checked)
        for name, (group, factory) in factories().items()
    ]
    return Bus(cells, journal or MemoryJournal(), clock or Steps(at(0)))


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
