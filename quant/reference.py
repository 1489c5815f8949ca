"""What inputs looked like in training, and how far others are from it: population index and Kolmogorov-Smirnov.

A reference remembers of each input 41 quantiles, how many training values lay at or below each (ties count), how often
it was absent, and how many independent values it stands for. Ten bins between its deciles make the population index;
all 41 places make the distance, which is the exact one except between two neighbouring quantiles.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.model import InputReference
from quant.population import BINS, CHANCE, TINY, independent
from quant.rolling import Floats

STEPS: Final = 40
"""Quantiles are at 0/40, 1/40, ... 40/40."""
PER_BIN: Final = STEPS // BINS
INNER: Final = slice(PER_BIN, STEPS, PER_BIN)
"""The places between bins."""
BLOCKS: Final = 20
BLOCK_NS: Final = 30_000 * 1_000_000_000
BLOCKS_MIN, BLOCKS_MAX = 6, 200
WANDER_FACTOR: Final = 1.5
"""So much further than the furthest block of training an input has to be."""


class Reference(NamedTuple):
    """Columns by input: `places` and `below` (inputs, 41), the others (inputs,), over so many `instants`.

    `below` is the share of the known training values at or below the place, NaN where an input was never there; `worth`
    how many independent values it rests on: a slow input has few, one that never changed has one. `wander` is how far,
    by the population index, the furthest third of a day of training lay from the whole (a sixth of all, where that is
    less): what is no further now may have gone as far then.
    """

    places: Floats
    below: Floats
    absent: Floats
    worth: Floats
    wander: Floats
    instants: int

    @property
    def shares(self) -> Floats:
        """Shares of the known values in each of the ten bins, (inputs, 10)."""
        inner = self.below[:, INNER]
        return np.diff(inner, axis=1, prepend=0.0, append=1.0)


class Apart(NamedTuple):
    """How far each input is from its reference, (inputs,): index, distance, its p, and how much more it is absent."""

    divergence: Floats
    distance: Floats
    p: Floats
    absent: Floats


def reference_of(x: Floats, said_ns: NDArray[np.int64]) -> Reference:
    """The reference of training rows (rows, inputs), said at those times (rows,), in their order.

    Laws: the order of rows of one time does not matter; adding a constant to an input moves its places alone.
    """
    inputs = x.shape[1]
    places, below = np.full((2, inputs, STEPS + 1), np.nan)
    absent, worth, wander = np.ones(inputs), np.zeros(inputs), np.zeros(inputs)
    blocks = _blocks(said_ns)
    starts = np.flatnonzero(np.diff(said_ns, prepend=said_ns[:1] - 1))
    for column, values in enumerate(x.T):
        known = np.sort(values[np.isfinite(values)])
        absent[column] = 1.0 - len(known) / max(1, len(values))
        if len(known):
            places[column] = np.quantile(known, np.arange(STEPS + 1) / STEPS, method="inverted_cdf")
            below[column] = np.searchsorted(known, places[column], side="right") / len(known)
            bins = np.where(np.isfinite(values), np.searchsorted(places[column, INNER], values), np.nan)
            worth[column] = _worth(bins, starts)
            wander[column] = _wander(bins, blocks)
    return Reference(places, below, absent, worth, wander, len(starts))


def _blocks(said_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which block of time each row is in."""
    if not len(said_ns):
        return np.zeros(0, dtype=np.int64)
    span_ns = int(said_ns.max() - said_ns.min()) + 1
    count = min(BLOCKS_MAX, max(BLOCKS_MIN, round(span_ns / BLOCK_NS)))
    # Divided by a length, not multiplied by the count: nanoseconds of years leave no room for a factor.
    return np.asarray((said_ns - said_ns.min()) // -(-span_ns // count))


def _wander(bins: Floats, blocks: NDArray[np.int64]) -> float:
    """The largest index of the bins of one block against all."""
    known = np.isfinite(bins)
    count = int(blocks.max()) + 1
    flat = np.bincount(blocks[known] * BINS + bins[known].astype(np.int64), minlength=count * BINS)
    table = flat.reshape(count, BINS).astype(np.float64)
    rows = table.sum(axis=1)
    full = rows >= rows.mean() / 2.0
    shares = table[full] / rows[full, None]
    return float(population_index(shares, table.sum(axis=0) / rows.sum()).max())


def _worth(bins: Floats, starts: NDArray[np.int64]) -> float:
    """How many independent values those of all instants stand for, by how the instants' mean bins follow each other.

    The least that two views of it say: from one instant to the next, and of a twentieth of all time to another, in
    which a slow wave shows that is hidden under noise from instant to instant.
    """
    known = np.isfinite(bins)
    counts = np.add.reduceat(known.astype(np.float64), starts)
    sums = np.add.reduceat(np.where(known, bins, 0.0), starts)
    mean = sums[counts > 0.0] / counts[counts > 0.0]
    centred = mean - mean.mean()
    sway = float((centred**2).mean())
    if sway <= TINY:
        return 1.0
    follow = float((centred[1:] * centred[:-1]).mean())
    step = float(independent(np.array([float(len(mean))]), np.array([sway]), np.array([follow]))[0])
    views = [float(known.sum()), step]
    if len(mean) >= 2 * BLOCKS:
        blocks = np.array([block.mean() for block in np.array_split(centred, BLOCKS)])
        views.append(float(np.nanvar(bins)) * BLOCKS / max(float((blocks**2).mean()), TINY / BLOCKS))
    return max(1.0, min(views))


def apart(reference: Reference, below: Floats, absent: Floats, worth: Floats) -> Apart:
    """How far shares at or below the places (inputs, 41), absent ones (inputs,), are from the reference.

    `worth` (inputs,) is how many independent values they rest on. NaN where an input was or is never there.
    """
    shares = np.diff(below[:, INNER], axis=1, prepend=0.0, append=1.0)
    distance = np.abs(below - reference.below).max(axis=1)
    count = worth * reference.worth / np.maximum(worth + reference.worth, 1.0)
    return Apart(
        population_index(shares, reference.shares), distance, kolmogorov_p(distance, count), absent - reference.absent
    )


def worth_of(reference: Reference, frames: float) -> Floats:
    """How many independent values so many frames are worth, by how inputs followed themselves in training."""
    return np.asarray(np.maximum(1.0, frames * reference.worth / max(1, reference.instants)))


def furthest_by_chance(reference: Reference, worth: Floats) -> Floats:
    """The index that an input may reach without having drifted, (inputs,): by so few values, or as it wandered before.

    By values: chi-squared with nine degrees of freedom beyond one in a million, over the independent ones of each side.
    """
    few = CHANCE * (1.0 / worth + 1.0 / np.maximum(reference.worth, 1.0))
    return np.asarray(np.maximum(few, WANDER_FACTOR * reference.wander))


def counted(reference: Reference, values: Floats) -> tuple[Floats, Floats]:
    """How many values (inputs, n) lie at or below each place (inputs, 41), and how many are known (inputs,)."""
    rounded = values.astype(np.float32).astype(np.float64)  # as training saw them: what lies on a place lies on it
    rounded[np.isinf(rounded)] = np.nan
    with np.errstate(invalid="ignore"):
        below = np.stack([(rounded <= place[:, None]).sum(axis=1) for place in reference.places.T], axis=1)
    return below.astype(np.float64), np.isfinite(rounded).sum(axis=1).astype(np.float64)


def population_index(p: Floats, q: Floats) -> Floats:
    """Sum of (p - q) ln(p / q) over bins (..., bins), bins with next to nothing counted as TINY."""
    least_p, least_q = np.maximum(p, TINY), np.maximum(q, TINY)
    return np.asarray(((least_p - least_q) * np.log(least_p / least_q)).sum(axis=-1))


def kolmogorov_p(distance: Floats, count: Floats) -> Floats:
    """Probability of such a distance by chance among so many independent values (Stephens 1970); NaN stays NaN."""
    from scipy.special import kolmogorov

    root = np.sqrt(np.maximum(count, 1.0))
    return np.asarray(kolmogorov(distance * (root + 0.12 + 0.11 / root)))


def two_samples(one: Floats, other: Floats) -> tuple[float, float]:
    """Index, with bins between the deciles of `other`, and exact distance of two samples; NaN without values."""
    one, other = np.sort(one[np.isfinite(one)]), np.sort(other[np.isfinite(other)])
    if not len(one) or not len(other):
        return math.nan, math.nan
    every = np.concatenate([one, other])
    below = [np.searchsorted(each, every, side="right") / len(each) for each in (one, other)]
    edges = np.quantile(other, np.arange(1, BINS) / BINS, method="inverted_cdf")
    inner = [np.searchsorted(each, edges, side="right") / len(each) for each in (one, other)]
    p, q = (np.diff(each, prepend=0.0, append=1.0) for each in inner)
    return float(population_index(p, q)), float(np.abs(below[0] - below[1]).max())


def kept(reference: Reference) -> InputReference:
    """The reference as it goes into a file; what was never there has no places."""
    return InputReference(
        places=_rows(reference.places),
        below=_rows(reference.below),
        absent=tuple(reference.absent.tolist()),
        worth=tuple(reference.worth.tolist()),
        wander=tuple(reference.wander.tolist()),
        instants=reference.instants,
    )


def recalled(found: InputReference) -> Reference:
    """The reference as it was. Raises ValueError where it is none."""
    inputs = len(found.absent)
    if found.instants < 1:
        raise ValueError(f"a reference rests on {found.instants} instants, expected 1 or more")
    if not (len(found.places) == len(found.below) == len(found.worth) == len(found.wander) == inputs):
        raise ValueError(f"a reference of {inputs} inputs has {len(found.places)} rows of places")
    places, below = (np.full((inputs, STEPS + 1), np.nan) for _ in range(2))
    for table, rows in ((places, found.places), (below, found.below)):
        for column, row in enumerate(rows):
            if len(row) not in (0, STEPS + 1) or any(one > next_ for one, next_ in pairwise(row)):
                raise ValueError(f"input {column} of a reference has {len(row)} places, expected {STEPS + 1} that rise")
            if row:
                table[column] = row
    if ((below < 0.0) | (below > 1.0)).any():
        raise ValueError("a reference has shares outside of 0 to 1")
    absent, worth, wander = np.array([found.absent, found.worth, found.wander])
    return Reference(places, below, absent, worth, wander, found.instants)


def _rows(table: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(() if row[0] != row[0] else tuple(row) for row in table.tolist())
