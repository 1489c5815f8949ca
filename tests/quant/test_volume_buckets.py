"""Buckets of equal volume against bucketing written out, one lot at a time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.volume_buckets import BUCKETS, DAY_S, VolumeBuckets

trades = st.lists(st.tuples(st.integers(1, 40), st.sampled_from((1, -1))), max_size=200)


def started(size_lots: int) -> VolumeBuckets:
    """Buckets after one minute whose volume makes a fiftieth of a day `size_lots`."""
    buckets = VolumeBuckets(1)
    buckets.end_minutes(np.array([size_lots * BUCKETS * 60.0 / DAY_S]), 0)
    return buckets


@settings(max_examples=60)
@given(trades, st.integers(1, 20))
def test_buckets_equal_those_filled_lot_by_lot(flow: list[tuple[int, int]], size: int) -> None:
    buckets = started(size)
    for lots, sign in flow:
        buckets.add(0, lots, sign)

    signs = [sign for lots, sign in flow for _ in range(lots)]
    closed = [abs(sum(signs[at : at + size])) / size for at in range(0, len(signs) - size + 1, size)]
    expected = float(np.mean(closed[-BUCKETS:])) if len(closed) >= 10 else math.nan
    assert buckets.vpin().tolist() == [pytest.approx(expected, rel=1e-9, nan_ok=True)]


@pytest.mark.parametrize(("sides", "expected"), [((1,), 1.0), ((1, -1), 0.0)])
def test_one_sided_flow_is_toxic_and_balanced_flow_is_not(sides: tuple[int, ...], expected: float) -> None:
    buckets = started(10)
    for number in range(200):
        buckets.add(0, 5, sides[number % len(sides)])

    assert buckets.vpin().tolist() == [pytest.approx(expected)]


def test_before_a_volume_is_known_nothing_is_bucketed() -> None:
    buckets = VolumeBuckets(1)
    for _ in range(1000):
        buckets.add(0, 5, 1)

    assert np.isnan(buckets.vpin()).all()


def test_a_trade_larger_than_all_buckets_costs_no_more_than_they() -> None:
    buckets = started(1)
    buckets.add(0, 10**15, 1)

    assert buckets.vpin().tolist() == [1.0]


def test_silent_minutes_count_one_by_one() -> None:
    at_once, singly = VolumeBuckets(1), VolumeBuckets(1)
    at_once.end_minutes(np.array([500.0]), 7)
    singly.end_minutes(np.array([500.0]), 0)
    for _ in range(7):
        singly.end_minutes(np.array([0.0]), 0)

    np.testing.assert_allclose(at_once.state().volume, singly.state().volume, rtol=1e-12)


def test_restored_buckets_are_the_same_bit_for_bit() -> None:
    buckets = started(10)
    for number in range(137):
        buckets.add(0, 3 + number % 5, 1 if number % 3 else -1)
    restored = VolumeBuckets(1)
    restored.load(buckets.state())
    for each in (buckets, restored):
        each.add(0, 33, -1)

    for before, after in zip(buckets.state(), restored.state(), strict=True):
        assert before.tobytes() == after.tobytes()
