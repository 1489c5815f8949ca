"""What bars say of the instruments of a decision, kept while both are the same.

A strategy of ticks decides many times within a bar.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.risk.layout import Layout
from actors.risk.returns import Bars
from quant.rolling import Floats
from quant.similarity import UNKNOWN, clusters, correlation

MEASURED_MIN: Final = 20
"""Fewer returns than this measure no volatility."""


class Measured(NamedTuple):
    """The last known close (N,) of a layout, the variance of a bar's log return, correlations and clusters.

    NaN where a close is not known, or too few returns are. Nothing in here is to be written to.
    """

    close: Floats
    variance: Floats
    corr: Floats
    cluster: NDArray[np.int64]


class Measures:
    """What was measured last. Instruments correlated above `cluster_above` are one cluster.

    Law: it is of the bars and the layout alone: it may be thrown away at any time, and is no part of a state.
    """

    def __init__(self, cluster_above: float) -> None:
        self._cluster_above = cluster_above
        self._bars: Bars | None = None
        self._layout: Layout | None = None
        self._last: Measured | None = None

    def of(self, bars: Bars | None, layout: Layout) -> Measured:
        """What bars say of a layout; as long as it is the same two, nothing is measured again."""
        if self._last is None or bars is not self._bars or layout is not self._layout:
            self._bars, self._layout, self._last = bars, layout, self._measured(bars, layout)
        return self._last

    def _measured(self, bars: Bars | None, layout: Layout) -> Measured:
        width = len(layout.symbols)
        if bars is None or not bars.returns.size or not width:
            corr = np.full((width, width), UNKNOWN)
            np.fill_diagonal(corr, 1.0)
            close = np.full(width, np.nan) if bars is None else bars.close[layout.columns]
            return Measured(close, np.full(width, np.nan), corr, clusters(corr, self._cluster_above))
        returns = _taken(bars.returns, layout)
        corr = correlation(returns)
        return Measured(bars.close[layout.columns], _variance(returns), corr, clusters(corr, self._cluster_above))


def _taken(returns: Floats, layout: Layout) -> Floats:
    """The rows of a layout; those of the whole universe are not copied."""
    columns = layout.columns
    return returns if isinstance(columns, slice) else np.take(returns.T, columns, axis=1).T


def _variance(returns: Floats) -> Floats:
    """The variance that returns (N, bars) show, about 0; NaN of too few, the absent left out."""
    squares, count = np.einsum("nt,nt->n", returns, returns), returns.shape[1]
    if np.count_nonzero(np.isfinite(squares)) == len(squares):
        return squares / count if count >= MEASURED_MIN else np.full(len(squares), np.nan)
    present = np.isfinite(returns)
    seen, counts = np.where(present, returns, 0.0), present.sum(axis=1)
    variance = np.einsum("nt,nt->n", seen, seen) / np.maximum(counts, 1)
    return np.where(counts >= MEASURED_MIN, variance, np.nan)
