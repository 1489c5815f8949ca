"""Who plays in a history: the public actors of a live run, in the order of the assembly, behind the tape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from actors.agents.base import AgentSettings
from actors.drift_watcher import DriftWatcher, DriftWatcherSettings
from actors.meta_weighter import MetaWeighter, MetaWeighterSettings
from actors.outcomes import Outcomes, OutcomesSettings
from actors.regime_watcher import RegimeWatcher, RegimeWatcherSettings
from actors.scorer import Scorer, ScorerSettings
from adapters.tables.feature_cache import FeatureCache
from adapters.tables.prices import PriceTable
from bot.agents import agent_of
from bot.evaluation.prices import Prices
from bot.evaluation.record import Record
from bot.evaluation.tape import Tape, TapeBars, TapeBooks, TapeFeatures, TapeMarker
from bot.features.computed import computed
from contracts.ports import Models
from contracts.quantities import Seconds
from quant.booster_inputs import BoosterInputs
from quant.decision import EXPERTS
from quant.features.engine import REGISTRY
from quant.ladder import RUNGS
from runtime.actor import Actor
from runtime.bus import Bus
from runtime.cell import Cell
from runtime.restarts import ACTOR_BUDGETS, Failures

WEIGHTER: Final = "weighter"
AGENTS: Final = (
    "ts_momentum",
    "ou_reversion",
    "breakout",
    "vol_managed",
    "funding_carry",
    "ofi",
    "microprice",
    "pairs",
    "xs_reversal",
    "seasonality",
    "sentiment",
    "macro",
)
"""The kinds of the twelve."""


def name_of(kind: str) -> str:
    """What an agent is called: its kind, without the place where one of somebody's own was found."""
    return kind.rpartition(":")[2]


def tape_of(prices: Prices, horizon_bars: int, cache: FeatureCache | None = None) -> Tape:
    """The tape of a history: every feature of every row, made once by the batch form of the live pipeline, or kept."""
    table = PriceTable(
        path=Path("history"),
        layout="wide",
        symbols=prices.symbols,
        at_ns=prices.at_ns,
        open=prices.open,
        high=prices.high,
        low=prices.low,
        close=prices.close,
        volume=prices.volume,
        stamped="close",
        bar_s=prices.bar_s,
    )
    said = computed(table, cache, horizon_bars=horizon_bars).features
    values = np.empty((len(prices), len(REGISTRY.names), len(prices.symbols)))
    for row, name in enumerate(REGISTRY.names):
        values[:, row] = said[name].T
    return Tape(prices, values, REGISTRY.names, REGISTRY.schema_hash)


@dataclass(frozen=True)
class Cast:
    """The actors of one evaluation; `silent` are the kinds of agents that the history has nothing for."""

    kinds: tuple[str, ...]
    silent: tuple[str, ...]
    horizon_s: Seconds
    bar_s: Seconds
    models: Models

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of the agents: their kinds, without the place where one of somebody's own was found."""
        return tuple(name_of(kind) for kind in self.kinds)

    def cells(self, tape: Tape) -> list[Cell]:
        """One cell for each actor; they hear a message in this order."""
        return [
            Cell(name, group, factory, Failures(ACTOR_BUDGETS[group])) for name, group, factory in self._steps(tape)
        ]

    def _steps(self, tape: Tape) -> list[tuple[str, str, Callable[[], Actor]]]:
        agents: list[tuple[str, str, Callable[[], Actor]]] = [
            (name, "beliefs", partial(agent_of(kind), self._settings(name)))
            for name, kind in zip(self.agents, self.kinds, strict=True)
        ]
        weighting = MetaWeighterSettings(agents=self.agents, horizon_s=self.horizon_s, bar_s=self.bar_s)
        drift = DriftWatcherSettings(features_every_s=self.bar_s)
        return [
            ("marker", "market", partial(TapeMarker, tape)),
            ("bar_builder", "market", partial(TapeBars, tape)),
            ("book_keeper", "market", partial(TapeBooks, tape)),
            ("feature_engine", "beliefs", partial(TapeFeatures, tape)),
            ("regime_watcher", "beliefs", partial(RegimeWatcher, RegimeWatcherSettings(bar_s=self.bar_s))),
            *agents,
            ("outcomes", "beliefs", partial(Outcomes, OutcomesSettings())),
            ("scorer", "beliefs", partial(Scorer, ScorerSettings())),
            ("drift_watcher", "beliefs", partial(DriftWatcher, drift, tape.names)),
            (WEIGHTER, "choice", partial(MetaWeighter, weighting, self.models)),
        ]

    def _settings(self, name: str) -> AgentSettings:
        return AgentSettings(name=name, horizon_s=self.horizon_s, prior=0.0, label_s=self.bar_s, bar_s=self.bar_s)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of what the boosters are told, in their order."""
        return BoosterInputs(self.agents, REGISTRY.hashes, bar_s=self.bar_s, horizon_s=self.horizon_s).names

    def note(self, record: Record, row: int, bus: Bus) -> None:
        """Write down the steps inside the blend: every expert, and every rung of the ladder with its tracker."""
        weighter = next(cell.actor for cell in bus.cells if cell.name == WEIGHTER)
        assert isinstance(weighter, MetaWeighter), f"{WEIGHTER} is a {type(weighter).__name__}"
        chain = weighter.chain
        if chain is None or bus.at_ns not in chain.pending:
            return
        said = chain.pending[bus.at_ns]
        for name, quantiles in zip(EXPERTS, said.experts, strict=True):
            record.take_stage(f"expert {name}", row, quantiles * said.scale)
        for name, quantiles in zip(RUNGS, said.rungs, strict=True):
            record.take_stage(f"rung {name}", row, quantiles * said.scale)


def cast_of(
    tape: Tape, horizon_bars: int, models: Models, kinds: tuple[str, ...] = AGENTS, *, all_of_them: bool = False
) -> Cast:
    """The agents that the tape has anything for, or all of them, and everyone who makes one belief of theirs.

    An agent is left out when none of what it speaks from is known of any instrument in any row: it would be silent.
    Raises BadConfiguration for a kind that there is not.
    """
    bar_s = tape.prices.bar_s
    seen = np.asarray(np.isfinite(tape.features).any(axis=(0, 2)))
    known = {name for row, name in enumerate(tape.names) if seen[row]}
    needs = {kind: agent_of(kind).needs for kind in kinds}
    heard = tuple(kind for kind in kinds if all_of_them or not needs[kind] or not known.isdisjoint(needs[kind]))
    return Cast(heard, tuple(kind for kind in kinds if kind not in heard), horizon_bars * bar_s, bar_s, models)
