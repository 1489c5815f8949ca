"""The tail of the joint book is that of the worst way in which orders may fill."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.tail import Tail
from actors.risk.view import View
from tests.kit.risk import chance


def a_view(*, position, buys=None, sells=None, sigma=0.02, corr=0.5, cost=0.0):
    width = len(position)
    matrix = np.full((width, width), corr)
    np.fill_diagonal(matrix, 1.0)
    row = np.full(width, 100.0)
    return View(
        symbols=tuple(f"S{place}" for place in range(width)),
        instruments=(),
        bid=row,
        ask=row,
        mid=row,
        close=row,
        tick_ns=np.zeros(width, dtype=np.int64),
        rate=row,
        unit=row,
        position=np.array(position, dtype=float),
        buys=np.zeros(width) if buys is None else np.array(buys, dtype=float),
        sells=np.zeros(width) if sells is None else np.array(sells, dtype=float),
        sigma=np.full(width, sigma),
        cost=np.full(width, cost),
        corr=matrix,
        cluster=np.arange(width),
        unknown=(),
    )


def a_tail(**view):
    return Tail(a_view(**view), 0.975, 2_048, chance(1))


NOTHING = np.zeros(2)


def test_an_empty_book_loses_nothing():
    assert a_tail(position=[0, 0]).loss(NOTHING).cvar == 0.0


def test_cvar_is_positively_homogeneous_and_never_below_var():
    one, two = a_tail(position=[50, 20]).loss(NOTHING), a_tail(position=[100, 40]).loss(NOTHING)
    assert two.cvar == pytest.approx(2 * one.cvar)
    assert one.cvar >= one.var


@given(st.lists(st.floats(0, 100), min_size=2, max_size=2), st.lists(st.floats(0, 100), min_size=2, max_size=2))
@settings(max_examples=30, deadline=None)
def test_i9_open_orders_never_lower_the_tail(buys, sells):
    bare = a_tail(position=[50, -20]).loss(NOTHING).cvar
    assert a_tail(position=[50, -20], buys=buys, sells=sells).loss(NOTHING).cvar >= bare - 1e-9


def test_a_hedge_under_way_does_not_lower_the_tail():
    bare = a_tail(position=[50, 0], corr=0.9).loss(NOTHING).cvar
    hedged = a_tail(position=[50, 0], corr=0.9).loss(np.array([0.0, -50.0])).cvar
    both = a_tail(position=[0, 0], corr=0.9)
    alone = both.loss(np.array([50.0, 0.0])).cvar
    assert hedged >= bare - 1e-9
    assert both.loss(np.array([50.0, -50.0])).cvar >= alone - 1e-9


@given(st.floats(0.5, 20.0))
@settings(max_examples=20, deadline=None)
def test_the_scale_keeps_the_budget_and_grows_with_it(budget):
    tail, added = a_tail(position=[10, 0], cost=0.001), np.array([200.0, 100.0])
    base = tail.loss(NOTHING).cvar
    scale = tail.scale(added, base + budget)
    assert 0.0 <= scale <= 1.0
    assert tail.loss(scale * added).cvar <= base + budget + 1e-6
    assert tail.scale(added, base + 2 * budget) >= scale


def test_over_budget_nothing_may_be_added():
    tail = a_tail(position=[500, 0])
    assert tail.scale(np.array([10.0, 0.0]), 5.0) == 0.0


def test_the_heaviest_is_the_one_that_adds_most_among_those_that_may_go():
    tail = a_tail(position=[0, 0])
    added = np.array([100.0, 20.0])
    assert tail.heaviest(added, np.array([True, True])) == 0
    assert tail.heaviest(added, np.array([False, True])) == 1


def test_a_unit_that_nobody_wants_has_no_shortfall():
    shortfall = a_tail(position=[0, 0]).unit_shortfall(np.array([1.0, 0.0]))
    assert shortfall[0] > 0.02
    assert shortfall[1] == 0.0
