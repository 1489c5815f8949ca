from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.alignment import moved, moved_array, moves
from tests.kit.market import a_universe

symbols = st.lists(st.sampled_from([f"C{n}-EUR" for n in range(8)]), min_size=1, max_size=8, unique=True)


def test_before_the_first_universe_every_column_is_new():
    assert moves(None, a_universe("BTC-EUR", "ETH-EUR")).tolist() == [-1, -1]


@pytest.mark.parametrize("changed", [{"tick": Decimal("0.1")}, {"lot": Decimal("0.1")}])
def test_an_instrument_with_another_grid_starts_anew(changed):
    assert moves(a_universe("BTC-EUR"), a_universe("BTC-EUR", version=2, **changed)).tolist() == [-1]


@given(symbols, symbols)
def test_each_instrument_finds_what_was_known_of_it_and_no_other(before, after):
    to = moves(a_universe(*before), a_universe(*after, version=2))
    assert moved(before, to, "") == [symbol if symbol in before else "" for symbol in after]


@given(symbols, symbols, st.integers(0, 1))
def test_an_array_moves_like_a_list_along_either_axis(before, after, axis):
    to = moves(a_universe(*before), a_universe(*after, version=2))
    table = np.arange(3.0 * len(before)).reshape(3, -1)
    there = moved_array(table if axis else table.T, to, -1.0, axis=axis)
    rows = there if axis else there.T
    assert [row.tolist() for row in rows] == [moved(row.tolist(), to, -1.0) for row in table]


def test_nothing_known_of_anybody_is_empty_for_everybody():
    assert moved_array(np.empty(0), np.array([-1, -1]), 7.0).tolist() == [7.0, 7.0]


def test_what_was_moved_shares_nothing_with_what_it_came_from():
    values = np.ones(2)
    moved_array(values, np.array([0, 1]), 0.0)[0] = 5.0
    assert values.tolist() == [1.0, 1.0]
