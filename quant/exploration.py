"""Which slot of a slate is given to learning, with what chance, so that every propensity is known exactly.

At most one slot, the last pick that is not held, is given to a runner-up; the chance of that is the share of slots
times their number. Which runner-up is drawn from stated probabilities. Whatever was picked, the log then says with
which probability it would have been, and a policy can be judged off line (`quant.off_policy`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.rolling import Floats
from quant.selection import Caps, Int64s

SHARE_MAX = 0.05


class Slate(NamedTuple):
    """Picks (indices), the probability of each to have been picked, and those of the runners-up."""

    picks: Int64s
    propensities: Floats
    runner_propensities: Floats
    explored: bool


def replaceable(picks: Int64s, runners: Int64s, symbol: Int64s, cluster: Int64s, caps: Caps) -> Int64s:
    """Which runners-up could take the place of the last pick without breaking a cap."""
    stay = picks[:-1]
    fits = [
        bool((symbol[stay] == symbol[one]).sum() < caps.symbol_max)
        and bool((cluster[stay] == cluster[one]).sum() < caps.cluster_max)
        for one in runners.tolist()
    ]
    return runners[np.array(fits, dtype=np.bool_)] if len(fits) else runners


def explore(picks: Int64s, runners: Int64s, preferred: Floats, share: float, chance: np.random.Generator) -> Slate:
    """The picks, of which the last one may have been given to a runner-up, drawn by `preferred` (sums to 1).

    Two numbers are drawn whatever comes of it. Laws: the propensities of all that could be picked sum to the number of
    picks; share 0 or no runner-up leaves the picks as they are, each with propensity 1.

    Raises:
        ValueError: a share outside 0 to 5 %.
    """
    if not 0.0 <= share <= SHARE_MAX:
        raise ValueError(f"the share of slots for exploration was {share}, expected 0 to {SHARE_MAX}")
    first, second = chance.random(2).tolist()
    sure = np.ones(len(picks))
    if not len(picks) or not len(runners) or share == 0.0:
        return Slate(picks, sure, np.zeros(len(runners)), False)
    epsilon = share * len(picks)
    others = epsilon * preferred
    if first >= epsilon:
        sure[-1] = 1.0 - epsilon
        return Slate(picks, sure, others, False)
    drawn = min(int(np.searchsorted(preferred.cumsum(), second, side="right")), len(runners) - 1)
    taken = picks.copy()
    taken[-1] = runners[drawn]
    sure[-1] = others[drawn]
    return Slate(taken, sure, others, True)
