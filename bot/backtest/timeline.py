"""History in order of time: closed bars with the bar that comes after them, and rows of everything else.

What closed at an instant is told first, what else is dated at that instant after the beats that belong to it: a bar
covers [start, close), and a row at the close belongs to the next one.
"""

import heapq
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec
import numpy as np

from adapters.simulated.bar_prices import ComingBar, FillSettings
from contracts.column import floats, integers, rows
from contracts.history import BarBlock, Dated
from contracts.instrument import Universe
from contracts.market import BarHistory, ClosedBars
from contracts.quantities import BPS, Nanos, Seconds, nanos
from quant.rolling import Floats

GRAIN: Final = 1e-9
"""Of a tick: a price on the grid may lie that far beside it as a float."""

STAMPS: Final = 64
"""Of a block told at a time: what is reckoned of so many stays in the processor's cache, where blocks are made wide."""


class BarStep(NamedTuple):
    """The bars of one stamp and what the venue trades in until the next; None at the end of history."""

    closed: ClosedBars
    coming: ComingBar | None


Moment = tuple[Nanos, BarStep | msgspec.Struct]
"""When, and one thing of history: a bar step, or the message of a row, as its source dates it."""


def bar_steps(blocks: Iterable[BarBlock], universe: Universe, bar_s: Seconds, fills: FillSettings) -> Iterator[BarStep]:
    """Every stamp of the blocks with its successor; quotes that the source has not are half a spread off the close."""
    before: ClosedBars | None = None
    half_before = np.full(len(universe), np.nan)
    bar_ns = nanos(bar_s)
    tick = np.array([float(each.tick) for each in universe.instruments])
    for block in _pieces(blocks):
        bid, ask, half = _quotes(block, tick, fills)
        told = np.vstack((half_before, half))
        known = np.where(np.isfinite(told[:-1]), told[:-1], half)
        closed = zip(*map(rows, (*block[1:7], bid, ask)), strict=True)
        for row, (close_ns, columns) in enumerate(zip(block.close_ns.tolist(), closed, strict=True)):
            if before is not None:
                coming = [each.values for each in columns[:5]] + [known[row]]
                yield BarStep(before, ComingBar(max(before.close_ns, close_ns - bar_ns), close_ns, *coming))
            before = ClosedBars(universe.version, bar_s, close_ns, *columns)
        half_before = told[-1]
    if before is not None:
        yield BarStep(before, None)


def _pieces(blocks: Iterable[BarBlock]) -> Iterator[BarBlock]:
    """The same bars, some stamps at a time."""
    for block in blocks:
        for first in range(0, len(block.close_ns), STAMPS):
            yield BarBlock._make(each[first : first + STAMPS] for each in block)


def moments(steps: Iterable[BarStep], rows: Iterable[Dated]) -> Iterator[Moment]:
    """Bars and rows merged in order of time; at one instant the bars come first."""
    bars: Iterator[Moment] = ((step.closed.close_ns, step) for step in steps)
    return heapq.merge(bars, rows, key=itemgetter(0))


def history_of(blocks: Iterable[BarBlock], universe: Universe, bar_s: Seconds, bars_max: int) -> BarHistory | None:
    """The last bars of those blocks as one message; None where there are none."""
    kept = [block for block in blocks if len(block.close_ns)]
    if not kept or bars_max < 1:
        return None
    close_ns, *prices = (np.concatenate(columns)[-bars_max:] for columns in zip(*(block[:6] for block in kept)))
    return BarHistory(universe.version, bar_s, integers(close_ns), *(floats(each) for each in prices))


def _quotes(block: BarBlock, tick: Floats, fills: FillSettings) -> tuple[Floats, Floats, Floats]:
    """Bid and ask at the closes, at least a tick apart on the grid, and half the spread; assumed where not known."""
    half = block.close * (fills.half_spread_bps * BPS)
    bid = np.where(np.isfinite(block.bid), block.bid, np.floor((block.close - half) / tick + GRAIN) * tick)
    ask = np.where(np.isfinite(block.ask), block.ask, np.ceil((block.close + half) / tick - GRAIN) * tick)
    told = (block.ask - block.bid) / 2.0
    return bid, np.maximum(ask, bid + tick), np.where(np.isfinite(told), told, half)
