"""What long windows come to, kept as they slide: the cost of a bar does not grow with the window.

A reduction is defined by a plain function of windows (`extremes`, `squares`, `comoments`, `worst_mean`); a `Sliding` of
it keeps the same answer current. Law: after any rows it answers what its definition says of the last window, to
rounding, whatever came before the window; and what is rebuilt from the windows goes on bit for bit.

Windows are folded in blocks (after van Herk 1992 and Gil and Werman 1993): the rest of the oldest block, the whole
blocks in the middle and the beginning of the newest are each known already. Nothing is ever subtracted, so nothing
drifts and an absent value is gone with its row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np

from quant.features.registry import Reduce
from quant.rolling import Floats

TAIL: Final = 0.05
TAIL_ROWS: Final = 30
BLOCK_MIN: Final = 4


def extremes(c: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """The last, the highest and the lowest value, and the largest fall from a high; absent values are left out."""
    fall = np.fmax.reduce(np.fmax.accumulate(c, axis=-1) - c, axis=-1)
    return c[..., -1], np.fmax.reduce(c, axis=-1), np.fmin.reduce(c, axis=-1), fall


def squares(r: Floats) -> tuple[Floats, Floats]:
    """Sum of the squares of those present, and their number."""
    known = ~np.isnan(r)
    return np.where(known, r * r, 0.0).sum(axis=-1), known.sum(axis=-1, dtype=np.float64)


def comoments(r: Floats, mk: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Sums of r^2, mk^2 and r mk over the rows where both are present, and their number."""
    known = ~np.isnan(r + mk)
    x, y = np.where(known, r, 0.0), np.where(known, mk, 0.0)
    return (x * x).sum(axis=-1), (y * y).sum(axis=-1), (x * y).sum(axis=-1), known.sum(axis=-1, dtype=np.float64)


def worst_mean(r: Floats) -> tuple[Floats]:
    """Mean of the lowest twentieth of the rows; NaN where fewer are present."""
    worst = max(1, round(TAIL * r.shape[-1]))
    return (_mean_of_lowest(r, worst),)


def _mean_of_lowest(r: Floats, worst: int) -> Floats:
    """Added up in order of size, so that the sum does not depend on where in the window they lie."""
    return np.asarray(np.sort(np.partition(r, worst - 1, axis=-1)[..., :worst], axis=-1).sum(axis=-1) / worst)


class Sliding(Protocol):
    """One reduction over the windows of one or more columns."""

    def push(self, windows: Sequence[Floats]) -> None:
        """A row came: the windows (width, rows) end with it."""

    def rebuild(self, windows: Sequence[Floats], pushed: int) -> None:
        """Become what has seen `pushed` rows that end with these windows."""

    def answer(self) -> tuple[Floats, ...]:
        """What the definition says of the windows now, each (width,)."""


class Fold(NamedTuple):
    """How rows are folded: `lift` makes (channels, ...) of rows of each column, `join` puts an earlier and a later
    part together, `empty` is the part without rows (one value per channel), `told` makes the answer of a part.
    """

    lift: Callable[..., Floats]
    join: Callable[[Floats, Floats], Floats]
    empty: tuple[float, ...]
    told: Callable[[Floats, Sequence[Floats]], tuple[Floats, ...]]


class Blocks:
    """A `Sliding` of what can be folded, over `rows` rows in blocks of `block`."""

    def __init__(self, fold: Fold, width: int, rows: int, block: int) -> None:
        self._fold, self._rows, self._block = fold, rows, block
        self._nothing = np.repeat(np.array(fold.empty)[:, None], width, axis=1)
        self._last: Sequence[Floats] = (np.full(width, np.nan),)
        self._pushed = 0
        self._oldest = [self._nothing] * (block + 1)
        self._whole = [self._nothing] * (rows // block)
        self._middle = self._newest = self._nothing

    def push(self, windows: Sequence[Floats]) -> None:
        self._last = [window[:, -1].copy() for window in windows]
        self._newest = self._fold.join(self._newest, self._fold.lift(*self._last))
        self._pushed += 1
        if self._pushed % self._block == 0:
            self._whole = [*self._whole[1:], self._newest]
            self._newest = self._nothing
            self._turn(windows, 0)

    def _turn(self, windows: Sequence[Floats], begun: int) -> None:
        """Fold the middle, and the oldest block from each of its rows that the windows still hold to its end."""
        join, lift = self._fold.join, self._fold.lift
        self._middle = self._nothing
        for whole in self._whole[1:]:
            self._middle = join(self._middle, whole)
        part = self._nothing
        rows = _lifted(lift, windows, 0, self._block - begun)
        for row in range(self._block - 1, begun - 1, -1):
            part = join(rows[row - begun], part)
            self._oldest[row] = part

    def rebuild(self, windows: Sequence[Floats], pushed: int) -> None:
        self._last = [window[:, -1].copy() for window in windows]
        self._pushed, begun = pushed, pushed % self._block
        ends = range(self._rows - begun, 0, -self._block)
        self._whole = [self._folded(windows, end - self._block, end) for end in ends][::-1]
        self._newest = self._folded(windows, self._rows - begun, self._rows)
        self._turn(windows, begun)

    def _folded(self, windows: Sequence[Floats], start: int, end: int) -> Floats:
        part = self._nothing
        for row in _lifted(self._fold.lift, windows, max(start, 0), end):
            part = self._fold.join(part, row)
        return part

    def answer(self) -> tuple[Floats, ...]:
        join, begun = self._fold.join, self._pushed % self._block
        return self._fold.told(join(join(self._oldest[begun], self._middle), self._newest), self._last)


def _lifted(lift: Callable[..., Floats], windows: Sequence[Floats], start: int, end: int) -> Floats:
    """Rows of windows as parts, (rows, channels, width)."""
    return np.ascontiguousarray(np.moveaxis(lift(*(window[:, start:end] for window in windows)), -1, 0))


class Worst:
    """The `Sliding` of `worst_mean`.

    Every so many rows the lowest values of the window are set aside, so many that as many as are asked for are left
    when that many of them have gone; until the next time the worst are among them and the rows since. An instrument is
    looked at again only when a value as low as the highest of its worst came or went.
    """

    def __init__(self, width: int, rows: int) -> None:
        self._rows, self._worst = rows, max(1, round(TAIL * rows))
        self._turn = max(TAIL_ROWS, rows // 12)
        self._aside = min(self._worst + self._turn, rows)
        self._low = np.full((width, self._aside), np.nan)
        self._place = np.zeros((width, self._aside), dtype=np.int64)
        self._window = self._low[:, :0]
        self._since = 0
        self._oldest, self._mean, self._highest = np.full((3, width), np.nan)
        self._changed = np.ones(width, dtype=np.bool_)

    def push(self, windows: Sequence[Floats]) -> None:
        self._window = windows[0]
        # Written so that a worst that is not there yet counts as a change; an absent value that goes is none.
        self._changed |= ~((self._oldest > self._highest) & (self._window[:, -1] >= self._highest))
        self._oldest = _high_if_absent(self._window[:, 0])
        self._since += 1
        if self._since == self._turn:
            self._set_aside()

    def _set_aside(self) -> None:
        place = np.argpartition(self._window, self._aside - 1, axis=1)[:, : self._aside]
        self._low, self._place, self._since = np.take_along_axis(self._window, place, axis=1), place, 0

    def rebuild(self, windows: Sequence[Floats], pushed: int) -> None:
        self._window = windows[0]
        self._oldest = _high_if_absent(self._window[:, 0])
        self._changed = np.ones(len(self._oldest), dtype=np.bool_)
        self._set_aside()

    def answer(self) -> tuple[Floats, ...]:
        if self._changed.any():
            who = np.flatnonzero(self._changed)
            here = np.where(self._place[who] >= self._since, self._low[who], np.nan)
            recent = self._window[who, self._window.shape[1] - self._since :]
            # All in order of size at once: to part them first, as over a whole window, costs more than it saves here.
            worst = np.sort(np.concatenate([here, recent], axis=1), axis=1)[:, : self._worst]
            self._mean[who], self._highest[who] = worst.sum(axis=1) / self._worst, worst[:, -1]
            self._changed = np.zeros_like(self._changed)
        return (self._mean,)


def _high_if_absent(row: Floats) -> Floats:
    return np.where(np.isnan(row), np.inf, row)


def _lift_level(c: Floats) -> Floats:
    part = np.empty((3, *c.shape))
    part[0] = part[1] = c
    np.subtract(c, c, out=part[2])
    return part


def _join_levels(early: Floats, late: Floats) -> Floats:
    joined = np.fmax(early, late)
    np.fmin(early[1], late[1], out=joined[1])
    np.fmax(joined[2], early[0] - late[1], out=joined[2])
    return joined


def _lift_square(r: Floats) -> Floats:
    part = np.empty((2, *r.shape))
    known = ~np.isnan(r)
    part[0], part[1] = np.where(known, r * r, 0.0), known
    return part


def _lift_products(r: Floats, mk: Floats) -> Floats:
    known = ~np.isnan(r + mk)
    x, y = np.where(known, r, 0.0), np.where(known, mk, 0.0)
    part = np.empty((4, *r.shape))
    part[0], part[1], part[2], part[3] = x * x, y * y, x * y, known
    return part


def _told(part: Floats, last: Sequence[Floats]) -> tuple[Floats, ...]:
    return tuple(part)


FOLDS: Final[Mapping[Reduce, Fold]] = {
    extremes: Fold(_lift_level, _join_levels, (np.nan,) * 3, lambda part, last: (last[0], *part)),
    squares: Fold(_lift_square, np.add, (0.0, 0.0), _told),
    comoments: Fold(_lift_products, np.add, (0.0,) * 4, _told),
}


def sliding(reduce: Reduce, width: int, rows: int) -> Sliding | None:
    """What keeps that reduction current over so many rows; None where windows are looked at whole."""
    if reduce is worst_mean:
        return Worst(width, rows) if rows > 4 * TAIL_ROWS else None
    fold = FOLDS.get(reduce)
    block = max(size for size in range(1, int(np.sqrt(rows)) + 1) if rows % size == 0)
    return Blocks(fold, width, rows, block) if fold is not None and block >= BLOCK_MIN else None
