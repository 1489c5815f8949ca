"""A diversified top-K: greedy choice with a signed correlation penalty, then swaps until none helps.

F(A) = sum q_i - g sum_{i<j} sqrt(q_i q_j) C_ij, with C the correlation of *positions* (opposite bets on alike
instruments have negative C and are rewarded) and g = gamma / .2. The signs make F non-submodular, so no bound is
claimed; the tests compare with brute force.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats

GAMMA_UNIT = 0.2
DIGITS = 12
"""Gains that agree to this many digits of the best quality are a tie: rounding must not choose."""

Int64s = NDArray[np.int64]


class Choice(NamedTuple):
    """Indices of the picks in order (held first), what each added to F, and the best of those left out."""

    picks: Int64s
    gains: Floats
    runners_up: Int64s
    runner_gains: Floats


class Caps(NamedTuple):
    """At most this many picks in all (held ones count), per symbol and per cluster."""

    picks_max: int
    symbol_max: int = 1
    cluster_max: int = 2


def quality(mu_net: Floats, mu_error: Floats, shortfall: Floats, confidence: Floats, caution: float = 0.5) -> Floats:
    """Net edge in the candidate's direction, less `caution` standard errors, per unit of expected shortfall.

    Times confidence, never negative; 0 where anything is absent or the shortfall is not positive.
    """
    edge = (mu_net - caution * mu_error) * confidence
    known = np.isfinite(edge) & (shortfall > 0.0)
    return np.where(known, np.maximum(0.0, edge) / np.where(known, shortfall, 1.0), 0.0)


def objective(quality: Floats, correlation: Floats, picks: Int64s, gamma: float) -> float:
    """F of a set of candidates."""
    chosen = np.asarray(picks, dtype=np.int64)
    penalty = _penalties(quality, correlation, gamma)[np.ix_(chosen, chosen)]
    return float(quality[chosen].sum() - penalty.sum() / 2.0)


def marginal(quality: Floats, correlation: Floats, chosen: Int64s, gamma: float) -> Floats:
    """What each candidate would add to F of the chosen ones, (N,)."""
    return np.asarray(quality - _penalties(quality, correlation, gamma)[:, chosen].sum(axis=1))


def select(
    quality: Floats,
    correlation: Floats,
    symbol: Int64s,
    cluster: Int64s,
    held: NDArray[np.bool_],
    caps: Caps,
    gamma: float = 0.1,
    runners: int = 5,
) -> Choice:
    """Choose among N candidates; `correlation` (N, N) of their positions, `symbol` and `cluster` are names as ints.

    Held candidates come first and are never swapped out, whatever their quality or the caps. Others need a positive
    quality and a positive gain. Ties go to the larger quality, then the smaller symbol, then the smaller index.

    Laws: order of candidates changes nothing; scaling quality changes nothing; flipping a candidate's correlations with
    its side changes nothing; gamma = 0 is the plain top-K under the caps; the caps hold for all that are not held.
    """
    search = _Search(np.nan_to_num(quality, nan=0.0), correlation, symbol, cluster, held, caps, gamma)
    search.fill()
    while search.swap():
        search.fill()
    return search.choice(runners)


def _penalties(quality: Floats, correlation: Floats, gamma: float) -> Floats:
    root = np.sqrt(np.maximum(quality, 0.0))
    penalty = (gamma / GAMMA_UNIT) * np.outer(root, root) * correlation
    np.fill_diagonal(penalty, 0.0)
    return penalty


class _Search:
    """The set being built, and what each candidate would add to it."""

    def __init__(
        self,
        quality: Floats,
        correlation: Floats,
        symbol: Int64s,
        cluster: Int64s,
        held: NDArray[np.bool_],
        caps: Caps,
        gamma: float,
    ) -> None:
        self.quality, self.symbol, self.cluster, self.held, self.caps = quality, symbol, cluster, held, caps
        self.penalty = _penalties(quality, correlation, gamma)
        self.scale = float(np.abs(quality).max(initial=0.0)) or 1.0
        self.chosen = held.copy()
        self.eligible = ~held & (quality > 0.0)

    def gains(self, chosen: NDArray[np.bool_]) -> Floats:
        """What each candidate adds to the rest of the set (its own penalty with itself is 0)."""
        return np.asarray(self.quality - self.penalty[:, chosen].sum(axis=1))

    def room(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which candidates may join without breaking a cap."""
        alike_symbol = (self.symbol[:, None] == self.symbol[chosen]).sum(axis=1)
        alike_cluster = (self.cluster[:, None] == self.cluster[chosen]).sum(axis=1)
        free = (alike_symbol < self.caps.symbol_max) & (alike_cluster < self.caps.cluster_max)
        return np.asarray(free & self.eligible & ~chosen & (chosen.sum() < self.caps.picks_max))

    def ranked(self, gains: Floats, among: NDArray[np.bool_]) -> Int64s:
        """Indices from best to worst by (gain, quality, symbol, index)."""
        at = np.flatnonzero(among)
        gain = np.round(gains[at] / self.scale, DIGITS)
        return at[np.lexsort((self.symbol[at], -self.quality[at], -gain))]

    def fill(self) -> None:
        """Add the best candidate while it adds anything."""
        while True:
            gains = self.gains(self.chosen)
            best = self.ranked(gains, self.room(self.chosen) & (gains > 0.0))
            if not best.size:
                return
            self.chosen[best[0]] = True

    def swap(self) -> bool:
        """Make the exchange of one pick for one other (or for nothing) that helps most; whether there was one."""
        current = self.gains(self.chosen)
        least = self.scale * 10.0**-DIGITS
        best_gain, best = 0.0, (-1, -1)
        for out in self.ranked(current, self.chosen & ~self.held):
            without = self.chosen.copy()
            without[out] = False
            gains = self.gains(without)
            room = self.room(without)
            room[out] = False
            into = self.ranked(gains, room)[:1]
            for candidate, gain in ((-1, 0.0), *((int(i), float(gains[i])) for i in into)):
                if gain - current[out] > best_gain + least:
                    best_gain, best = gain - float(current[out]), (int(out), candidate)
        leaving, joining = best
        if leaving < 0:
            return False
        self.chosen[leaving] = False
        if joining >= 0:
            self.chosen[joining] = True
        return True

    def choice(self, runners: int) -> Choice:
        """The set in the order greedy choice would take it, and the best of the rest."""
        order: list[int] = []
        gained: list[float] = []
        taken = np.zeros(len(self.held), dtype=np.bool_)
        for among in (self.chosen & self.held, self.chosen & ~self.held):
            while (left := among & ~taken).any():
                gains = self.gains(taken)
                first = int(self.ranked(gains, left)[0])
                order.append(first)
                gained.append(float(gains[first]))
                taken[first] = True
        gains = self.gains(self.chosen)
        rest = self.ranked(gains, self.eligible & ~self.chosen)[:runners]
        return Choice(np.array(order, dtype=np.int64), np.array(gained), rest, gains[rest])
