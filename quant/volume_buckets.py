"""Buckets of equal volume for many instruments, and how one-sided the trades in them were: VPIN.

Easley, Lopez de Prado and O'Hara (2012), "Flow toxicity and liquidity in a high-frequency world", with the venue's own
sign of each trade instead of a guess. A bucket holds the fiftieth part of an exponentially weighted day's volume, in
whole lots; its size is fixed when it begins, from the minutes that were over by then.
"""

from __future__ import annotations

from math import exp
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats

BUCKETS: Final = 50
BUCKETS_MIN: Final = 10
DAY_S: Final = 86_400.0
MINUTE_S: Final = 60.0

_DECAY: Final = exp(-MINUTE_S / DAY_S)


class BucketsState(NamedTuple):
    """Everything `VolumeBuckets` remember: the ring of closed buckets (50, width), and rows per instrument."""

    closed: Floats
    closed_count: NDArray[np.int64]
    open: Floats
    volume: Floats


class VolumeBuckets:
    """Open and closed buckets of `width` instruments; sizes are lots.

    Before the first minute with a trade is over nobody knows a volume: those trades fill no bucket. Law: the filled
    volume of an open bucket lies in [0, size), its lean in [-filled, filled].
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._closed = np.full((BUCKETS, width), np.nan)
        self._count = [0] * width
        self._size = [0.0] * width
        self._filled = [0.0] * width
        self._lean = [0.0] * width
        self._volume: Floats = np.zeros((2, width))

    def add(self, column: int, lots: int, sign: int) -> None:
        """One trade into the open bucket; what does not fit goes into the next ones."""
        size = self._size[column]
        if size:
            filled = self._filled[column] + lots
            if filled < size:
                self._filled[column] = filled
                self._lean[column] += sign * lots
            else:
                self._fill(column, filled - size, sign)

    def _fill(self, column: int, rest: float, sign: int) -> None:
        """Close the open bucket, and as many more as the rest fills on one side; of those the last fifty are enough."""
        size = self._size[column]
        lean = self._lean[column] + sign * (size - self._filled[column])
        self._close(column, min(1.0, abs(lean) / size))
        size = self._size[column] = self._next_size(column)
        whole = int(rest // size)
        self._count[column] += max(0, whole - BUCKETS)
        for _ in range(min(whole, BUCKETS)):
            self._close(column, 1.0)
        self._filled[column] = rest - whole * size
        self._lean[column] = sign * self._filled[column]

    def _close(self, column: int, one_sided: float) -> None:
        self._closed[self._count[column] % BUCKETS, column] = one_sided
        self._count[column] += 1

    def _next_size(self, column: int) -> float:
        sum_, mass_s = self._volume[:, column].tolist()
        return max(1.0, float(round(sum_ / mass_s * DAY_S / BUCKETS)))

    def end_minutes(self, volume: Floats, silent: int) -> None:
        """A minute is over in which `volume` (width,) lots were traded, and after it `silent` ones without a trade."""
        sum_, mass_s = self._volume
        sum_[:] = (sum_ * _DECAY + volume) * _DECAY**silent
        mass_s[:] = mass_s * _DECAY ** (silent + 1) + MINUTE_S * (1.0 - _DECAY ** (silent + 1)) / (1.0 - _DECAY)
        for column in np.flatnonzero((np.array(self._size) == 0.0) & (sum_ > 0.0)).tolist():
            self._size[column] = self._next_size(column)

    def vpin(self) -> Floats:
        """Mean share of one-sided volume in the closed buckets, in [0, 1]; NaN below ten of them."""
        places = np.minimum(self._count, BUCKETS)
        total = np.where(np.isnan(self._closed), 0.0, self._closed).sum(axis=0)
        return np.asarray(total / np.where(places >= BUCKETS_MIN, places, np.nan))

    def state(self) -> BucketsState:
        """Everything remembered, as copies."""
        opened = np.array([self._size, self._filled, self._lean])
        return BucketsState(self._closed.copy(), np.array(self._count, dtype=np.int64), opened, self._volume.copy())

    def load(self, state: BucketsState) -> None:
        """Become the object that said `state`."""
        self._closed, self._volume = state.closed.copy(), state.volume.copy()
        self._count = state.closed_count.tolist()
        self._size, self._filled, self._lean = state.open.tolist()
