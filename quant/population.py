"""Whether features still look as they did: the population stability index of each, all features at once.

Each feature has ten bins between the deciles of its first values. Shares of the bins are remembered twice, over a short
and a long while; the index is their divergence, sum (p - q) ln(p / q). Slow features wander without drifting, so the
index has to exceed what chance gives: chi-squared over the number of values that are worth an independent one, by the
feature's own correlation from frame to frame and between instruments.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats

BINS: Final = 10
FAST_FRAMES, SLOW_FRAMES = 500.0, 20_000.0
"""Half-lives of the two memories."""
FAST_WORTH: Final = 2.0 * FAST_FRAMES / math.log(2.0)
"""Frames that the short memory stands for."""
REFERENCE_FRAMES: Final = 1000
"""For so long the slow memory is a plain mean; later frames move it little."""
INDEX_MAX: Final = 0.25
INDEX_CALM: Final = 0.20
"""An alarm is over below this: an index at the limit must not flicker."""
CHANCE: Final = 45.0
"""Chi-squared with nine degrees of freedom is above this once in a million."""
ABSENT_MAX: Final = 0.25
"""How much more often than before a feature may be absent."""
WARM_FRAMES: Final = 100
MIDDLE: Final = (BINS - 1) / 2.0
SPREAD: Final = (BINS * BINS - 1) / 12.0
TINY: Final = 1e-4
"""Share of a bin with next to nothing in it."""


class PopulationState(NamedTuple):
    """Frames seen, first values (frames, features), edges (features, bins - 1), the two memories, and correlations.

    `fast` and `slow` are shares (features, bins + 1), the last one of absent values; `sway` the mean square of the
    frames' mean bin against the middle, `follow` the mean product of it with the frame before.
    """

    frames: int
    first: Floats
    edges: Floats
    fast: Floats
    slow: Floats
    last: Floats
    sway: Floats
    follow: Floats
    alarmed: NDArray[np.bool_]


class Alarm(NamedTuple):
    """A feature that does not look as it did: its row, the index, and how much more often it is absent."""

    feature: int
    divergence: float
    absent: float


class Population:
    """Frames of features (features, instruments) in, alarms out.

    Laws: permuting instruments changes nothing; a feature that is always absent is never alarmed.
    """

    def __init__(self, features: int) -> None:
        nothing = np.full(features, np.nan)
        shares = np.zeros((features, BINS + 1))
        self._state = PopulationState(
            0,
            np.empty((0, features)),
            np.full((features, BINS - 1), np.nan),
            shares,
            shares.copy(),
            nothing,
            np.zeros(features),
            np.zeros(features),
            np.zeros(features, dtype=np.bool_),
        )

    def push(self, values: Floats) -> None:
        """One frame (features, instruments); NaN is absent."""
        old = self._state
        if old.frames < WARM_FRAMES:
            self._warm(values)
            return
        filled, sums = _binned(values, old.edges)
        width = values.shape[1]
        shares = filled / width
        since = old.frames - WARM_FRAMES + 1
        fast = max(1.0 / since, gain(FAST_FRAMES))
        slow = 1.0 / since if since <= REFERENCE_FRAMES else gain(SLOW_FRAMES)
        present = width - filled[:, BINS]
        mean = np.full(len(values), np.nan)
        np.divide(sums, present, out=mean, where=present > 0)
        centred = np.nan_to_num(mean - MIDDLE)
        before = np.nan_to_num(old.last)
        self._state = old._replace(
            frames=old.frames + 1,
            fast=old.fast + fast * (shares - old.fast),
            slow=old.slow + slow * (shares - old.slow),
            last=centred,
            sway=old.sway + slow * (centred * centred - old.sway),
            follow=old.follow + slow * (centred * before - old.follow),
        )

    def _warm(self, values: Floats) -> None:
        """Deciles come from one value per frame and feature, the instruments by turns: enough, and bounded."""
        old = self._state
        row = values[:, old.frames % values.shape[1]] if values.shape[1] else np.full(len(values), np.nan)
        first = np.vstack([old.first, row])
        edges = old.edges
        if len(first) == WARM_FRAMES:
            edges = _deciles(first)
            first = np.empty((0, len(values)))
        self._state = old._replace(frames=old.frames + 1, first=first, edges=edges)

    def worth(self) -> Floats:
        """How many independent values the short memory stands for, (features,)."""
        state = self._state
        frames = min(state.frames - WARM_FRAMES, FAST_WORTH)
        return independent(np.full(len(state.sway), float(frames)), state.sway, state.follow)

    def indices(self) -> Floats:
        """The index of each feature, (features,); NaN before both memories are filled and where it is always absent."""
        state = self._state
        if state.frames < WARM_FRAMES + FAST_FRAMES:
            return np.full(len(state.fast), np.nan)
        p, q = (_shares(each[:, :BINS]) for each in (state.fast, state.slow))
        return np.asarray(((p - q) * np.log(p / q)).sum(axis=1))

    def alarms(self) -> list[Alarm]:
        """Every feature that does not look as it did, and remembers which, for the way back."""
        state = self._state
        index, absent = self.indices(), state.fast[:, BINS] - state.slow[:, BINS]
        limit = np.where(state.alarmed, INDEX_CALM, INDEX_MAX)
        with np.errstate(invalid="ignore"):
            drifted = index > np.maximum(limit, CHANCE / np.maximum(self.worth(), 1.0))
        missing = (absent > ABSENT_MAX) & (state.frames >= WARM_FRAMES + FAST_FRAMES)
        self._state = state._replace(alarmed=drifted)
        at = np.flatnonzero(drifted | missing)
        return [Alarm(int(row), float(index[row]), float(absent[row])) for row in at]

    def state(self) -> PopulationState:
        """Everything remembered."""
        return self._state

    def load(self, state: PopulationState) -> None:
        """Become what said `state`."""
        self._state = PopulationState(*state)


def independent(frames: Floats, sway: Floats, follow: Floats) -> Floats:
    """How many independent values frames of many instruments stand for, all (features,).

    `sway` is the mean square of the frames' mean bin against the middle, `follow` its mean product with the one before.
    """
    ratio = np.zeros(len(sway))
    np.divide(follow, sway, out=ratio, where=sway > 0.0)
    rho = np.clip(ratio, 0.0, 0.9999)
    return np.asarray(frames * np.maximum(1.0, SPREAD / np.maximum(sway, TINY)) * (1.0 - rho) / (1.0 + rho))


def _deciles(first: Floats) -> Floats:
    """Edges (features, bins - 1) of columns of first values; NaN for a column without any."""
    ordered = np.sort(first, axis=0)
    count = np.isfinite(first).sum(axis=0)
    place = np.arange(1, BINS)[:, None] / BINS * np.maximum(count - 1, 0)
    low = place.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    lower, upper = np.take_along_axis(ordered, low, axis=0), np.take_along_axis(ordered, high, axis=0)
    return np.asarray((lower + (place - low) * (upper - lower)).T)


def _binned(values: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """How many values fall into each bin (features, bins + 1), absent ones last, and the sum of their bins."""
    features = len(values)
    ever = np.flatnonzero(~np.isnan(edges[:, 0]))
    some = values[ever]
    above = np.zeros((features, BINS + 1))
    above[ever, 0] = _rows_of(np.isfinite(some))
    some[np.isinf(some)] = np.nan
    for bin_, edge in enumerate(edges[ever].T, 1):
        above[ever, bin_] = _rows_of(some > edge[:, None])
    counts = np.empty((features, BINS + 1))
    counts[:, :BINS] = above[:, :BINS] - above[:, 1:]
    counts[:, BINS] = values.shape[1] - above[:, 0]
    return counts, np.asarray(counts[:, :BINS] @ np.arange(BINS, dtype=np.float64))


def _rows_of(flags: NDArray[np.bool_]) -> NDArray[np.int32]:
    """How many of each row are set."""
    return np.asarray(flags.view(np.uint8).sum(axis=1, dtype=np.int32))


def gain(half_life: float) -> float:
    return float(1.0 - 0.5 ** (1.0 / half_life))


def _shares(counts: Floats) -> Floats:
    total = counts.sum(axis=1, keepdims=True)
    return np.asarray(np.maximum(counts / np.where(total > 0.0, total, np.nan), TINY))
