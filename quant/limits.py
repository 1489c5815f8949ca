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


def check_exposure(
    position: Floats, buys: Floats, sells: Floats, cluster: NDArray[np.int64], limits: Limits
) -> tuple[Check, ...]:
    """Gross, net, the worst symbol and the worst cluster of the book in its worst case, in this order.

    Laws: adding an open order never lowers any number; with no open orders gross is sum |position|. Negative open
    orders raise ValueError.
    """
    if (buys < 0.0).any() or (sells < 0.0).any():
        raise ValueError("open orders are negative, expected notionals of 0 or more on both sides")
    worst = worst_case(position, buys, sells)
    net = max(abs(float((position + buys).sum())), abs(float((position - sells).sum())))
    symbol = int(np.argmax(worst)) if worst.size else -1
    names, which = np.unique(cluster, return_inverse=True)
    sums = np.bincount(which, weights=worst, minlength=len(names))
    crowded = int(np.argmax(sums)) if sums.size else -1
    return (
        Check("gross", -1, float(worst.sum()), limits.gross_eur_max),
        Check("net", -1, net, limits.net_eur_max),
        Check("symbol", symbol, float(worst.max(initial=0.0)), limits.symbol_eur_max),
        Check(
            "cluster",
            int(names[crowded]) if sums.size else -1,
            float(sums.max(initial=0.0)),
            limits.cluster_eur_max,
        ),
    )
