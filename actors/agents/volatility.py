"""How much mids move from beat to beat: the volatility there is before any bar has closed."""

import msgspec
import numpy as np

from actors.alignment import Moves, moved, moved_array
from contracts.column import Column, floats
from contracts.quantities import Nanos, seconds
from quant.rolling import Floats, ewma_step

DECAY = 0.97
RETURNS_MIN = 5
"""With fewer returns than this one lucky pair of beats would pass for calm."""


class BeatVolatility(msgspec.Struct):
    """Exponentially weighted variance of log mid returns per second, one entry per instrument.

    A return is taken between two beats at which the mid was valid; its square is divided by the time between them.
    """

    mid: Column = msgspec.field(default_factory=lambda: floats([]))
    variance: Column = msgspec.field(default_factory=lambda: floats([]))
    counts: list[int] = []
    at_ns: Nanos = 0

    def add(self, mid: Floats, at_ns: Nanos) -> None:
        """Take the mids of one beat."""
        if len(self.mid) != len(mid):
            self.variance, self.counts = floats(np.full(len(mid), np.nan)), [0] * len(mid)
        elif at_ns > self.at_ns:
            change = np.log(mid / self.mid.values)
            rate = change * change / seconds(at_ns - self.at_ns)
            self.variance = floats(ewma_step(self.variance.values, rate, DECAY))
            self.counts = (np.array(self.counts, dtype=np.int64) + ~np.isnan(rate)).tolist()
        self.mid, self.at_ns = floats(mid), at_ns

    def sd_second(self) -> Floats:
        """Standard deviation over one second; NaN before enough returns are known."""
        known = np.array(self.counts, dtype=np.int64) >= RETURNS_MIN
        return np.sqrt(np.where(known, self.variance.values, np.nan))

    def lay_out(self, to: Moves) -> None:
        """The same instruments in the columns of another universe."""
        self.mid = floats(moved_array(self.mid.values, to, np.nan))
        self.variance = floats(moved_array(self.variance.values, to, np.nan))
        self.counts = moved(self.counts, to, 0)
