"""Every fault that is put into sound bars is found where it was put, and in sound bars none is found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant import checking
from quant.checking import Finding, check_bars, faulty, spikes
from tests.kit.catalogs import MINUTE_NS, bars

LENGTH = 600


def found(columns: dict[str, np.ndarray], **options) -> list[Finding]:
    values = {name: each for name, each in columns.items() if name != "close_ns"}
    return check_bars(columns["close_ns"], values, MINUTE_NS, **options)


def of(findings: list[Finding], what: str) -> list[int]:
    return [place for finding in findings if finding.what == what for place in finding.places.tolist()]


@given(st.integers(0, 2**32), st.integers(3, 500))
def test_nothing_is_found_in_sound_bars(seed: int, length: int) -> None:
    assert found(bars(length, seed)) == []


@pytest.mark.parametrize(
    ("what", "column", "value"),
    [
        (checking.NOT_POSITIVE, "low", 0.0),
        (checking.NOT_POSITIVE, "close", -1.0),
        (checking.MISSING, "open", np.nan),
        (checking.HIGH, "high", 1.0),
        (checking.LOW, "low", 1e6),
        (checking.NEGATIVE, "volume", -0.5),
        (checking.ZERO_VOLUME, "volume", 0.0),
    ],
)
@given(place=st.integers(0, LENGTH - 1))
def test_a_value_that_cannot_be_is_found_at_its_row(what: str, column: str, value: float, place: int) -> None:
    columns = bars(LENGTH)
    columns[column][place] = value

    assert of(found(columns), what) == [place]


@given(st.integers(1, LENGTH - 3), st.integers(1, 100))
def test_a_gap_is_found_behind_it_with_all_that_is_missing(place: int, size: int) -> None:
    columns = bars(LENGTH)
    columns["close_ns"][place:] += size * MINUTE_NS

    (gap,) = found(columns)
    assert (gap.what, gap.level, gap.places.tolist(), gap.count) == (checking.GAP, "warning", [place], size)


@given(st.integers(0, LENGTH - 2))
def test_a_bar_told_twice_is_found_once_and_one_told_in_two_ways_at_both_places(place: int) -> None:
    same, other = bars(LENGTH), bars(LENGTH)
    for name in same:
        same[name][place + 1] = same[name][place]
    other["close_ns"][place + 1] = other["close_ns"][place]

    assert of(found(same), checking.TWICE) == [place + 1]
    assert sorted(of(found(other), checking.CONTRADICTED)) == [place, place + 1]
    kept = ~faulty(found(same), LENGTH)
    assert kept.sum() == LENGTH - 1 and kept[place]


def test_a_row_out_of_order_is_found_and_a_file_that_is_newest_first_is_none() -> None:
    swapped, reversed_ = bars(LENGTH), bars(LENGTH)
    for name in swapped:
        swapped[name][[100, 200]] = swapped[name][[200, 100]]
        reversed_[name] = reversed_[name][::-1]

    assert of(found(swapped), checking.OUT_OF_ORDER) == [101, 200]
    assert found(reversed_) == []
    assert not faulty(found(swapped), LENGTH).any()


@given(st.integers(1, LENGTH - 50), st.integers(checking.STUCK_BARS, 40))
def test_a_price_that_stands_still_is_found_with_its_length(place: int, length: int) -> None:
    columns = bars(LENGTH)
    for name in ("open", "high", "low", "close"):
        columns[name][place : place + length + 1] = 50.0

    (stuck,) = [each for each in found(columns) if each.what == checking.STUCK]
    assert (stuck.places.tolist(), stuck.count) == ([place + 1], length)


@given(st.integers(1, LENGTH - 2), st.sampled_from([0.5, 0.9, 1.1, 3.0]))
def test_a_bad_print_is_a_spike_and_a_crash_that_was_traded_is_none(place: int, factor: float) -> None:
    bad, crash = bars(LENGTH), bars(LENGTH)
    for columns in (bad, crash):
        columns["close"][place] = np.round(columns["close"][place] * factor, 2)
        columns["high"][place] = max(columns["high"][place], columns["close"][place])
        columns["low"][place] = min(columns["low"][place], columns["close"][place])
    crash["open"][place + 1] = crash["close"][place]
    crash["high"][place + 1] = max(crash["high"][place + 1], crash["close"][place])
    crash["low"][place + 1] = min(crash["low"][place + 1], crash["close"][place])

    assert of(found(bad), checking.SPIKE) == [place]
    assert of(found(crash), checking.SPIKE) == []
    assert np.flatnonzero(spikes(bad["close"])).tolist() == [place]


def test_a_bar_beside_the_grid_and_a_crossed_quote_are_found() -> None:
    columns = bars(LENGTH)
    columns["close_ns"][7] += 1_000_000_000
    columns |= {"bid": columns["close"] - 0.01, "ask": columns["close"] + 0.01}
    columns["ask"][9] = columns["bid"][9] - 0.5

    assert of(found(columns), checking.BESIDE) == [7]
    assert of(found(columns), checking.CROSSED) == [9]


def test_no_row_and_one_row_are_no_fault() -> None:
    for length in (0, 1, 2):
        assert found({name: values[:length] for name, values in bars(3).items()}) == []
