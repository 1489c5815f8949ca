"""What the actors said over a history, as arrays over its rows; NaN where nothing was said."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bot.evaluation.prices import Prices
from contracts.belief import Slate
from quant.quantiles import LEVELS
from quant.rolling import Floats


@dataclass
class Record:
    """Signals (rows, agents, instruments), the slate's columns (rows, instruments), its quantiles (rows, levels, ...).

    `weights` (rows, agents) are means over the instruments, `expert_weights` (rows, experts) means over the levels.
    `drift` is the level that held when the slate was said. `stages` holds quantiles of the steps inside the blend by
    their names, in the order of the chain.
    """

    agents: tuple[str, ...]
    mu: Floats
    sigma: Floats
    confidence: Floats
    slate_mu: Floats
    slate_sigma: Floats
    slate_confidence: Floats
    slate_error: Floats
    cost_bps: Floats
    p_up: Floats
    es_long: Floats
    es_short: Floats
    quantiles: Floats
    weights: Floats
    regimes: Floats
    rungs: list[str]
    drift: list[str]
    stages: dict[str, Floats] = field(default_factory=dict)
    experts: tuple[str, ...] = ()
    expert_weights: Floats = field(default_factory=lambda: np.empty((0, 0)))
    places: dict[str, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, prices: Prices, agents: tuple[str, ...]) -> Record:
        """Room for everything that will be said about some prices."""
        rows, width = prices.close.shape

        def column(*shape: int) -> Floats:
            return np.full((rows, *shape, width), np.nan)

        return cls(
            agents=agents,
            mu=column(len(agents)),
            sigma=column(len(agents)),
            confidence=column(len(agents)),
            slate_mu=column(),
            slate_sigma=column(),
            slate_confidence=column(),
            slate_error=column(),
            cost_bps=column(),
            p_up=column(),
            es_long=column(),
            es_short=column(),
            quantiles=column(len(LEVELS)),
            weights=np.full((rows, len(agents)), np.nan),
            regimes=np.full((rows, 3), np.nan),
            rungs=[""] * rows,
            drift=[""] * rows,
            places={name: place for place, name in enumerate(agents)},
        )

    def take_slate(self, row: int, slate: Slate) -> None:
        """Write down one slate."""
        self.slate_mu[row], self.slate_sigma[row] = slate.mu.values, slate.sigma.values
        self.slate_confidence[row], self.cost_bps[row] = slate.confidence.values, slate.cost_bps.values
        self.quantiles[row] = slate.quantiles.values
        columns = ((self.slate_error, slate.mu_error), (self.p_up, slate.p_up))
        for kept, said in (*columns, (self.es_long, slate.es_long), (self.es_short, slate.es_short)):
            if len(said):
                kept[row] = said.values
        self.weights[row] = _mean(slate.weights.values, axis=1)
        self.rungs[row] = slate.rung
        if slate.experts:
            self._name_experts(slate.experts)
            places = [self.experts.index(name) for name in slate.experts]
            self.expert_weights[row, places] = _mean(slate.expert_weights.values, axis=0)

    def take_stage(self, name: str, row: int, quantiles: Floats) -> None:
        """Write down what one step inside the blend said, (levels, instruments)."""
        if name not in self.stages:
            self.stages[name] = np.full(self.quantiles.shape, np.nan)
        self.stages[name][row] = quantiles

    def _name_experts(self, experts: tuple[str, ...]) -> None:
        """Experts come and go with models: columns are kept by name."""
        fresh = tuple(name for name in experts if name not in self.experts)
        if fresh:
            room = np.full((len(self.rungs), len(fresh)), np.nan)
            self.expert_weights = np.concatenate([self.expert_weights, room], axis=1) if self.experts else room
            self.experts += fresh


def _mean(table: Floats, axis: int) -> Floats:
    """Means of what is known; NaN where nothing is."""
    known = np.isfinite(table)
    count = known.sum(axis=axis)
    total = np.where(known, table, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
