"""What diversification costs and saves: quality, deviation and tail of slates at each weight of the penalty.

Every slate is chosen by `quant.selection` at each gamma, equally weighted, and held to what came true.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quant.rolling import Floats
from quant.selection import Caps, Int64s, select
from quant.similarity import of_positions
from quant.tail_risk import cvar

GAMMAS = (0.0, 0.02, 0.05, 0.1, 0.2)


class Point(NamedTuple):
    """One gamma: mean quality, deviation and expected shortfall (97.5 %) of slates over those of gamma 0."""

    gamma: float
    quality: float
    deviation: float
    shortfall: float
    correlation: float


class Candidates(NamedTuple):
    """One decision: quality (N,), side (N,) of +1 or -1, correlation of returns (N, N), what came true (N,).

    A symbol may stand in both directions: `symbol` (N,) names it, and at most one of them is picked.
    """

    quality: Floats
    side: Floats
    rho: Floats
    realised: Floats
    symbol: Int64s


def frontier(slates: Sequence[Candidates], picks: int, gammas: Sequence[float] = GAMMAS) -> list[Point]:
    """The points of the frontier, the first of `gammas` being what the others are held against.

    `correlation` is the mean correlation between positions of a slate. Slates with an unknown outcome among the picks
    count as if that position had not moved.

    Raises:
        ValueError: no slates, or no gamma.
    """
    if not slates or not gammas:
        raise ValueError(f"{len(slates)} slates at {len(gammas)} gammas, expected at least one of each")
    rows = np.array([_at(slates, picks, gamma) for gamma in gammas])
    base = rows[0].tolist()
    return [
        Point(gamma, row[0] / base[0], row[1] / base[1], row[2] / base[2], row[3])
        for gamma, row in zip(gammas, rows.tolist(), strict=True)
    ]


def _at(slates: Sequence[Candidates], picks: int, gamma: float) -> Floats:
    """Mean quality, deviation and shortfall of slates, and the mean correlation inside them."""
    each = np.array([_one(slate, picks, gamma) for slate in slates])
    made = each[:, 1]
    return np.array([each[:, 0].mean(), made.std(), cvar(-made, 0.975), np.nanmean(each[:, 2])])


def _one(slate: Candidates, picks: int, gamma: float) -> tuple[float, float, float]:
    count = len(slate.quality)
    alone = np.arange(count)
    signed = of_positions(slate.rho, slate.side)
    choice = select(
        slate.quality,
        signed,
        symbol=slate.symbol,
        cluster=alone,
        held=np.zeros(count, dtype=np.bool_),
        caps=Caps(picks),
        gamma=gamma,
    ).picks
    if not choice.size:
        return 0.0, 0.0, float("nan")
    made = float(np.nan_to_num(slate.side[choice] * slate.realised[choice]).mean())
    block = signed[np.ix_(choice, choice)]
    pairs = block[~np.eye(len(choice), dtype=np.bool_)]
    return float(slate.quality[choice].sum()), made, float(pairs.mean()) if pairs.size else float("nan")
