"""What every engine is told tick by tick: seeded quotes, and three strategies by their styles. Needs numpy alone.

A quote every ten milliseconds, of an instrument by chance. `none` never orders. `cross` holds an instrument by the
sign of a fast against a slow exponential average of its middle, `active` turns its position; both at every tenth quote
of an instrument, so that an order is always filled and told before the next. Orders are for one unit, at market.
Nobody orders in the first seconds, before all are quoted.
"""

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from workload import FIRST_S, Run, say

Int64s = npt.NDArray[np.int64]

FAST, SLOW = 20, 100
TURN_EVERY = 10
GAP_NS = 10_000_000
FIRST_NS = FIRST_S * 10**9 + GAP_NS // 2
"""Half a gap beside the whole seconds, on which a venue tells what it did in packets."""

START_NS = (FIRST_S + 5) * 10**9
"""From here on orders are made."""

SIZE = 1000
"""On either side of a quote, in units."""


class Quotes(NamedTuple):
    """One row a quote: which instrument, when, and prices in cents."""

    who: Int64s
    at_ns: Int64s
    bid: Int64s
    ask: Int64s


def quotes(count: int, instruments: int, seed: int = 7) -> Quotes:
    """Prices around 100 that move by a cent or not at all, one or two cents wide."""
    chance = np.random.default_rng(seed)
    who = chance.integers(0, instruments, count)
    who[:instruments] = np.arange(min(count, instruments))
    steps, bid = chance.choice(np.array([-1, 0, 0, 1]), count), np.empty(count, dtype=np.int64)
    for number in range(instruments):
        bid[who == number] = np.maximum(10_000 + np.cumsum(steps[who == number]), 100)
    return Quotes(who, FIRST_NS + GAP_NS * np.arange(count), bid, bid + chance.integers(1, 3, count))


def main(version: str, run: Callable[[Quotes, int, str, Run], None]) -> None:
    """`STYLE QUOTES INSTRUMENTS` on the command line; one JSON object on stdout."""
    style, count, instruments = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    told = Run()
    run(quotes(count, instruments), instruments, style, told)
    say(version, count, told)
