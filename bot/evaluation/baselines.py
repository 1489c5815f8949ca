"""Forecasts anyone can make of closes alone, which beliefs must beat: strictly causal, computed apart from the product.

Tables are (rows, instruments), quantiles (rows, levels, instruments). A forecast of a row knows the close of that row,
and of labels only those that are closed there: the label of row i is known from row i + h on.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import NormalDist
from typing import Final

import numpy as np

from quant.quantiles import LEVELS
from quant.rolling import Floats

DECAY: Final = 0.97
RETURNS_MIN: Final = 20
POOLED_MAX: Final = 20_000
POOLED_MIN: Final = 300
REFIT_ROWS: Final = 20
SLOT_DECAY: Final = 0.99
SLOT_PRIOR: Final = 20.0
NORMAL: Floats = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
SCALE_MIN: Final = 1e-9
"""Below this nothing has moved: no scale is known, and none is made up."""


def ewma_scale(close: Floats, horizon_bars: int, decay: float = DECAY) -> Floats:
    """Deviation of the return over the horizon by exponentially weighted squares of one-bar returns, mean zero.

    Absent returns are left out. NaN before `RETURNS_MIN` returns, and where nothing has moved.
    """
    returns = np.diff(np.log(close), axis=0, prepend=np.full((1, close.shape[1]), np.nan))
    total, weight = np.zeros(close.shape[1]), np.zeros(close.shape[1])
    count = np.zeros(close.shape[1])
    said = np.full(close.shape, np.nan)
    for row, now in enumerate(returns):
        present = ~np.isnan(now)
        total = np.where(present, decay * total + np.where(present, now, 0.0) ** 2, total)
        weight = np.where(present, decay * weight + 1.0, weight)
        count += present
        warm = count >= RETURNS_MIN
        said[row, warm] = np.sqrt(total[warm] / weight[warm])
    return _positive(said * math.sqrt(horizon_bars))


def har_scale(close: Floats, horizon_bars: int, spans: tuple[int, ...]) -> Floats:
    """Deviation over the horizon by log-HAR (Corsi 2009): logs of mean squares over `spans` bars, pooled least squares.

    The regression is refitted every `REFIT_ROWS` rows on all closed labels before. Where it is not fitted yet, NaN.
    """
    squares = np.diff(np.log(close), axis=0, prepend=np.full((1, close.shape[1]), np.nan)) ** 2
    floor = 1e-4 * _expanding_mean(squares)
    x = np.stack([np.ones(close.shape), *(_log_mean(squares, span, floor) for span in spans)], axis=-1)
    y = _ahead(_log_mean(squares, horizon_bars, floor), horizon_bars)
    width = x.shape[-1]
    gram, moment = 1e-6 * np.eye(width), np.zeros(width)
    coefficients: Floats | None = None
    said = np.full(close.shape, np.nan)
    for row in range(len(close)):
        closed = row - horizon_bars
        if closed >= 0:
            known = np.isfinite(y[closed]) & np.isfinite(x[closed]).all(axis=-1)
            rows = x[closed][known]
            gram, moment = gram + rows.T @ rows, moment + rows.T @ y[closed][known]
            if row % REFIT_ROWS == 0 and gram[0, 0] >= POOLED_MIN:
                coefficients = np.linalg.solve(gram, moment)
        if coefficients is not None:
            said[row] = np.exp(0.5 * (x[row] @ coefficients)) * math.sqrt(horizon_bars)
    return _positive(said)


def hour_of_week_factor(standardised: Floats, slots: np.ndarray, horizon_bars: int) -> Floats:
    """How much wider than its scale a label is that starts in this hour of the week, from closed labels alone.

    sqrt((20 + sum .99^j min(z^2, 16)) / (20 + sum .99^j)) over the labels of the slot, newest first, one step per row
    and the mean of the instruments.
    """
    total, weight = np.full(168, SLOT_PRIOR), np.full(168, SLOT_PRIOR)
    said = np.ones(standardised.shape)
    for row in range(len(standardised)):
        closed = row - horizon_bars
        if closed >= 0:
            z = standardised[closed]
            if (known := ~np.isnan(z)).any():
                slot = slots[closed]
                seen = float(np.minimum(z[known] ** 2, 16.0).mean())
                total[slot] = SLOT_PRIOR + SLOT_DECAY * (total[slot] - SLOT_PRIOR) + seen
                weight[slot] = SLOT_PRIOR + SLOT_DECAY * (weight[slot] - SLOT_PRIOR) + 1.0
        said[row] = math.sqrt(total[slots[row]] / weight[slots[row]])
    return said


def gaussian(mu: Floats, sigma: Floats) -> Floats:
    """Normal quantiles of mean and deviation."""
    return np.asarray(mu[:, None, :] + NORMAL[:, None] * sigma[:, None, :])


def historical(mu: Floats, sigma: Floats, y: Floats, horizon_bars: int) -> Floats:
    """Filtered historical simulation: empirical quantiles of (y - mu) / sigma of the last 20,000 closed labels.

    All instruments are pooled; before 300 labels the quantiles are normal. Barone-Adesi et al. (1999).
    """
    standardised = (y - mu) / sigma
    ring: deque[Floats] = deque()
    ordered = np.array([])
    shape = NORMAL
    said = np.full((len(y), len(LEVELS), y.shape[1]), np.nan)
    for row in range(len(y)):
        closed = row - horizon_bars
        if closed >= 0:
            fresh = np.sort(standardised[closed][np.isfinite(standardised[closed])])
            if fresh.size:
                ring.append(fresh)
                ordered = np.insert(ordered, np.searchsorted(ordered, fresh), fresh)
                while len(ordered) - len(ring[0]) >= POOLED_MAX:
                    ordered = np.delete(ordered, _places(ordered, ring.popleft()))
            if len(ordered) >= POOLED_MIN:
                shape = _quantiles(ordered)
        said[row] = mu[row] + shape[:, None] * sigma[row]
    return said


def _places(ordered: Floats, gone: Floats) -> np.ndarray:
    """Where each of the sorted `gone` stands, ties one beside the other."""
    first = np.searchsorted(ordered, gone)
    ties = np.arange(len(gone)) - np.searchsorted(gone, gone)
    return np.asarray(first + ties)


def _quantiles(ordered: Floats) -> Floats:
    place = LEVELS * (len(ordered) - 1)
    low = place.astype(np.int64)
    share = place - low
    return np.asarray(ordered[low] * (1.0 - share) + ordered[np.minimum(low + 1, len(ordered) - 1)] * share)


def vincentised(mu: Floats, sigma: Floats) -> Floats:
    """Quantiles of the agents (rows, agents, instruments), each normal, averaged over those that are alive."""
    alive = np.isfinite(mu) & np.isfinite(sigma) & (sigma > 0.0)
    return gaussian(_mean_of(mu, alive), _mean_of(sigma, alive))


def pooled(mu: Floats, sigma: Floats, confidence: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation of the pool: inverse variance half shrunk to equal, errors taken as one, plus disagreement."""
    alive = np.isfinite(mu) & np.isfinite(sigma) & (sigma > 0.0)
    m, s = np.where(alive, mu, 0.0), np.where(alive, sigma, 1.0)
    raw = np.where(alive, np.nan_to_num(confidence) / (s * s), 0.0)
    count, total = alive.sum(axis=1, keepdims=True), raw.sum(axis=1, keepdims=True)
    equal = alive / np.maximum(count, 1)
    weights = 0.5 * np.where(total > 0.0, raw / np.where(total > 0.0, total, 1.0), equal) + 0.5 * equal
    mean = (weights * m).sum(axis=1)
    harmonic = 1.0 / np.maximum((equal / (s * s)).sum(axis=1), np.finfo(np.float64).tiny)
    spread = (weights * (m - mean[:, None, :]) ** 2).sum(axis=1)
    some = count[:, 0, :] > 0
    return np.where(some, mean, np.nan), np.where(some, np.sqrt(harmonic + spread), np.nan)


def independent(sigma: Floats) -> Floats:
    """The deviation that a pool of independent agents would have: wrong, and here to be seen failing."""
    alive = np.isfinite(sigma) & (sigma > 0.0)
    precision = np.where(alive, 1.0 / np.square(np.where(alive, sigma, 1.0)), 0.0).sum(axis=1)
    return np.where(precision > 0.0, 1.0 / np.sqrt(np.where(precision > 0.0, precision, 1.0)), np.nan)


def _mean_of(values: Floats, alive: np.ndarray) -> Floats:
    count = alive.sum(axis=1)
    total = np.where(alive, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _log_mean(squares: Floats, span: int, floor: Floats) -> Floats:
    """Log of the mean over the last `span` rows of what is known, NaN where less than all is."""
    known = ~np.isnan(squares)
    total = np.cumsum(np.where(known, squares, 0.0), axis=0)
    count = np.cumsum(known, axis=0)
    before = np.zeros((span, squares.shape[1]))
    summed = total - np.concatenate([before, total[:-span]])[: len(total)]
    seen = count - np.concatenate([before, count[:-span]])[: len(count)]
    mean = np.where(seen >= max(1.0, 0.75 * span), summed / np.maximum(seen, 1), np.nan)
    return np.log(np.maximum(mean, floor))


def _expanding_mean(squares: Floats) -> Floats:
    known = ~np.isnan(squares)
    count = np.cumsum(known, axis=0)
    total = np.cumsum(np.where(known, squares, 0.0), axis=0)
    return np.where(total > 0.0, total / np.maximum(count, 1), np.nan)


def _ahead(table: Floats, bars: int) -> Floats:
    said = np.full(table.shape, np.nan)
    if bars < len(table):
        said[:-bars] = table[bars:]
    return said


def _positive(scale: Floats) -> Floats:
    return np.where(scale > SCALE_MIN, scale, np.nan)
