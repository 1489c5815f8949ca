"""Quantities: seconds and nanoseconds are the same thing twice, and a side has a direction."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.quantities import SECOND_NS, nanos, opposite, seconds, sign


@given(st.integers(-(10**15), 10**15))
def test_microseconds_come_back_from_seconds(microseconds) -> None:
    duration_ns = 1_000 * microseconds
    assert abs(nanos(seconds(duration_ns)) - duration_ns) <= 1_000


def test_half_a_nanosecond_is_rounded_and_not_cut() -> None:
    assert nanos(0.1 + 0.2) == 300_000_000
    assert (nanos(1.5), seconds(SECOND_NS)) == (1_500_000_000, 1.0)


def test_the_opposite_of_the_opposite_is_the_side_itself() -> None:
    for side in ("buy", "sell"):
        assert opposite(opposite(side)) == side
        assert sign(opposite(side)) == -sign(side)
    assert sign("buy") == 1
