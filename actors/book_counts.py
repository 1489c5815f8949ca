"""What happened at the touches of the books since the last beats, in lots and messages, kept in slices."""

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.alignment import Moves, moved, moved_array
from contracts.column import Column, integers
from contracts.quantities import SECOND_NS, Nanos
from quant.order_flow import Touch, order_flow, removed

BEAT_JITTER_NS: Final = SECOND_NS // 10
"""Beats come a little late, never this much: a window counts whole slices, not one more because a beat was late."""

ROWS: Final = ("flow", "depth", "events", "updates", "removed", "traded")


class Slice(msgspec.Struct, frozen=True):
    """What happened between two beats: `counts` has the rows of ROWS."""

    end_ns: Nanos
    counts: Column


class BookCounts(msgspec.Struct):
    """Per column since the last beat; `slices` are those before.

    `flow` is the order-flow imbalance, `depth` the sum of both best sizes over `events` changes of the touch, `updates`
    counts changes of the book, `removed` is what went from the best levels and `traded` what trades explain of it.
    """

    flow: list[int] = []
    depth: list[int] = []
    events: list[int] = []
    updates: list[int] = []
    removed: list[int] = []
    traded: list[int] = []
    slices: list[Slice] = []

    def touch_changed(self, column: int, before: Touch, after: Touch) -> None:
        """The touch of a column went from one to another, both with two sides."""
        self.flow[column] += order_flow(before, after)
        self.depth[column] += after.bid_lots + after.ask_lots
        self.events[column] += 1
        self.removed[column] += removed(before, after)

    def end_slice(self, at_ns: Nanos, kept_ns: Nanos) -> None:
        """A beat: what happened until now is a slice, and slices older than `kept_ns` are forgotten."""
        counts = integers(self._rows() if any(self.updates) or any(self.traded) else self._nothing())
        self.slices = [each for each in self.slices if each.end_ns > at_ns - kept_ns]
        self.slices.append(Slice(at_ns, counts))
        self._start(len(self.flow))

    def within(self, at_ns: Nanos, windows_ns: tuple[Nanos, ...]) -> list[NDArray[np.int64]]:
        """Sums over the slices of each window, shape (rows of ROWS, columns), at the end of a slice."""
        ends = np.array([each.end_ns for each in self.slices])
        counts: NDArray[Any] = np.array([each.counts.values for each in self.slices])
        return [counts[ends > at_ns - window_ns + BEAT_JITTER_NS].sum(axis=0) for window_ns in windows_ns]

    def lay_out(self, to: Moves) -> None:
        """The same over another universe."""
        for name in ROWS:
            setattr(self, name, moved(getattr(self, name), to, 0))
        self.slices = [Slice(each.end_ns, integers(moved_array(each.counts.values, to, 0))) for each in self.slices]

    def widths(self) -> set[int]:
        """The lengths of all rows; one and the same."""
        return {len(row) for row in self._rows()}

    def _rows(self) -> list[list[int]]:
        return [getattr(self, name) for name in ROWS]

    def _nothing(self) -> NDArray[np.int64]:
        return np.zeros((len(ROWS), len(self.flow)), dtype=np.int64)

    def _start(self, width: int) -> None:
        for name in ROWS:
            setattr(self, name, [0] * width)
