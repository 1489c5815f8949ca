"""The selector's frontier over a history: what its diversification costs in quality, and what it saves in tail."""

from __future__ import annotations

from typing import Final

import numpy as np

from bot.evaluation.prices import Prices
from bot.evaluation.record import Record
from bot.evaluation.report import Chart, Series, Table
from bot.evaluation.scoring import Ground
from quant.frontier import Candidates, Point, frontier
from quant.selection import quality
from quant.similarity import correlation

PICKS: Final = 5
CORRELATION_ROWS: Final = 500
DAILY_DECAY, INTRADAY_DECAY = 0.98, 0.995
DAY_S: Final = 86_400.0


def frontier_of(prices: Prices, record: Record, ground: Ground) -> tuple[tuple[Table, ...], tuple[Chart, ...]]:
    """Table and picture of slates of five, one every horizon; nothing where there is no choice of five to be made."""
    if len(prices.symbols) <= PICKS:
        return (), ()
    slates = candidates(prices, record, ground)
    if not slates:
        return (), ()
    points = frontier(slates, PICKS)
    table = Table(
        title="frontier of the selector",
        columns=("gamma", "quality", "deviation", "ES 97.5", "correlation of positions"),
        formats=(".2f", ".3f", ".3f", ".3f", "+.3f"),
        rows=tuple((each.gamma, each.quality, each.deviation, each.shortfall, each.correlation) for each in points),
        note=f"{len(slates)} slates of {PICKS}, held for one horizon; quality, deviation and ES against gamma 0.",
    )
    return (table,), (_picture(points),)


def candidates(prices: Prices, record: Record, ground: Ground) -> list[Candidates]:
    """One decision every horizon: the slates' own qualities and sides, correlations of returns before, what came."""
    decay = DAILY_DECAY if prices.bar_s >= DAY_S else INTRADAY_DECAY
    returns = np.diff(np.log(prices.close), axis=0, prepend=np.nan)
    slates, names = [], np.arange(len(prices.symbols))
    for row in np.flatnonzero(ground.counted)[:: ground.horizon_bars]:
        mu = record.slate_mu[row]
        shortfall = np.where(mu > 0.0, record.es_long[row], record.es_short[row])
        worth = quality(np.abs(mu), record.slate_error[row], shortfall, record.slate_confidence[row], caution=0.0)
        if (worth > 0.0).sum() <= PICKS or not np.isfinite(ground.y[row]).any():
            continue
        known = returns[max(0, row + 1 - CORRELATION_ROWS) : row + 1]
        slates.append(
            Candidates(worth, np.where(mu > 0.0, 1.0, -1.0), correlation(known.T, decay), ground.y[row], names)
        )
    return slates


def _picture(points: list[Point]) -> Chart:
    kept = tuple(each.quality for each in points)
    return Chart(
        title="Frontier of the selector",
        kind="points",
        x="risk of the slate against gamma 0",
        y="quality against gamma 0",
        series=(
            Series(name="deviation", x=tuple(each.deviation for each in points), y=kept),
            Series(name="expected shortfall 97.5 %", x=tuple(each.shortfall for each in points), y=kept),
        ),
        note="Each point is a weight of the penalty on alike positions; up and to the left is better.",
    )
