"""Windows over instruments: a ring of cross-section rows, and exponential weights with an explicit NaN policy.

Arrays are float64 with time on the last axis, oldest first; NaN means absent.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Ring:
    """The last `window` cross-section rows of `n_instruments`, pushed in O(n_instruments), read without a copy.

    Each row is written twice, `window` rows apart, so that the newest `window` rows always lie one after the other
    in time order; the instruments of a row lie side by side, so that a push is two copies and a reduction over time
    adds whole rows. Rows not yet pushed read as NaN. Law: after any pushes `view(w)` equals the last `w` of all pushed
    rows behind a wall of NaN; `load(state())` makes an equal ring, bit for bit.
    """

    __slots__ = ("_buffer", "_next", "_shown", "rows", "window")

    def __init__(self, n_instruments: int, window: int) -> None:
        if n_instruments < 1 or window < 1:
            raise ValueError(f"ring of {n_instruments} instruments x {window} rows, expected at least 1 x 1")
        self.window = window
        self.rows = 0
        self._next = 0
        self._buffer = np.full((2 * window, n_instruments), np.nan)
        self._shown = self._buffer.T
        self._shown.flags.writeable = False

    @property
    def n_instruments(self) -> int:
        return int(self._buffer.shape[1])

    def push(self, row: Floats) -> None:
        """Append one row of shape (n_instruments,)."""
        buffer, at = self._buffer, self._next
        if row.shape != buffer.shape[1:]:
            raise ValueError(f"row of shape {row.shape}, expected ({self.n_instruments},)")
        buffer[at] = buffer[at + self.window] = row
        self._next = (at + 1) % self.window
        self.rows += 1

    def replace(self, row: Floats) -> None:
        """Put one row of shape (n_instruments,) in the place of the newest; the first row is pushed."""
        if self.rows:
            self._next = (self._next - 1) % self.window
            self.rows -= 1
        self.push(row)

    def push_many(self, columns: Floats) -> None:
        """Append columns of shape (n_instruments, any), oldest first; the same as pushing them one by one."""
        if columns.ndim != 2 or columns.shape[0] != self.n_instruments:
            raise ValueError(f"columns of shape {columns.shape}, expected ({self.n_instruments}, any)")
        kept = columns[:, -self.window :]
        first = min(kept.shape[1], self.window - self._next)
        for half in (self._buffer[: self.window], self._buffer[self.window :]):
            half[self._next : self._next + first] = kept[:, :first].T
            half[: kept.shape[1] - first] = kept[:, first:].T
        self._next = (self._next + kept.shape[1]) % self.window
        self.rows += columns.shape[1]

    def view(self, window: int | None = None) -> Floats:
        """The last `window` rows (all for None) as a read-only (n_instruments, window) view, oldest first."""
        width = self.window if window is None else window
        if not 1 <= width <= self.window:
            raise ValueError(f"a view of {width} rows, expected 1 to {self.window}")
        end = self._next + self.window
        return self._shown[:, end - width : end]

    def state(self) -> tuple[Floats, int]:
        """A copy of the rows in time order, shape (n_instruments, window), and how many were ever pushed."""
        return self.view().copy(order="C"), self.rows

    def load(self, state: tuple[Floats, int]) -> None:
        """Become the ring that said `state`."""
        columns, rows = state
        if columns.shape != (self.n_instruments, self.window):
            raise ValueError(f"state of shape {columns.shape}, expected ({self.n_instruments}, {self.window})")
        self._buffer[: self.window] = self._buffer[self.window :] = columns.T
        self._next = 0
        self.rows = rows


@cache
def ewma_weights(window: int, decay: float) -> Floats:
    """Weights decay**age for ages window-1 .. 0 (oldest first); not normalised, read-only."""
    if not 0.0 < decay <= 1.0:
        raise ValueError(f"decay is {decay}, expected above 0 and at most 1")
    weights = np.asarray(np.power(decay, np.arange(window - 1, -1, -1, dtype=np.float64)))
    weights.flags.writeable = False
    return weights


def ewma(values: Floats, decay: float, present_min: int) -> Floats:
    """Exponentially weighted mean over the last axis of (..., window).

    An absent value has weight zero and the rest are renormalised; NaN when fewer than `present_min` are present.
    """
    weights = ewma_weights(values.shape[-1], decay)
    if len(weights) < present_min:
        return np.full(values.shape[:-1], np.nan)
    return ewma_or_present(values, decay, present_min, values @ weights)


def ewma_or_present(values: Floats, decay: float, present_min: int, total: Floats) -> Floats:
    """The same where the weighted sum of the whole window is known already, NaN where a value is absent."""
    weights = ewma_weights(values.shape[-1], decay)
    out = np.asarray(total / weights.sum())
    gapped = np.isnan(out)  # absent values are rare, and looking for them costs more than the mean
    if gapped.any():
        out[gapped] = _ewma_of_present(values[gapped], weights, present_min)
    return out


def ewma_offset(values: Floats, decay: float, present_min: int) -> Floats:
    """The same mean, less the last value: one product with weights that add up to nothing, no differences are stored.

    Exact to rounding of the values themselves; NaN where the last value is absent.
    """
    weights = ewma_weights(values.shape[-1], decay)
    if len(weights) < present_min:
        return np.full(values.shape[:-1], np.nan)
    return offset_or_present(values, decay, present_min, np.asarray(values @ _offset_weights(len(weights), decay)))


def offset_or_present(values: Floats, decay: float, present_min: int, out: Floats) -> Floats:
    """The same where it is known already, NaN where a value is absent; it is written over."""
    weights = ewma_weights(values.shape[-1], decay)
    gapped = np.isnan(out)
    if gapped.any():
        some = values[gapped]
        out[gapped] = _ewma_of_present(some - some[..., -1:], weights, present_min)
    return out


@cache
def _offset_weights(window: int, decay: float) -> Floats:
    weights = ewma_weights(window, decay)
    offset: Floats = weights / weights.sum()
    offset[-1] -= 1.0
    offset.flags.writeable = False
    return offset


def _ewma_of_present(values: Floats, weights: Floats, present_min: int) -> Floats:
    absent = np.isnan(values)
    present = 1.0 - absent
    enough = present.sum(axis=-1) >= present_min
    total = np.where(absent, 0.0, values) @ weights
    return np.asarray(total / np.where(enough, present @ weights, np.nan))


def ewma_step(mean: Floats, value: Floats, decay: float) -> Floats:
    """One recursive step `decay * mean + (1 - decay) * value` per element.

    An absent value leaves the mean as it was; an absent mean starts at the value.
    """
    stepped = decay * mean + (1.0 - decay) * value
    return np.where(np.isnan(value), mean, np.where(np.isnan(mean), value, stepped))


def blend(total: Floats, mass: Floats, values: Floats, rates: Floats) -> Floats:
    """One exponential step in place, `total` and `mass` towards values and 1 by `rates`; returns the normalised means.

    An absent value changes nothing. NaN where nothing was ever seen. Early means are over what there is: after n steps
    the first value still counts (1 - rate)^n.
    """
    known = ~np.isnan(values)
    if known.all():  # the same numbers in half as many steps: as a rule nothing is absent
        total += rates * (values - total)
        mass += rates * (1.0 - mass)
        return np.asarray(total / np.where(mass > 0.0, mass, np.nan))
    rate = np.where(known, rates, 0.0)
    total += rate * (np.where(known, values, 0.0) - total)
    mass += rate * (1.0 - mass)
    return np.asarray(total / np.where(mass > 0.0, mass, np.nan))
