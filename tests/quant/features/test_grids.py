"""Hours made of bars, and slots that keep the last value said in each."""

from __future__ import annotations

import numpy as np

from quant.features.grids import Hours, Slots, slot_rows

MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * MINUTE_NS
NAN = np.nan


def test_an_hour_closes_with_the_first_bar_that_ends_at_or_beyond_it() -> None:
    hours, before, rows = Hours(1, 60.0, None), 10 * HOUR_NS, []
    for minute, c in ((58, 1.0), (59, 2.0), (60, 3.0), (61, 4.0), (125, 6.0)):
        close_ns = 10 * HOUR_NS + minute * MINUTE_NS
        if (row := hours.step(close_ns, before, np.array([c]), np.array([0.1 * c]))) is not None:
            rows.append((minute, row))
        before = close_ns
    assert [minute for minute, _ in rows] == [60, 125]
    last = rows[-1][1]
    assert (last["c"][0], last["r"][0]) == (6.0, 3.0)
    np.testing.assert_allclose(last["r2"], [(0.4**2 + 0.6**2) / 2])
    np.testing.assert_allclose(rows[0][1]["r2"], [(0.1**2 + 0.2**2 + 0.3**2) / 3])


def test_a_bar_longer_than_an_hour_is_a_row_of_its_own() -> None:
    hours = Hours(1, 86_400.0, None)
    days = [hours.step(day * 24 * HOUR_NS, (day - 1) * 24 * HOUR_NS, np.ones(1), np.ones(1)) for day in (1, 2, 3)]
    assert all(day is not None for day in days)


def test_a_slot_keeps_its_last_value_and_a_skipped_one_is_absent() -> None:
    slots = Slots("perp_hour", 1, {"funding": 5})
    for hour, value in ((0.1, 1.0), (0.9, 2.0), (1.0, 3.0), (3.5, 4.0), (3.2, 5.0)):
        slots.push(int(hour * HOUR_NS), {"funding": np.array([value])})
    np.testing.assert_array_equal(slots.rings["funding"].view(), [[NAN, 2.0, 3.0, NAN, 5.0]])


def test_a_history_in_slots_is_what_slots_would_have_kept() -> None:
    at_ns = np.array([int(hour * HOUR_NS) for hour in (5.1, 5.9, 6.0, 8.5)])
    rows, index = slot_rows("perp_hour", at_ns, np.array([[1.0, 2.0, 3.0, 4.0]]))
    np.testing.assert_array_equal(rows, [[2.0, 3.0, NAN, 4.0]])
    assert index.tolist() == [0, 0, 1, 3]
