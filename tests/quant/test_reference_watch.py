"""The watch on inputs: what left its training is found, what only wanders is not."""

import numpy as np
import pytest

from quant.reference import reference_of
from quant.reference_watch import LEAST_FRAMES, ReferenceWatch
from tests.quant.test_population import frames


def trained_on(table) -> ReferenceWatch:
    """A watch whose reference are those frames (frames, inputs, width), one instant each."""
    count, inputs, width = table.shape
    rows = table.transpose(0, 2, 1).reshape(count * width, inputs)
    return ReferenceWatch(reference_of(rows, np.repeat(np.arange(count), width)))


def drifted(watch, table) -> list[int]:
    for row in table:
        watch.push(row)
    return np.flatnonzero(watch.drifted()).tolist()


@pytest.mark.parametrize("rho", [0.0, 0.9, 0.99])
def test_what_looks_as_in_training_is_left_alone_however_slowly_it_wanders(rho):
    watch = trained_on(frames(2_000, rho, seed=1))
    live = frames(1_200, rho, seed=2)
    assert [drifted(watch, live[at : at + 100]) for at in range(0, 1_200, 100)] == [[]] * 12


@pytest.mark.numbers
def test_what_moved_by_one_deviation_is_found_and_calm_again_when_it_is_back():
    watch = trained_on(frames(2_000, 0.5, seed=1))
    live = frames(9_000, 0.5, seed=2)
    live[:1_500, 2] += 1.0
    assert drifted(watch, live[: LEAST_FRAMES - 1]) == []
    assert drifted(watch, live[LEAST_FRAMES - 1 : 1_500]) == [2]
    found = watch.apart()
    assert found.divergence[2] > 0.5 > found.divergence[[0, 1, 3]].max() and found.p[2] < 1e-6
    assert drifted(watch, live[1_500:]) == []


def test_what_moved_by_one_deviation_is_found():
    live = frames(600, 0.5, seed=2)
    live[:, 2] += 1.0
    assert drifted(trained_on(frames(1_000, 0.5, seed=1)), live) == [2]


def test_what_stands_still_although_it_moved_in_training_is_found():
    watch = trained_on(frames(2_000, 0.5, seed=1))
    live = frames(600, 0.5, seed=2)
    live[:, 4] = 0.3
    assert drifted(watch, live) == [4]


def test_what_stood_still_in_training_says_nothing():
    """A weekend that training never saw is one value, not hundreds."""
    table = frames(2_000, seed=1)
    table[:, 1] = 0.0
    live = frames(600, seed=2)
    live[:, 1] = 1.0
    assert drifted(trained_on(table), live) == []


def test_what_goes_missing_is_found_and_what_was_never_there_is_not():
    table, live = frames(2_000, seed=1), frames(600, seed=2)
    table[:, 0], live[:, 3] = np.nan, np.nan
    assert drifted(trained_on(table), live) == [3]


def test_the_order_of_instruments_does_not_matter_and_state_goes_round():
    table, live = frames(500, seed=1), frames(300, seed=2)
    one, other, third = (trained_on(table) for _ in range(3))
    for row in live:
        one.push(row)
        other.push(row[:, ::-1])
    third.load(one.state())
    for each in (other, third):
        assert each.apart().divergence.tobytes() == one.apart().divergence.tobytes()


@pytest.mark.numbers
@pytest.mark.parametrize("rho", [0.0, 0.9, 0.99])
def test_no_false_alarm_in_six_thousand_frames_of_forty_inputs(rho):
    watch = trained_on(frames(4_000, rho, features=40, seed=1))
    live = frames(6_000, rho, features=40, seed=2)
    assert [drifted(watch, live[at : at + 50]) for at in range(0, 6_000, 50)] == [[]] * 120


@pytest.mark.numbers
def test_an_alarm_stays_on_at_an_index_that_would_not_raise_one():
    table, live = frames(2_000, seed=1), frames(3_500, seed=2)
    before, calm = trained_on(table), trained_on(table)
    live[:500, 2] += 1.0
    live[500:, 2] += 0.475
    assert drifted(before, live[:500]) == [2]
    assert drifted(before, live[500:]) == [2] and drifted(calm, live[500:]) == []
    assert 0.20 < calm.apart().divergence[2] < 0.25
