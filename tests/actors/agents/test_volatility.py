import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agents.volatility import RETURNS_MIN, BeatVolatility, VolatilityState
from contracts import codec
from tests.kit.market import at


def fed(mids, *, every_s: float = 1.0) -> BeatVolatility:
    volatility = BeatVolatility()
    for step, row in enumerate(mids):
        volatility.add(np.asarray(row, dtype=np.float64), at(step * every_s))
    return volatility


def zigzag(steps: int, size: float = 0.001) -> list[list[float]]:
    return [[100.0 * (1.0 + size * (step % 2))] for step in range(steps)]


def test_the_deviation_of_one_second_is_that_of_its_returns():
    assert fed(zigzag(50)).sd_second() == pytest.approx([np.log(1.001)])


def test_a_return_over_a_longer_time_counts_for_its_time():
    assert fed(zigzag(50), every_s=4.0).sd_second() == pytest.approx([np.log(1.001) / 2])


def test_too_few_returns_say_nothing():
    assert np.isnan(fed(zigzag(RETURNS_MIN)).sd_second()).all()
    assert not np.isnan(fed(zigzag(RETURNS_MIN + 1)).sd_second()).any()


def test_a_hole_in_the_marks_makes_no_return():
    rows = zigzag(60)
    rows[30] = [np.nan]
    assert fed(rows).sd_second() == pytest.approx([np.log(1.001)])
    assert fed(rows).state().counts.values.tolist() == [57.0]


def test_two_frames_of_one_instant_are_no_return():
    volatility = fed(zigzag(10))
    before = volatility.sd_second()
    volatility.add(np.array([500.0]), at(9))
    assert volatility.sd_second() == before


def test_a_changed_universe_keeps_what_is_known_of_those_that_stay():
    volatility = fed([[row[0], 50.0] for row in zigzag(50)])
    known = volatility.sd_second()
    volatility.lay_out(np.array([-1, 0]))
    assert np.isnan(volatility.sd_second()[0])
    assert volatility.sd_second()[1] == known[0]


@given(st.lists(st.floats(50.0, 150.0), min_size=2, max_size=40), st.integers(1, 39))
def test_what_was_stored_goes_on_as_if_nothing_had_been(mids, cut):
    rows = [[mid] for mid in mids]
    volatility = fed(rows[:cut])
    again = BeatVolatility()
    again.load(codec.decode_state(VolatilityState, codec.encode(volatility.state())))
    for step, row in enumerate(rows[cut:], start=cut):
        for each in (volatility, again):
            each.add(np.array(row), at(step))
    assert codec.encode(again.state()) == codec.encode(volatility.state())
