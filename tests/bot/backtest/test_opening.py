"""The part of a data set that a backtest is asked for."""

import pytest

from bot.backtest.opening import opened_dataset, span_of
from contracts.history import DatasetUnusable
from tests.kit.history_data import a_walk
from tests.kit.worlds import a_profile

DATA = a_walk(times=10)
FIRST_NS, LAST_NS = DATA.span(300.0)


def test_without_bounds_a_data_set_is_told_whole():
    assert span_of(DATA, a_profile("backtest"), None, None) == (FIRST_NS, LAST_NS + 1)


def test_bounds_narrow_it_and_never_widen_it():
    profile = a_profile("backtest")
    assert span_of(DATA, profile, FIRST_NS + 1, LAST_NS) == (FIRST_NS + 1, LAST_NS)
    assert span_of(DATA, profile, 0, 2**62) == (FIRST_NS, LAST_NS + 1)


def test_a_range_beside_the_data_is_refused():
    with pytest.raises(DatasetUnusable, match="nothing in the range"):
        span_of(DATA, a_profile("backtest"), LAST_NS + 1, None)


def test_a_directory_that_is_no_data_set_is_refused(tmp_path):
    with pytest.raises(DatasetUnusable):
        opened_dataset(tmp_path)
