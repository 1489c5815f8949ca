"""What an agent sees of one instant, and what it answers with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from contracts.quantities import Nanos, Seconds
from quant.features.engine import REGISTRY
from quant.rolling import Floats
from quant.volatility import over_horizon


@dataclass(frozen=True, slots=True)
class View:
    """The cross-section at one instant: every column has one entry per instrument, NaN where nothing is known.

    `values` are all features, shape (features, instruments); `view["ret_60"]` is one of them by name. `mid` is the
    last valid mid, `age_s` how old its quote is, `deviation` the standard deviation of the log return over the
    agent's horizon as plain volatility has it (of the bars, or of the mids from beat to beat where bars say less).
    `known_to` is how exactly a mid is known, as a share of itself: no deviation is below it.
    """

    at_ns: Nanos
    symbols: tuple[str, ...]
    bar_s: Seconds
    horizon_s: Seconds
    values: Floats
    mid: Floats
    age_s: Floats
    deviation: Floats
    known_to: Floats
    index: Mapping[str, int] = field(default_factory=lambda: REGISTRY.index)

    def __getitem__(self, feature: str) -> Floats:
        """One feature over the instruments; raises KeyError naming what there is."""
        row = self.index.get(feature)
        if row is None:
            raise KeyError(f"no feature {feature!r}; there are {', '.join(self.index)}")
        column: Floats = self.values[row]
        return column

    @property
    def horizon_bars(self) -> float:
        """The agent's horizon in bars."""
        return self.horizon_s / self.bar_s

    def sd(self, feature: str) -> Floats:
        """The deviation over the horizon from a feature that is one per bar; the plain one where that is cold or 0."""
        each = over_horizon(self[feature], self.horizon_s, self.bar_s)
        return np.asarray(np.maximum(np.where(each > 0.0, each, self.deviation), self.known_to))

    def only(self, column: int) -> "View":
        """The same view of one instrument: width 1."""
        here = slice(column, column + 1)
        return replace(
            self,
            symbols=self.symbols[here],
            values=self.values[:, here],
            mid=self.mid[here],
            age_s=self.age_s[here],
            deviation=self.deviation[here],
            known_to=self.known_to[here],
        )


class Evidence(NamedTuple):
    """An agent's answer: a score in [-3, 3] (positive = up), a deviation over its horizon, how fresh it is (0 to 1).

    Columns over the instruments of the view. What the score is worth, and by how much the deviation must be corrected,
    is learned from outcomes by the base class.
    """

    score: Floats
    deviation: Floats
    freshness: Floats

    @classmethod
    def of(cls, score: Floats | float, deviation: Floats | float, freshness: Floats | float = 1.0) -> "Evidence":
        """Evidence from columns or, for one instrument, from plain numbers."""
        columns = [np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in (score, deviation, freshness)]
        width = max(map(len, columns))
        return cls(*(each if len(each) == width else np.full(width, each) for each in columns))
