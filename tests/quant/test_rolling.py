"""The ring equals the tail of everything pushed; exponential means leave absent values out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.rolling import Floats, Ring, blend, ewma, ewma_offset, ewma_step

numbers = st.floats(-1e6, 1e6) | st.just(float("nan"))


@st.composite
def histories(draw: st.DrawFn) -> Floats:
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 20)))
    return draw(arrays(np.float64, shape, elements=numbers))


def tail(history: Floats, window: int) -> Floats:
    wall = np.full((history.shape[0], window), np.nan)
    return np.concatenate([wall, history], axis=1)[:, -window:]


@given(histories(), st.integers(1, 8), st.integers(1, 8))
def test_the_ring_shows_the_last_rows_in_time_order(history: Floats, window: int, width: int) -> None:
    ring = Ring(history.shape[0], window)
    for t in range(history.shape[1]):
        ring.push(history[:, t])
        np.testing.assert_array_equal(ring.view(), tail(history[:, : t + 1], window))
    np.testing.assert_array_equal(ring.view(min(width, window)), tail(history, min(width, window)))
    assert ring.rows == history.shape[1]


@given(histories(), st.integers(1, 8), st.integers(0, 20))
def test_pushing_many_rows_equals_pushing_them_one_by_one(history: Floats, window: int, cut: int) -> None:
    one, many = Ring(history.shape[0], window), Ring(history.shape[0], window)
    for t in range(history.shape[1]):
        one.push(history[:, t])
    many.push_many(history[:, :cut])
    many.push_many(history[:, cut:])
    np.testing.assert_array_equal(one.view(), many.view())
    assert one.rows == many.rows


@given(histories(), st.integers(1, 8), st.integers(0, 20))
def test_a_restored_ring_goes_on_bit_for_bit(history: Floats, window: int, cut: int) -> None:
    ring = Ring(history.shape[0], window)
    ring.push_many(history[:, :cut])
    twin = Ring(history.shape[0], window)
    twin.load(ring.state())
    for t in range(cut, history.shape[1]):
        ring.push(history[:, t])
        twin.push(history[:, t])
    assert ring.view().tobytes() == twin.view().tobytes()
    assert ring.rows == twin.rows


def test_a_view_cannot_be_written_and_a_state_does_not_follow_the_ring() -> None:
    ring = Ring(1, 3)
    ring.push(np.array([1.0]))
    columns, _ = ring.state()
    ring.push(np.array([2.0]))
    assert columns[0, -1] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        ring.view()[0, 0] = 5.0
    with pytest.raises(ValueError, match=r"row of shape \(2,\), expected \(1,\)"):
        ring.push(np.zeros(2))


def test_an_exponential_mean_equals_the_written_out_sum_over_the_present_values() -> None:
    values = np.array([[1.0, np.nan, 3.0, 5.0], [np.nan, np.nan, np.nan, 2.0]])
    want = (1.0 * 0.125 + 3.0 * 0.5 + 5.0) / (0.125 + 0.5 + 1.0)
    np.testing.assert_allclose(ewma(values, 0.5, present_min=2), [want, np.nan], rtol=1e-15)


def test_a_recursive_step_keeps_the_mean_over_an_absent_value_and_starts_at_the_first() -> None:
    mean = np.array([1.0, 1.0, np.nan, np.nan])
    value = np.array([3.0, np.nan, 3.0, np.nan])
    np.testing.assert_array_equal(ewma_step(mean, value, 0.75), [1.5, 1.0, 3.0, np.nan])


def test_the_newest_row_can_be_said_anew() -> None:
    ring = Ring(1, 2)
    for row, again in ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0)):
        ring.push(np.array([row]))
        ring.replace(np.array([again]))
    assert ring.view().tolist() == [[4.0, 6.0]]
    assert ring.rows == 3
    first = Ring(1, 2)
    first.replace(np.array([7.0]))
    assert first.rows == 1


def test_a_blend_is_the_weighted_mean_of_what_was_there() -> None:
    total, mass = np.zeros((1, 2)), np.zeros((1, 2))
    rates = np.array([0.5, 1.0])
    assert np.isnan(blend(total, mass, np.full((1, 2), np.nan), rates)).all()
    for value in (1.0, np.nan, 4.0):
        means = blend(total, mass, np.full((1, 2), value), rates)
    np.testing.assert_allclose(means, [[(0.25 * 1.0 + 0.5 * 4.0) / 0.75, 4.0]])


def test_a_mean_less_the_last_value_is_that_mean_of_what_is_left() -> None:
    x = np.random.default_rng(4).normal(5.0, 1.0, (4, 60))
    x[1, 7] = x[2, -1] = np.nan
    x[3, 5:] = np.nan
    np.testing.assert_allclose(ewma_offset(x, 0.9, 20), ewma(x - x[:, -1:], 0.9, 20), rtol=1e-10, atol=1e-14)
    assert np.isnan(ewma_offset(x[:, :19], 0.9, 20)).all()
