"""Group G: each instrument among the others. Rule R4: one instant, no price staler than two bars.

The reference return `m` is that of the leader (the first instrument on BTC) or, without one, `mk`, the mean over the
instruments present. Kernels have instruments on the first axis. With fewer than two instruments present there is no
cross-section and everything is NaN; so is an instrument that is absent. Permuting the instruments permutes the values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.features.kernels import FLAT, PRESENT_SHARE_MIN
from quant.features.registry import Feature, Kernel, Reduce
from quant.features.sliding import comoments
from quant.rolling import Floats, ewma_weights

BETA_DECAY = 0.98
BETA_PRESENT_MIN = 40
CORRELATION_PRESENT_MIN = 40
PAIR_CORRELATION_MIN = 0.3


def centred_rank(x: Floats) -> Floats:
    """Rank among the present, ties in the middle, from -.5 to .5."""
    order = np.argsort(x, axis=0, kind="stable")
    ordered = np.take_along_axis(x, order, axis=0)
    place = np.arange(len(x)).reshape(-1, *(1,) * (x.ndim - 1))
    below = np.empty(x.shape)
    tied = ordered[1:] == ordered[:-1]
    np.put_along_axis(below, order, _middle(place, tied) if tied.any() else place, axis=0)
    absent = np.isnan(x)
    count = len(x) - absent.sum(axis=0)
    return np.where(absent, np.nan, below / np.where(count > 1, count - 1, np.nan) - 0.5)


def _middle(place: NDArray[np.int64], tied: NDArray[np.bool_]) -> Floats:
    """The middle place of each group of neighbours that are tied with the next one."""
    shape = (len(place), *tied.shape[1:])
    first, last = np.zeros(shape, dtype=np.int64), np.full(shape, len(place) - 1)
    first[1:], last[:-1] = np.where(tied, 0, place[1:]), np.where(tied, len(place) - 1, place[:-1])
    return 0.5 * (np.maximum.accumulate(first, axis=0) + np.minimum.accumulate(last[::-1], axis=0)[::-1])


def _moments(x: Floats, m: Floats, weights: Floats, present_min: int) -> tuple[Floats, Floats, Floats]:
    """Weighted variances of x and m and their covariance around zero, over the rows where both are present."""
    known = ~(np.isnan(x) | np.isnan(m))
    x, m = np.where(known, x, 0.0), np.where(known, m, 0.0)
    mass = known @ weights
    mass = np.where(known.sum(axis=-1) >= present_min, mass, np.nan)
    return (x * x) @ weights / mass, (m * m) @ weights / mass, (x * m) @ weights / mass


def beta(r: Floats, m: Floats, mk: Floats) -> Floats:
    """EW covariance with the reference over its EW variance, absent rows left out; NaN without a second instrument."""
    _, own, both = _moments(r, m, ewma_weights(r.shape[-1], BETA_DECAY), min(BETA_PRESENT_MIN, r.shape[-1]))
    return np.where(np.isnan(mk[..., -1]), np.nan, both / np.where(own > FLAT * FLAT, own, np.nan))


def totals(r: Floats, m: Floats) -> tuple[Floats, Floats]:
    return r.sum(axis=-1), m.sum(axis=-1)


def residual_return(r: Floats, m: Floats, beta_: Floats, sd: Floats, bars: int) -> Floats:
    """Return of the window beyond beta times that of the reference, over s sqrt(bars)."""
    return np.asarray((r - beta_ * m) / (sd * np.sqrt(bars)))


def market_correlation(x: Floats, market: Floats, both: Floats, count: Floats) -> Floats:
    """With the mean of the market, around zero, absent rows left out."""
    moved = (x > FLAT * FLAT) & (market > FLAT * FLAT) & (count >= CORRELATION_PRESENT_MIN)
    return np.asarray(both / np.sqrt(np.where(moved, x * market, np.nan)))


def dispersion(x: Floats) -> Floats:
    """Standard deviation over the instruments present, the same for each of them."""
    known, count = _present(x)
    centred = np.where(known, x - np.where(known, x, 0.0).sum(axis=0) / count, 0.0)
    return np.where(known, np.sqrt((centred * centred).sum(axis=0) / count), np.nan)


def breadth(x: Floats) -> Floats:
    """Share of the instruments present that rose, the same for each of them."""
    known, count = _present(x)
    return np.where(known, (x > 0.0).sum(axis=0) / count, np.nan)


def _present(x: Floats) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.bool_]], Floats]:
    known = ~np.isnan(x)
    count = known.sum(axis=0)
    return known, np.where(count > 1, count, np.nan)


def lead(r: Floats, m: Floats, beta_: Floats, sd: Floats) -> Floats:
    """What the last move of the reference promises and the instrument has not done yet, over s."""
    return np.asarray((beta_ * m[..., -1] - r[..., -1]) / sd)


def pair_gap(c: Floats) -> Floats:
    """z of the last week's spread to the partner; partner and hedge from the weeks before, so never fitted to it.

    The partner is the instrument of highest correlation of returns, PAIR_CORRELATION_MIN at least; three quarters
    of the returns of both must be there.
    """
    rows = c.shape[-1]
    week = max(5, (rows - 1) * 7 // 30)
    before = np.diff(c[..., : rows - week], axis=-1)
    known = ~np.isnan(before)
    x = np.where(known, before, 0.0)
    series = np.moveaxis(x, 0, -2)
    both = series @ np.swapaxes(series, -1, -2)
    own = np.diagonal(both, axis1=-2, axis2=-1)
    enough = np.moveaxis(known.sum(axis=-1) >= PRESENT_SHARE_MIN * x.shape[-1], 0, -1)
    scale = np.sqrt(np.where(enough & (own > FLAT * FLAT), own, np.nan))
    correlation = both / (scale[..., :, None] * scale[..., None, :])
    correlation = np.where(np.isnan(correlation) | np.eye(c.shape[0], dtype=bool), -np.inf, correlation)
    partner = correlation.argmax(axis=-1)
    close_by = np.take_along_axis(correlation, partner[..., None], axis=-1)[..., 0] >= PAIR_CORRELATION_MIN
    hedge = np.take_along_axis(both, partner[..., None], axis=-1)[..., 0] / np.take_along_axis(own, partner, axis=-1)
    partner, hedge = np.moveaxis(partner, -1, 0), np.moveaxis(np.where(close_by, hedge, np.nan), -1, 0)
    recent = c[..., -week:]
    other = np.take_along_axis(recent, partner[..., None], axis=0)
    return _last_z(recent - recent[..., -1:] - hedge[..., None] * (other - other[..., -1:]))


def _last_z(gap: Floats) -> Floats:
    """The last value (0 here) against mean and deviation of the window."""
    sd = gap.std(axis=-1)
    return np.asarray(-gap.mean(axis=-1) / np.where(sd > FLAT, sd, np.nan))


def _cross(
    name: str,
    formula: str,
    kernel: Kernel,
    window: int,
    inputs: tuple[str, ...],
    warmup: int,
    deps: tuple[str, ...] = (),
    grid: str = "bar",
    rows_min: int = 0,
    reduce: Reduce | None = None,
    params: tuple[tuple[str, float], ...] = (),
) -> Feature:
    return Feature(
        name,
        formula,
        kernel,
        window,
        warmup,
        grid,
        inputs,
        "R1 R4",
        deps=deps,
        rows_min=rows_min,
        cross=True,
        reduce=reduce,
        params=params,
    )


_BETA = "EW .98 cov / var with the reference over 7 d of hourly returns (60 rows at least)"

CROSS_SECTION = (
    _cross("beta_btc_7d", _BETA, beta, 168, ("r", "m", "mk"), 41, (), "hour", 60),
    _cross("xr_60", "rank of ret_60 in [-.5, .5]", centred_rank, 1, (), 61, ("ret_60",)),
    _cross("xr_1440", "rank of ret_1440 in [-.5, .5]", centred_rank, 1, (), 1441, ("ret_1440",)),
    _cross("xr_vol", "rank of rv_60 in [-.5, .5]", centred_rank, 1, (), 61, ("rv_60",)),
    _cross(
        "res_60",
        "(sum60 r - beta sum60 m) / (s sqrt 60)",
        residual_return,
        60,
        ("r", "m"),
        61,
        ("beta_btc_7d", "ewma_vol"),
        reduce=totals,
        params=(("bars", 60),),
    ),
    _cross(
        "corr_mkt_1d",
        "correlation of r and mk over 1 d",
        market_correlation,
        1440,
        ("r", "mk"),
        41,
        (),
        "bar",
        60,
        comoments,
    ),
    _cross("disp_60", "standard deviation over instruments of ret_60", dispersion, 1, (), 61, ("ret_60",)),
    _cross("breadth_60", "share of instruments with ret_60 > 0", breadth, 1, (), 61, ("ret_60",)),
    _cross("lead_btc_1m", "(beta m_last - r_last) / s", lead, 1, ("r", "m"), 21, ("beta_btc_7d", "ewma_vol")),
    _cross(
        "pair_z",
        "z of c - hedge c_partner over 7 d of hours; partner (highest correlation) and hedge from the 23 d before",
        pair_gap,
        721,
        ("c",),
        721,
        (),
        "hour",
        90,
    ),
)
