"""Exposure against its limits: every check says the number that was and the number that may be.

Open orders count at their worst: a position with open buys and sells may become anything between all sells filled and
all buys filled. Notionals are signed EUR as floats; an order whose fate is unknown counts as open.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats


class Check(NamedTuple):
    """One limit: what is limited, at which instrument or cluster (-1 for the book), what was and what may be."""

    limit: str
    at: int
    was_eur: float
    may_eur: float

    @property
    def kept(self) -> bool:
        """Whether the number that was is within the number that may be; a number that is not known is not."""
        return self.was_eur <= self.may_eur


class Limits(NamedTuple):
    """Largest notionals in EUR."""

    gross_eur_max: float
    net_eur_max: float
    symbol_eur_max: float
    cluster_eur_max: float


def worst_case(position: Floats, buys: Floats, sells: Floats) -> Floats:
    """Largest absolute notional each instrument may reach (N,); `buys` and `sells` are open orders, both >= 0."""
    return np.maximum(np.abs(position + buys), np.abs(position - sells))


class Exposure:
    """A book and its open orders, which become more one by one.

    Laws: adding an open order never lowers any number; with no open orders gross is sum |position|; however the orders
    were added, the numbers are those of all of them together, up to the rounding of sums.
    """

    def __init__(self, position: Floats, buys: Floats, sells: Floats, cluster: NDArray[np.int64]) -> None:
        """Columns (N,); `cluster` names the group of each instrument, from 0 on. Negative orders raise ValueError."""
        highest, lowest, worst = position, position, np.abs(position)
        if np.count_nonzero(buys) or np.count_nonzero(sells):
            if (buys < 0.0).any() or (sells < 0.0).any():
                raise ValueError("open orders are negative, expected notionals of 0 or more on both sides")
            highest, lowest, worst = position + buys, position - sells, worst_case(position, buys, sells)
        clusters = np.asarray(np.bincount(cluster, weights=worst), dtype=np.float64)
        self._highest, self._lowest = highest.tolist(), lowest.tolist()
        self._worst, self._cluster, self._clusters = worst.tolist(), cluster.tolist(), clusters.tolist()
        self._gross = float(worst.sum())
        self._up, self._down = sum(self._highest), sum(self._lowest)
        self._symbol = _largest(worst)
        self._crowded = _largest(clusters)

    def add(self, place: int, buy: float, sell: float) -> None:
        """One more open order at a place: what it may buy, or sell."""
        grown = self._grown(place, buy, sell)
        self._highest[place] += buy
        self._lowest[place] -= sell
        self._up += buy
        self._down -= sell
        self._worst[place] += grown
        self._clusters[self._cluster[place]] += grown
        self._gross += grown
        self._symbol = _larger(self._symbol, (place, self._worst[place]))
        self._crowded = _larger(self._crowded, (self._cluster[place], self._clusters[self._cluster[place]]))

    def checks(self, limits: Limits, place: int = -1, buy: float = 0.0, sell: float = 0.0) -> tuple[Check, ...]:
        """Gross, net, the worst symbol and the worst cluster of the book in its worst case, in this order.

        With one more open order where a place is named; that one is not kept.
        """
        grown, symbol, crowded = 0.0, self._symbol, self._crowded
        if place >= 0:
            grown, cluster = self._grown(place, buy, sell), self._cluster[place]
            symbol = _larger(symbol, (place, self._worst[place] + grown))
            crowded = _larger(crowded, (cluster, self._clusters[cluster] + grown))
        up, down = abs(self._up + buy), abs(self._down - sell)
        return (
            Check("gross", -1, self._gross + grown, limits.gross_eur_max),
            Check("net", -1, up if up >= down or up != up else down, limits.net_eur_max),
            Check("symbol", *symbol, limits.symbol_eur_max),
            Check("cluster", *crowded, limits.cluster_eur_max),
        )

    def _grown(self, place: int, buy: float, sell: float) -> float:
        """By how much an order makes the worst case of its instrument worse."""
        highest, lowest = abs(self._highest[place] + buy), abs(self._lowest[place] - sell)
        worst = highest if highest >= lowest or highest != highest else lowest
        return float(worst - self._worst[place])


def _largest(values: Floats) -> tuple[int, float]:
    """Where the largest is, and what it is; -1 and 0 of nothing. What is not known is the largest."""
    if not values.size:
        return -1, 0.0
    at = int(values.argmax())
    return at, float(values[at])


def _larger(known: tuple[int, float], other: tuple[int, float]) -> tuple[int, float]:
    return other if other[1] > known[1] or other[1] != other[1] else known
