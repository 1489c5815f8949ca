"""Counts of the touches: windows in whole slices, in whatever rhythm the beats come."""

import numpy as np
import pytest

from actors.book_counts import ROWS, BookCounts
from contracts.quantities import SECOND_NS
from quant.order_flow import Touch
from tests.kit.market import at

WINDOWS_NS = (SECOND_NS, 10 * SECOND_NS)


def empty(width: int) -> BookCounts:
    counts = BookCounts()
    counts.lay_out(np.full(width, -1))
    return counts


def counted(*, seconds: int, late_s: float = 0.0) -> BookCounts:
    """One update in every second, told at beats that come late in turn."""
    counts = empty(1)
    for second in range(1, seconds + 1):
        counts.updates[0] += 1
        counts.end_slice(at(second + late_s * (second % 2)), 60 * SECOND_NS)
    return counts


@pytest.mark.parametrize("late_s", [0.0, 0.02])
@pytest.mark.parametrize("seconds", [20, 21])
def test_a_window_holds_its_seconds_however_late_a_beat_was(seconds: int, late_s: float) -> None:
    counts = counted(seconds=seconds, late_s=late_s)

    short, long = counts.within(at(seconds + late_s * (seconds % 2)), WINDOWS_NS)

    assert (short[ROWS.index("updates"), 0], long[ROWS.index("updates"), 0]) == (1, 10)


def test_old_slices_are_forgotten() -> None:
    assert len(counted(seconds=200).slices) == 60


def test_a_change_of_the_touch_is_counted_in_every_row_it_concerns() -> None:
    counts = empty(2)
    counts.touch_changed(1, Touch(99, 10, 101, 10), Touch(99, 4, 101, 15))

    assert (counts.flow, counts.depth, counts.events, counts.removed) == ([0, -11], [0, 19], [0, 1], [0, 6])


def test_another_universe_takes_its_columns_along() -> None:
    counts = counted(seconds=3)
    counts.updates[0] = 5
    counts.lay_out(np.array([-1, 0]))

    assert counts.updates == [0, 5]
    assert counts.slices[0].counts.values[ROWS.index("updates")].tolist() == [0, 1]
    assert counts.widths() == {2}
