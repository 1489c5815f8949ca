"""Trade flow of many instruments, folded trade by trade and measured at a beat: who presses, how hard, how fast.

Time is the local time of receipt alone, in nanoseconds; a window of n seconds holds the second of the question and the
n whole seconds before it (the hour: minutes likewise). Sizes are lots, prices ticks, signs +1 where the taker bought.

`kyle_300` after Kyle (1985), "Continuous auctions and insider trading": the slope of the mid's moves of whole seconds
on their signed root volumes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats
from quant.trade_measures import TradeMeasures, burst, share, slope
from quant.volume_buckets import BucketsState, VolumeBuckets

SECOND_NS: Final = 1_000_000_000
SECONDS: Final = 301
MINUTES: Final = 61
FAST_TAU_S: Final = 10.0
SLOW_TAU_S: Final = 300.0
MOVES_MIN: Final = 30
BIG_SHARE: Final = 0.05
BIG_STEP: Final = 0.05
TICKS: Final = 20

_BIG_UP: Final = exp(BIG_STEP * (1.0 - BIG_SHARE))
_BIG_DOWN: Final = exp(-BIG_STEP * BIG_SHARE)
_FULL: Final = 1 << TICKS
_NET, _ALL, _BIG_NET, _BIG_ALL, _ROOT, _MOVE = range(6)


class TradeFlowState(NamedTuple):
    """Everything a `TradeFlow` remembers: the second it is in, its rings, and a row per running number."""

    second: int
    seconds: Floats
    minutes: Floats
    rates: Floats
    whole: NDArray[np.int64]
    running: Floats
    waiting: Floats
    buckets: BucketsState


class TradeFlow:
    """Accumulators of `width` instruments; a trade costs the same whatever came before.

    The trades of a second are kept in plain lists and folded into rings of seconds and minutes, for all instruments at
    once, when the next second begins or somebody asks. Law: `measure` equals the same numbers computed from the list
    of all trades and quotes; `load(state())` makes an equal object, bit for bit.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._second = 0
        self._seconds: Floats = np.zeros((6, SECONDS, width))
        self._seconds[_MOVE] = np.nan
        self._minutes: Floats = np.zeros((2, MINUTES, width))
        self._rates: Floats = np.zeros((4, width))
        self._buckets = VolumeBuckets(width)
        self._mid_before = np.zeros(width)
        self._mid = [0.0] * width
        self._at_ns = [0] * width
        self._price = [0] * width
        self._ticks = [1] * width
        self._big = [0.0] * width
        self._start_second()

    def _start_second(self) -> None:
        width = self.width
        empty = [[0.0] * width for _ in range(6)]
        self._net, self._all, self._big_net, self._big_all, self._root, self._count = empty
        self._traded = False

    def trade(self, column: int, at_ns: int, price: int, lots: int, sign: int) -> None:
        """Fold one trade, received at `at_ns`; times may not fall."""
        second = at_ns // SECOND_NS
        if second != self._second:
            self._roll(second)
        self._traded = True
        signed = sign * lots
        self._net[column] += signed
        self._all[column] += lots
        self._count[column] += 1
        self._root[column] += sign * sqrt(lots)
        self._at_ns[column] = at_ns
        if lots <= self._big[column]:
            self._big[column] *= _BIG_DOWN
        else:
            self._large(column, lots, signed)
        if price != self._price[column] or self._ticks[column] > 1:
            self._tick(column, price)
        self._buckets.add(column, lots, sign)

    def quote(self, column: int, at_ns: int, mid: float) -> None:
        """The mid from now on, in any unit of price; 0 where there is none."""
        second = at_ns // SECOND_NS
        if second != self._second:
            self._roll(second)
        self._mid[column] = mid

    def _large(self, column: int, lots: int, signed: int) -> None:
        """A trade above the tracked quantile; the first of all only sets it."""
        if self._big[column]:
            self._big[column] *= _BIG_UP
            self._big_net[column] += signed
            self._big_all[column] += lots
        else:
            self._big[column] = float(lots)

    def _tick(self, column: int, price: int) -> None:
        """Shift in an uptick (1), a downtick (0), or the last direction where the price is the same."""
        before, ticks = self._price[column], self._ticks[column]
        self._price[column] = price
        if before:
            ticks = ticks << 1 | (price > before if price != before else ticks & 1)
            self._ticks[column] = ticks if ticks < 2 * _FULL else ticks & (_FULL - 1) | _FULL

    def _waiting(self) -> tuple[Sequence[float], ...]:
        """What waits of this second, in the order of the rings."""
        return self._net, self._all, self._big_net, self._big_all, self._root

    def _fold(self) -> None:
        """Take what waits of this second into its place."""
        if self._traded:
            self._seconds[:_MOVE, self._second % SECONDS] += self._waiting()
            self._minutes[:, self._second // 60 % MINUTES] += (self._net, self._all)
            self._rates[0] += self._count
            self._start_second()

    def _roll(self, second: int) -> None:
        """End the second that was, and all until the one that begins."""
        self._fold()
        gone = second - self._second
        assert gone > 0, f"time fell from second {self._second} to {second}"
        if not self._second:
            self._second, gone = second, 0
            return
        if any(self._mid) or self._mid_before.any() or any(self._at_ns):
            self._end_seconds(second)
        self._end_rates(gone)
        if second // 60 != self._second // 60:
            self._end_minutes(self._second // 60, second // 60)
        self._second = second

    def _end_seconds(self, second: int) -> None:
        """Keep how the mids moved in the second that ended, and clear those that begin."""
        mid = np.array(self._mid)
        known = (mid > 0.0) & (self._mid_before > 0.0)
        still = np.where(mid > 0.0, 0.0, np.nan)
        moved = np.full(self.width, np.nan)
        np.divide(1e4 * (mid - self._mid_before), self._mid_before, out=moved, where=known)
        self._seconds[_MOVE, self._second % SECONDS] = moved
        skipped = np.arange(max(self._second + 1, second - SECONDS + 1), second) % SECONDS
        self._seconds[:_MOVE, skipped] = 0.0
        self._seconds[_MOVE, skipped] = still
        self._seconds[:_MOVE, second % SECONDS] = 0.0
        self._seconds[_MOVE, second % SECONDS] = np.nan
        self._mid_before = mid

    def _end_rates(self, gone: int) -> None:
        """Weigh the trades of the second that ended, and the silence of the others."""
        count, fast, slow, age = self._rates
        for rate, tau_s in ((fast, FAST_TAU_S), (slow, SLOW_TAU_S)):
            rate += (count - rate) * (1.0 - exp(-1.0 / tau_s))
            rate *= exp(-(gone - 1) / tau_s)
        age += gone
        count[:] = 0.0

    def _end_minutes(self, ended: int, begins: int) -> None:
        """Give the buckets the volume of the minute that ended, and clear the minutes that begin."""
        self._buckets.end_minutes(self._minutes[_ALL, ended % MINUTES], begins - ended - 1)
        for minute in range(max(ended + 1, begins - MINUTES + 1), begins + 1):
            self._minutes[:, minute % MINUTES] = 0.0

    def measure(self, at_ns: int, lot_size: Floats) -> TradeMeasures:
        """What the trades show at `at_ns`; `lot_size` (width,) is what a lot is in base units."""
        second = at_ns // SECOND_NS
        if second != self._second:
            self._roll(second)
        if not any(self._at_ns):
            return TradeMeasures(*np.full((len(TradeMeasures._fields), self.width), np.nan))
        self._fold()
        recent = (second - np.arange(SECONDS)) % SECONDS
        _, fast, slow, age_s = self._rates
        gap_ms = (at_ns - np.array(self._at_ns)) / 1e6
        return TradeMeasures(
            simb_60s=share(*self._seconds[_NET : _ALL + 1, recent[:MINUTES]]),
            simb_300s=share(*self._seconds[_NET : _ALL + 1]),
            simb_3600s=share(*self._minutes),
            vpin_50=self._buckets.vpin(),
            kyle_300=slope(self._seconds[_ROOT, recent], self._seconds[_MOVE, recent], MOVES_MIN) / np.sqrt(lot_size),
            big_imb=share(*self._seconds[_BIG_NET : _BIG_ALL + 1]),
            burst=burst(fast, slow, age_s, FAST_TAU_S, SLOW_TAU_S),
            trade_gap_ms=np.where(np.array(self._at_ns) > 0, gap_ms, np.nan),
            tick_dir_20=np.array([(t.bit_count() - 1) / TICKS if t >= _FULL else np.nan for t in self._ticks]),
        )

    def void_mid(self, column: int) -> None:
        """Forget the mid of a column, whose feed was interrupted: no move is measured across the gap."""
        self._mid[column] = self._mid_before[column] = 0.0

    def state(self) -> TradeFlowState:
        """Everything remembered, as copies; asking changes nothing, not even in which order numbers are added."""
        return TradeFlowState(
            self._second,
            self._seconds.copy(),
            self._minutes.copy(),
            self._rates.copy(),
            np.array([self._at_ns, self._price, self._ticks], dtype=np.int64),
            np.array([self._mid, self._mid_before.tolist(), self._big]),
            np.array((*self._waiting(), self._count), dtype=np.float64),
            self._buckets.state(),
        )

    def load(self, state: TradeFlowState) -> None:
        """Become the object that said `state`; raises ValueError for another width."""
        if state.whole.shape[1] != self.width:
            raise ValueError(f"state of {state.whole.shape[1]} instruments, expected {self.width}")
        self._second, self._seconds = state.second, state.seconds.copy()
        self._minutes, self._rates = state.minutes.copy(), state.rates.copy()
        self._at_ns, self._price, self._ticks = state.whole.tolist()
        self._mid, before, self._big = state.running.tolist()
        self._mid_before = np.array(before)
        self._net, self._all, self._big_net, self._big_all, self._root, self._count = state.waiting.tolist()
        self._traded = any(self._count)
        self._buckets.load(state.buckets)


def laid_out(state: TradeFlowState, to: NDArray[np.int64]) -> TradeFlowState:
    """The state over other instruments: column i is what column `to[i]` was, or as new where that is -1."""
    new = TradeFlow(len(to)).state()
    pairs = zip((*state[1:-1], *state.buckets), (*new[1:-1], *new.buckets), strict=True)
    kept = to >= 0
    for before, after in pairs:
        after[..., kept] = before[..., to[kept]]
    return new._replace(second=state.second)
