"""Splits of labelled rows that let no label of the test be seen in training, and what overlapping labels are worth.

A label lives from `said_ns` to `end_ns`, the end not included: it was fixed by what happened between. Rows said at one
instant never part, so folds are cut between instants. Training rows are purged when their life meets the life of a
test block, [first said, last end), and for the embargo after it. Source: Lopez de Prado, "Advances in Financial Machine
Learning" (2018), chapters 4, 7 and 12.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats

Times = NDArray[np.int64]
Indices = NDArray[np.int64]


class Split(NamedTuple):
    """Row numbers, rising, of training and of test."""

    train: Indices
    test: Indices


def k_fold(said_ns: Times, end_ns: Times, *, folds: int = 5, embargo_ns: int) -> Iterator[Split]:
    """Each of `folds` contiguous blocks once as the test; laws: the tests tile the rows, no life meets across."""
    for block in _blocks(said_ns, folds):
        yield _purged(said_ns, end_ns, (block,), embargo_ns)


def combinatorial(
    said_ns: Times, end_ns: Times, *, groups: int = 6, tests: int = 2, embargo_ns: int
) -> Iterator[Split]:
    """Every choice of `tests` of `groups` contiguous blocks as the test: CPCV(6, 2) has 15 splits, 5 paths."""
    blocks = _blocks(said_ns, groups)
    if not 0 < tests < groups:
        raise ValueError(f"{tests} test blocks of {groups}, expected at least 1 and fewer than all")
    for chosen in combinations(blocks, tests):
        yield _purged(said_ns, end_ns, chosen, embargo_ns)


def walk_forward(
    said_ns: Times, end_ns: Times, starts_ns: tuple[int, ...], *, window_ns: int, embargo_ns: int
) -> Iterator[Split]:
    """One split for each start: trained on the window before it, tested until the next start.

    Only labels that had ended `embargo_ns` before the start are trained on; rows said before the window are left out.
    """
    for number, start in enumerate(starts_ns):
        until = starts_ns[number + 1] if number + 1 < len(starts_ns) else np.iinfo(np.int64).max
        known = (end_ns <= start - embargo_ns) & (said_ns >= start - window_ns)
        test = (said_ns >= start) & (said_ns < until)
        yield Split(np.flatnonzero(known), np.flatnonzero(test))


def holdout(said_ns: Times, end_ns: Times, *, share: float, embargo_ns: int) -> Split:
    """The last `share` of the instants as the test, and what was over before it, less the embargo, for training."""
    if not 0.0 < share < 1.0:
        raise ValueError(f"share was {share}, expected above 0 and below 1")
    instants = np.unique(said_ns)
    if len(instants) < 2:
        raise ValueError(f"{len(instants)} instants, expected at least 2 to split")
    place = min(len(instants) - 1, max(1, round((1.0 - share) * len(instants))))
    start = int(instants[place])
    (split,) = walk_forward(said_ns, end_ns, (start,), window_ns=start - int(instants[0]), embargo_ns=embargo_ns)
    return split


def uniqueness(said_ns: Times, end_ns: Times) -> Floats:
    """Average uniqueness (n,) in (0, 1] of labels: the mean over their life of 1 / labels alive.

    Labels of the same life count as one: they are instruments side by side, not overlap. Law: labels that do not
    overlap are worth 1 each.

    Raises:
        ValueError: a label that does not end after it was said.
    """
    if not bool((end_ns > said_ns).all()):
        raise ValueError("a label ends before it was said, expected end_ns above said_ns")
    lives, where = np.unique(np.stack([said_ns, end_ns], axis=1), axis=0, return_inverse=True)
    grid = np.unique(lives)
    first, last = np.searchsorted(grid, lives[:, 0]), np.searchsorted(grid, lives[:, 1])
    changes = np.bincount(first, minlength=len(grid)) - np.bincount(last, minlength=len(grid))
    alive = np.maximum(np.cumsum(changes)[:-1], 1)
    shared = np.concatenate([[0.0], np.cumsum(np.diff(grid) / alive)])
    worth = (shared[last] - shared[first]) / (lives[:, 1] - lives[:, 0])
    return np.asarray(worth[where.ravel()])


def _blocks(said_ns: Times, count: int) -> tuple[Indices, ...]:
    instants, where = np.unique(said_ns, return_inverse=True)
    if not 2 <= count <= len(instants):
        raise ValueError(f"{count} blocks of {len(instants)} instants, expected at least 2 and at most one each")
    size, more = divmod(len(instants), count)
    edges = np.cumsum([size + (place < more) for place in range(count)])
    block = np.searchsorted(edges, where.ravel(), side="right")
    return tuple(np.flatnonzero(block == place) for place in range(count))


def _purged(said_ns: Times, end_ns: Times, blocks: tuple[Indices, ...], embargo_ns: int) -> Split:
    keep = np.ones(len(said_ns), dtype=np.bool_)
    for block in blocks:
        start, end = int(said_ns[block].min()), int(end_ns[block].max())
        keep &= (end_ns <= start) | (said_ns >= end + embargo_ns)
        keep[block] = False
    return Split(np.flatnonzero(keep), np.sort(np.concatenate(blocks)))
