"""How well the touch of a book foretells the next move of its mid, and how much of a move its order flow explains.

Signals are sampled on a grid of time, as known by receipt; the information coefficient is their correlation with the
log return of the mid over the horizon that follows, once linear and once of ranks (Spearman), with the standard error
of a delete-one-block jackknife, because neighbouring samples share their future. What order flow explains is the R2 of
the mid's move on the flow of the same interval (Cont, Kukanov and Stoikov 2014, equation 6).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.order_flow import measure, order_flows
from quant.rolling import Floats

SECOND_NS: Final = 1_000_000_000
GRID_S: Final = 0.1
HORIZONS_S: Final = (1.0, 5.0, 10.0)
BLOCKS: Final = 20
SAMPLES_MIN: Final = 100


class Coefficient(NamedTuple):
    """One information coefficient: `linear` and `rank` in [-1, 1], and the standard error of the rank one."""

    signal: str
    horizon_s: float
    samples: int
    linear: float
    rank: float
    rank_se: float
    moved: float


class BookTable(NamedTuple):
    """What a history of quotes shows; `flow_r2` is of intervals of 10 s and `flow_impact_bps` its slope per mean depth.

    `moved` of a coefficient is the share of samples after which the mid moved at all.
    """

    quotes: int
    span_s: float
    spread_bps: float
    coefficients: tuple[Coefficient, ...]
    flow_r2: float
    flow_impact_bps: float


def book_table(at_ns: NDArray[np.int64], bid: Floats, bid_size: Floats, ask: Floats, ask_size: Floats) -> BookTable:
    """The table of quotes (times,), received in this order; sizes in any unit.

    Laws: the same for prices or sizes counted in another unit; the mirror image of a market (bids and asks turned
    about) has the same coefficients. Raises ValueError where less than `SAMPLES_MIN` samples of a horizon remain.
    """
    shown = measure(bid, bid_size, ask, ask_size)
    known = ~np.isnan(shown.spread_bps)
    at_ns = at_ns[known]
    bid, bid_size, ask, ask_size = (each[known] for each in (bid, bid_size, ask, ask_size))
    if len(at_ns) < 2 or at_ns[-1] - at_ns[0] < (max(HORIZONS_S) + SAMPLES_MIN * GRID_S) * SECOND_NS:
        raise ValueError(f"{len(at_ns)} valid quotes span too little, expected {SAMPLES_MIN} samples of {HORIZONS_S} s")
    mid = (bid + ask) / 2.0
    depth = float(np.mean(bid_size + ask_size)) / 2.0
    flow = np.cumsum(order_flows(bid, bid_size, ask, ask_size))
    first_ns, last_ns = int(at_ns[0]) + SECOND_NS, int(at_ns[-1])
    found = []
    for horizon_s in HORIZONS_S:
        grid = np.arange(first_ns, last_ns - round(horizon_s * SECOND_NS), round(GRID_S * SECOND_NS))
        now, then, before = (_last(at_ns, grid + round(s * SECOND_NS)) for s in (0.0, horizon_s, -1.0))
        moves = np.log(mid[then] / mid[now])
        signals = {
            "imbalance": shown.imbalance[known][now],
            "microprice": shown.micro_bps[known][now],
            "ofi_1s": (flow[now] - flow[before]) / depth,
        }
        found += [_coefficient(name, horizon_s, x, moves) for name, x in signals.items()]
    r2, impact = _explained(at_ns, mid, flow, depth)
    span_s = (last_ns - int(at_ns[0])) / SECOND_NS
    spread = float(np.median(shown.spread_bps[known]))
    return BookTable(len(at_ns), span_s, spread, tuple(found), r2, impact)


def correlation(x: Floats, y: Floats) -> float:
    """Pearson's; NaN where one does not vary."""
    off_x, off_y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((off_x @ off_x) * (off_y @ off_y)))
    return float(off_x @ off_y) / spread if spread > 0.0 else float("nan")


def ranks(x: Floats) -> Floats:
    """Ranks from 1, equals sharing their mean."""
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2.0)[place])


def _coefficient(name: str, horizon_s: float, signal: Floats, moves: Floats) -> Coefficient:
    x, y = ranks(signal), ranks(moves)
    block = np.arange(len(x)) * BLOCKS // len(x)
    without = np.array([correlation(x[block != each], y[block != each]) for each in range(BLOCKS)])
    se = float(np.sqrt((BLOCKS - 1) / BLOCKS * np.sum((without - without.mean()) ** 2)))
    linear, moved = correlation(signal, moves), float((moves != 0.0).mean())
    return Coefficient(name, horizon_s, len(x), linear, correlation(x, y), se, moved)


def _explained(at_ns: NDArray[np.int64], mid: Floats, flow: Floats, depth: float) -> tuple[float, float]:
    """R2 and slope, in bps per mean depth, of the mid's moves over 10 s on the flow of the same 10 s."""
    edges = _last(at_ns, np.arange(int(at_ns[0]), int(at_ns[-1]), 10 * SECOND_NS))
    x, y = np.diff(flow[edges]) / depth, np.diff(mid[edges])
    spread = float(np.var(x))
    slope = float(np.cov(x, y, bias=True)[0, 1]) / spread if spread > 0.0 else float("nan")
    return correlation(x, y) ** 2, 1e4 * slope / float(mid.mean())


def _last(at_ns: NDArray[np.int64], grid: NDArray[np.int64]) -> NDArray[np.int64]:
    """The last quote known at each time of the grid."""
    return np.asarray(np.maximum(np.searchsorted(at_ns, grid, "right") - 1, 0))
