"""Kernels that several groups of features share: reductions of the last axis, absent values as said by each."""

from __future__ import annotations

import numpy as np

from quant.rolling import Floats, ewma

FLAT = 1e-12
"""A spread of values below this share of their size is rounding, not movement."""
PRESENT_SHARE_MIN = 0.75
"""Of a long window this much must be there; what is absent is left out."""
SETTLED = 256
"""Bars after which a Wilder mean of 14 has forgotten its start to 1e-8: such indicators are not shown before."""
Z_DECAY = 0.97
Z_PRESENT_MIN = 30
Z_SD_MIN = 1e-9


def latest(x: Floats) -> Floats:
    return np.array(x[..., -1])


def spread(x: Floats) -> tuple[Floats, Floats, Floats]:
    """How far the mean lies beyond the last value, the variance, and the last value; NaN where one is absent."""
    offset, n = x - x[..., -1:], x.shape[-1]
    mean = np.asarray(offset.sum(axis=-1) / n)
    return mean, dot(offset, offset) / n - mean * mean, x[..., -1]


def zscore(mean: Floats, variance: Floats, last: Floats) -> Floats:
    """The last value of a `spread` against its mean and standard deviation; NaN where none differs."""
    scale = FLAT * np.abs(last)
    return np.asarray(-mean / np.sqrt(np.where(variance > scale * scale, variance, np.nan)))


def ewma_z(x: Floats) -> Floats:
    """The last value against exponentially weighted mean and sd; absent rows are left out."""
    offset = x - x[..., -1:]
    mean = ewma(offset, Z_DECAY, Z_PRESENT_MIN)
    variance = ewma(offset * offset, Z_DECAY, Z_PRESENT_MIN) - mean * mean
    return np.asarray(-mean / np.sqrt(np.where(variance > Z_SD_MIN * Z_SD_MIN, variance, np.nan)))


def present_z(x: Floats, present_min: int) -> Floats:
    """The last value against mean and sd of those present, `present_min` at least."""
    return zscore(*spread_of_present(x, present_min))


def spread_of_present(x: Floats, present_min: int) -> tuple[Floats, Floats, Floats]:
    """`spread` of those present; NaN where they are fewer than `present_min`, or the last is absent."""
    offset = x - x[..., -1:]
    known = ~np.isnan(offset)
    count = known.sum(axis=-1)
    enough = np.where(count >= present_min, count, np.nan)
    filled = np.where(known, offset, 0.0)
    mean = np.asarray(filled.sum(axis=-1) / enough)
    return mean, dot(filled, filled) / enough - mean * mean, x[..., -1]


def mean_present(x: Floats) -> Floats:
    """Mean of those present, PRESENT_SHARE_MIN of the window at least."""
    return mean_or_present(x, np.asarray(x.sum(axis=-1) / x.shape[-1]))


def mean_or_present(x: Floats, mean: Floats) -> Floats:
    """The same where the mean of the whole window is known already, NaN where one is absent; it is written over."""
    gapped = np.isnan(mean)
    if gapped.any():
        known = ~np.isnan(x[gapped])
        count = known.sum(axis=-1)
        total = np.where(known, x[gapped], 0.0).sum(axis=-1)
        mean[gapped] = total / np.where(count >= PRESENT_SHARE_MIN * x.shape[-1], count, np.nan)
    return mean


def mean(x: Floats) -> tuple[Floats]:
    return (np.asarray(x.sum(axis=-1) / x.shape[-1]),)


def mean_square(x: Floats) -> tuple[Floats]:
    return (np.asarray(dot(x, x) / x.shape[-1]),)


def realised(square: Floats) -> Floats:
    """Root of the mean square of returns: standard deviation of one bar around zero."""
    return np.asarray(np.sqrt(square))


def dot(x: Floats, y: Floats) -> Floats:
    """Sum of products over the last axis, in whichever way runs along memory."""
    along = x.strides[-1] == x.itemsize
    return np.asarray(np.vecdot(x, y) if along else np.einsum("...i,...i->...", x, y))


def ratio(top: Floats, bottom: Floats) -> Floats:
    """top / bottom, NaN where there is nothing to divide by."""
    return np.asarray(top / np.where(bottom > 0.0, bottom, np.nan))


def log_ratio(top: Floats, bottom: Floats) -> Floats:
    """ln(top / bottom), NaN where one of them is not positive."""
    return np.log(np.where((top > 0.0) & (bottom > 0.0), top, np.nan) / bottom)
