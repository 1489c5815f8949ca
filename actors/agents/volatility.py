"""How much mids move from beat to beat: the volatility there is before any bar has closed."""

import math

import msgspec
import numpy as np

from actors.alignment import Moves, moved_array
from contracts.column import Column, floats
from contracts.quantities import Nanos, seconds
from quant.rolling import Floats

DECAY = 0.97
RETURNS_MIN = 5
"""With fewer returns than this one lucky pair of beats would pass for calm."""


class VolatilityState(msgspec.Struct, frozen=True):
    """A `BeatVolatility` as it goes into a snapshot."""

    mid: Column
    variance: Column
    counts: Column
    at_ns: Nanos


class BeatVolatility:
    """Exponentially weighted variance of log mid returns per second, one entry per instrument.

    A return is taken between two beats at which the mid was valid; its square is divided by the time between them.
    """

    def __init__(self) -> None:
        self._mid = self._variance = self._counts = np.zeros(0)
        self._at_ns: Nanos = 0

    def add(self, mid: Floats, at_ns: Nanos) -> None:
        """Take the mids of one beat."""
        if len(self._mid) != len(mid):
            self._variance, self._counts = np.zeros(len(mid)), np.zeros(len(mid))
        elif at_ns > self._at_ns:
            change = np.log(mid / self._mid)
            rate = change * change / seconds(at_ns - self._at_ns)
            known = np.isfinite(rate)
            keep: Floats | float = DECAY
            if np.count_nonzero(self._counts) < len(mid):
                keep = np.where(self._counts > 0, DECAY, 0.0)
            moved = keep * self._variance + (1.0 - keep) * rate
            whole = np.count_nonzero(known) == len(mid)
            self._variance = moved if whole else np.where(known, moved, self._variance)
            self._counts = self._counts + known
        self._mid, self._at_ns = mid, at_ns

    def sd_second(self) -> Floats:
        """Standard deviation over one second; NaN before enough returns are known."""
        return np.sqrt(np.where(self._counts >= RETURNS_MIN, self._variance, math.nan))

    def lay_out(self, to: Moves) -> None:
        """The same instruments in the columns of another universe."""
        self._mid = moved_array(self._mid, to, math.nan)
        self._variance = moved_array(self._variance, to, 0.0)
        self._counts = moved_array(self._counts, to, 0.0)

    def state(self) -> VolatilityState:
        """Everything remembered."""
        return VolatilityState(floats(self._mid), floats(self._variance), floats(self._counts), self._at_ns)

    def load(self, state: VolatilityState) -> None:
        """Become what said `state`."""
        self._mid, self._variance, self._counts = state.mid.values, state.variance.values, state.counts.values
        self._at_ns = state.at_ns
