"""The last returns of all instruments, laid out when a decision looks at them and as far as bars have come since."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from contracts.column import Column
from quant.rolling import Floats, Ring

CLOSE_BARS_MAX: Final = 5
"""An instrument without a bar is judged by an earlier close, of so many bars at most. A process that starts just before
a bar ends has none of that bar, and an illiquid instrument has none for minutes; the older the close, the less likely a
moved market agrees with it, so this errs towards refusing."""


class Bars(NamedTuple):
    """The last `close` (N,) of the last few bars and the log returns up to the last bar (N, bars - 1), oldest first.

    NaN where absent.
    """

    close: Floats
    returns: Floats


class Returns:
    """What closes have said, kept from one look to the next.

    Law: what is seen is that of the closes alone, byte for byte, whether it was kept or is laid out anew: it may be
    thrown away at any time, and is no part of a state.
    """

    def __init__(self, bars_max: int) -> None:
        self._bars_max = bars_max
        self._ring = Ring(1, 1)
        self._last: Floats | None = None
        self._laid = self._heard = 0
        self._newest: Column | None = None
        self._seen: Bars | None = None

    def hear(self, bars: int) -> None:
        """So many more closes stand at the end of those seen last; the oldest beyond the most kept are gone."""
        self._heard += bars

    def of(self, closes: Sequence[Column]) -> Bars | None:
        """The bars of closes, oldest first; None without any, and the same ones while nothing was heard."""
        if not closes:
            return None
        if not self._heard and self._seen is not None and closes[-1] is self._newest:
            return self._seen
        known = min(self._laid + self._heard, self._bars_max) == len(closes) and self._heard < len(closes)
        if not known or self._ring.n_instruments != len(closes[-1]):
            self._ring = Ring(len(closes[-1]), self._bars_max)
            self._last, self._heard = None, len(closes)
        if self._heard:
            self._push(np.stack([close.values for close in closes[len(closes) - self._heard :]]))
        self._laid, self._heard, self._newest = len(closes), 0, closes[-1]
        returns = self._ring.view(len(closes) - 1) if len(closes) > 1 else np.empty((len(closes[-1]), 0))
        self._seen = Bars(_last_known(closes), returns)
        return self._seen

    def _push(self, closes: Floats) -> None:
        """Lay out the returns to closes (bars, N), from the last one before them where there is one."""
        logs = np.log(closes, out=closes)
        known = logs if self._last is None else np.vstack((self._last, logs))
        self._ring.push_many((known[1:] - known[:-1]).T)
        self._last = logs[-1]


def _last_known(closes: Sequence[Column]) -> Floats:
    close = closes[-1].values
    for earlier in closes[-2 : -1 - CLOSE_BARS_MAX : -1]:
        absent = np.isnan(close)
        if not np.count_nonzero(absent):
            break
        close = np.where(absent, earlier.values, close)
    return close
