"""Look-ahead caught by machine: prefixes, poison, a view that refuses what is not yet available, delays, canaries.

Each check runs a computation twice on histories that agree up to a moment and compares what it said up to then. A
computation is any function from columns (instruments, times) and their times to features of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.rolling import Floats

Times = NDArray[np.int64]
History = Mapping[str, Floats]
Compute = Callable[[History, Times], Mapping[str, Floats]]

TOLERANCE = 1e-9
CUTS_RANDOM = 32
POISON_CUTS = 8
POISONS = ("random", "huge", "absent")
HUGE = 1e6
IC_MAX = 0.3
LABELS_MIN = 100


@dataclass(frozen=True)
class Fault:
    """A feature that knew too much: which check saw it, and how many times it had seen when it gave itself away."""

    feature: str
    check: str
    times: int


class LookAheadError(ValueError):
    """Something was read before it was available."""


class AvailableView:
    """A column (..., times) as one may see it at `at_ns`: reading any value that is available later raises.

    `available_ns` (times,) is when each value could first be known (receipt or release, not the time of the event).
    Indexing works on the time axis with numbers, slices and arrays; as an array it gives what is available.
    """

    def __init__(self, values: Floats, available_ns: Times, at_ns: int) -> None:
        if values.shape[-1:] != available_ns.shape:
            raise ValueError(f"values of shape {values.shape} with {available_ns.shape[0]} times of availability")
        self._values, self._available_ns, self._at_ns = values, available_ns, at_ns

    def __len__(self) -> int:
        return int((self._available_ns <= self._at_ns).sum())

    def __getitem__(self, index: int | slice | NDArray[np.int64]) -> Floats:
        wanted = np.asarray(self._available_ns[index])
        if (wanted > self._at_ns).any():
            late = int(wanted.max())
            raise LookAheadError(f"a value available at {late} ns was read at {self._at_ns} ns")
        return np.asarray(self._values[..., index])

    def __array__(self, dtype: np.dtype[np.float64] | None = None, copy: bool | None = None) -> Floats:
        return np.asarray(self._values[..., self._available_ns <= self._at_ns], dtype=dtype)


def cuts_of(times: int, rng: np.random.Generator, count: int = CUTS_RANDOM) -> list[int]:
    """Lengths of prefixes: both edges and `count` at random."""
    edges = {1, 2, times - 1, times}
    return sorted(edges | set(rng.integers(2, times, count).tolist()))


def prefix_faults(compute: Compute, history: History, at_ns: Times, cuts: Iterable[int]) -> list[Fault]:
    """Features whose last value on a prefix differs from the value of that time on the whole history."""
    whole = compute(history, at_ns)
    faults: list[Fault] = []
    for cut in cuts:
        part = compute(_until(history, cut), at_ns[:cut])
        faults += [
            Fault(name, "prefix", cut)
            for name, values in whole.items()
            if _differ(part[name][..., cut - 1 : cut], values[..., cut - 1 : cut], _size(values))
        ]
    return faults


def poison_faults(
    compute: Compute, history: History, at_ns: Times, cuts: Iterable[int], rng: np.random.Generator
) -> list[Fault]:
    """Features that change up to a cut when everything after it is replaced by noise, by 1e6 or by nothing."""
    whole = compute(history, at_ns)
    faults: list[Fault] = []
    for cut in cuts:
        for poison in POISONS:
            spoiled = compute({name: _poisoned(column, cut, poison, rng) for name, column in history.items()}, at_ns)
            faults += [
                Fault(name, f"poison: {poison}", cut)
                for name, values in whole.items()
                if _differ(spoiled[name][..., :cut], values[..., :cut], _size(values))
            ]
    return faults


def delay_faults(
    compute: Compute, history: History, at_ns: Times, columns: Sequence[str], sources: Mapping[str, bool], rows: int
) -> list[Fault]:
    """Features that do more than grow older when `columns` (of one source) arrive `rows` pushes later.

    `sources` says of each feature to compare whether it lives on those columns alone (it must then be what it was
    `rows` pushes before) or not on them at all (it must not change). Features not named are not compared.
    """
    late = dict(history) | {name: _delayed(history[name], rows) for name in columns}
    before, after = compute(history, at_ns), compute(late, at_ns)
    faults = []
    for name, touched in sources.items():
        wanted = _delayed(before[name], rows) if touched else before[name]
        if _differ(after[name][..., rows:], wanted[..., rows:], _size(before[name])):
            faults.append(Fault(name, "delay", rows))
    return faults


def canary_alarms(features: Mapping[str, Floats], label: Floats, ic_max: float = IC_MAX) -> dict[str, float]:
    """Features whose rank correlation with the label (instruments, times) is too good to be true, and how good it is.

    No honest feature of liquid markets reaches .1 (quant research on daily and hourly horizons), so .3 is an alarm.
    """
    correlations = {name: rank_correlation(values, label) for name, values in features.items()}
    return {name: ic for name, ic in correlations.items() if abs(ic) > ic_max}


def rank_correlation(x: Floats, y: Floats) -> float:
    """Spearman's over all pairs where both are known; 0 with fewer than LABELS_MIN or where one does not vary."""
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < LABELS_MIN:
        return 0.0
    a, b = _ranks(x[known]), _ranks(y[known])
    spread = a.std() * b.std()
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0.0 else 0.0


def _ranks(x: Floats) -> Floats:
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - 0.5 * (counts - 1))[inverse])


def _until(history: History, cut: int) -> dict[str, Floats]:
    return {name: column[..., :cut] for name, column in history.items()}


def _delayed(column: Floats, rows: int) -> Floats:
    late = np.full(column.shape, np.nan)
    late[..., rows:] = column[..., : column.shape[-1] - rows]
    return late


def _poisoned(column: Floats, cut: int, poison: str, rng: np.random.Generator) -> Floats:
    spoiled = column.copy()
    future = spoiled[..., cut:]
    if poison == "random":
        future[...] = rng.gamma(2.0, 100.0, future.shape)
    else:
        future[...] = HUGE if poison == "huge" else np.nan
    return spoiled


def _size(values: Floats) -> float:
    """What counts as large for a feature: below a billionth of it a difference is rounding."""
    known = np.abs(values[np.isfinite(values)])
    return float(np.median(known)) if known.size else 0.0


def _differ(got: ArrayLike, wanted: Floats, size: float) -> bool:
    return not np.allclose(got, wanted, rtol=TOLERANCE, atol=TOLERANCE * size, equal_nan=True)
