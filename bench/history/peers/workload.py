"""What every engine is given: seeded minute bars, and three strategies by their styles. Needs numpy alone.

`none` never orders. `cross` is in the market by the sign of a fast against a slow exponential average. `active` turns
its position every tenth bar. Orders are for one unit of one instrument, at market, filled at the next bar.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STYLES = ("none", "cross", "active")
FAST, SLOW = 10, 40
TURN_EVERY = 10
FIRST_S = 1_704_067_200
"""2024-01-01."""
BAR_S = 60
FEE = 0.001


class Bars(NamedTuple):
    """Prices of shape (bars, instruments), on a grid of cents."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def bars(count: int, instruments: int, seed: int = 7) -> Bars:
    """A random walk of ten basis points a minute, from 100."""
    chance = np.random.default_rng(seed)
    close = np.round(100.0 * np.exp(np.cumsum(chance.normal(0.0, 1e-3, (count, instruments)), axis=0)), 2)
    close = np.maximum(close, 1.0)
    opened = np.vstack([close[:1], close[:-1]])
    high = np.round(np.maximum(opened, close) + 0.02, 2)
    low = np.round(np.maximum(np.minimum(opened, close) - 0.02, 0.01), 2)
    return Bars(opened, high, low, close, np.full_like(close, 1000.0))


class Run:
    """The CPU time of a run, the orders it made, and what the process held at most."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.orders = 0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the CPU time of what is inside."""
        started = time.process_time()
        try:
            yield
        finally:
            self.cpu_s += time.process_time() - started


def main(version: str, run: Callable[[Bars, str, Run], None]) -> None:
    """`STYLE BARS INSTRUMENTS` on the command line; one JSON object on stdout."""
    style, count, instruments = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    told = Run()
    run(bars(count, instruments), style, told)
    say(version, count * instruments, told)


def say(version: str, events: int, told: Run) -> None:
    """What a run came to, as the one JSON object on stdout."""
    figures: dict[str, Any] = {
        "version": version,
        "events": events,
        "orders": told.orders,
        "cpu_s": told.cpu_s,
        "events_per_s": events / told.cpu_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
