"""Longer bars say of their shorter ones exactly what a bar says, and never more than had closed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.resampling import resampled
from tests.kit.catalogs import JANUARY_NS, MINUTE_NS, bars


def shorter(length: int, seed: int, start: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    columns = bars(length, seed, start_ns=JANUARY_NS + start * MINUTE_NS)
    return columns.pop("close_ns"), columns


@given(st.integers(10, 200), st.integers(0, 1000), st.integers(2, 15), st.integers(0, 30))
def test_each_bar_is_first_highest_lowest_last_and_sum(length: int, seed: int, times: int, start: int) -> None:
    close_ns, columns = shorter(length, seed, start)
    into = times * MINUTE_NS

    closes, longer = resampled(close_ns, columns, MINUTE_NS, into)

    for row, at in enumerate(closes.tolist()):
        inside = (close_ns > at - into) & (close_ns <= at)
        assert inside.sum() == times and at % into == 0
        assert longer["open"][row] == columns["open"][inside][0]
        assert longer["high"][row] == columns["high"][inside].max()
        assert longer["low"][row] == columns["low"][inside].min()
        assert longer["close"][row] == columns["close"][inside][-1]
        assert longer["volume"][row] == pytest.approx(columns["volume"][inside].sum())
    assert len(closes) == (close_ns[-1] // into) - -(-(close_ns[0] - MINUTE_NS) // into)


@pytest.mark.numbers
@given(st.integers(20, 200), st.integers(1, 100))
def test_what_comes_later_changes_no_bar_that_was_there(length: int, cut: int) -> None:
    close_ns, columns = shorter(length, 3)
    cut = min(cut, length)
    early, before = resampled(close_ns[:cut], {n: v[:cut] for n, v in columns.items()}, MINUTE_NS, 5 * MINUTE_NS)
    late, after = resampled(close_ns, columns, MINUTE_NS, 5 * MINUTE_NS)

    assert late[: len(early)].tolist() == early.tolist()
    assert all(np.array_equal(after[name][: len(early)], before[name]) for name in before)


def test_a_hole_is_passed_over_and_nothing_but_holes_is_a_hole() -> None:
    close_ns, columns = shorter(10, 1)
    columns["open"][0], columns["close"][4], columns["volume"][5:] = np.nan, np.nan, np.nan
    _, longer = resampled(close_ns, columns, MINUTE_NS, 5 * MINUTE_NS)

    assert longer["open"][0] == columns["open"][1] and longer["close"][0] == columns["close"][3]
    assert np.isnan(longer["volume"][1])


def test_a_length_that_is_no_multiple_is_refused() -> None:
    close_ns, columns = shorter(10, 1)
    with pytest.raises(ValueError, match="90 s are no multiple of bars of 60 s"):
        resampled(close_ns, columns, MINUTE_NS, MINUTE_NS * 3 // 2)
