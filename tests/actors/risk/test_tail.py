"""The tail of the joint book is that of the worst way in which orders may fill."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.tail import Budgets, surest
from actors.risk.view import View
from quant.scenarios import unshaped
from quant.tail_risk import cvar
from tests.kit.market import an_instrument
from tests.kit.risk import a_tail, risk_settings


def a_view(*, position, buys=None, sells=None, sigma=0.02, corr=0.5, cost=0.0):
    width = len(position)
    matrix = np.full((width, width), corr)
    np.fill_diagonal(matrix, 1.0)
    row = np.full(width, 100.0)
    return View(
        symbols=tuple(f"S{place}" for place in range(width)),
        places={f"S{place}": place for place in range(width)},
        instruments=tuple(an_instrument(symbol=f"S{place}-EUR") for place in range(width)),
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
        horizon_s=14_400.0,
        shapes=unshaped(width),
        foreign=np.zeros(width, dtype=bool),
        cost=np.full(width, cost),
        corr=matrix,
        cluster=np.arange(width),
        unknown=(),
    )


def tail_of(**view):
    return a_tail(a_view(**view), risk_settings())


NOTHING = np.zeros(2)


def test_an_empty_book_loses_nothing():
    assert tail_of(position=[0, 0]).loss(NOTHING).cvar == 0.0


def test_cvar_is_positively_homogeneous_and_never_below_var():
    one, two = tail_of(position=[50, 20]).loss(NOTHING), tail_of(position=[100, 40]).loss(NOTHING)
    assert two.cvar == pytest.approx(2 * one.cvar)
    assert one.cvar >= one.var


@given(st.lists(st.floats(0, 100), min_size=2, max_size=2), st.lists(st.floats(0, 100), min_size=2, max_size=2))
@settings(max_examples=30, deadline=None)
def test_i9_open_orders_never_lower_the_tail(buys, sells):
    bare = tail_of(position=[50, -20]).loss(NOTHING).cvar
    assert tail_of(position=[50, -20], buys=buys, sells=sells).loss(NOTHING).cvar >= bare - 1e-9


def test_a_hedge_under_way_does_not_lower_the_tail():
    bare = tail_of(position=[50, 0], corr=0.9).loss(NOTHING).cvar
    hedged = tail_of(position=[50, 0], corr=0.9).loss(np.array([0.0, -50.0])).cvar
    both = tail_of(position=[0, 0], corr=0.9)
    alone = both.loss(np.array([50.0, 0.0])).cvar
    assert hedged >= bare - 1e-9
    assert both.loss(np.array([50.0, -50.0])).cvar >= alone - 1e-9


def budgets(cvar, slow=np.inf, deviation=np.inf):
    return Budgets(cvar, slow, deviation)


@given(st.floats(0.5, 20.0), st.booleans())
@settings(max_examples=20, deadline=None)
def test_the_scale_keeps_the_budgets_and_grows_with_them(budget, slow):
    tail, added = tail_of(position=[10, 0], cost=0.001), np.array([200.0, 100.0])
    base = tail.loss(NOTHING)
    of = (lambda more: budgets(np.inf, base.slow + more)) if slow else (lambda more: budgets(base.cvar + more))
    scale = tail.scale(added, of(budget))
    assert 0.0 <= scale <= 1.0
    assert tail.used(scale * added, of(budget)) <= 1.0 + 1e-9
    assert tail.scale(added, of(2 * budget)) >= scale


def test_over_budget_nothing_may_be_added():
    tail = tail_of(position=[500, 0])
    assert tail.scale(np.array([10.0, 0.0]), budgets(5.0)) == 0.0
    assert tail.calm_scale(np.array([10.0, 0.0]), 5.0) == 0.0


def test_over_a_day_the_tail_is_larger_than_over_four_hours():
    loss = tail_of(position=[50, 20]).loss(NOTHING)
    assert 1.5 * loss.cvar < loss.slow < 6**0.5 * loss.cvar, "the blows are as large, the moves grow with time"
    view = a_view(position=[50, 20])._replace(horizon_s=172_800.0)
    longer = a_tail(view, risk_settings()).loss(NOTHING)
    assert longer.slow == longer.cvar, "a risk horizon of two days is the slower one itself"


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=2), st.floats(0.1, 10.0))
@settings(max_examples=30, deadline=None)
def test_the_calm_scale_is_the_largest_that_keeps_the_deviation(added, deviation):
    tail, part = tail_of(position=[20, -10]), np.array(added)
    if not part.any():
        return
    scale, before = tail.calm_scale(part, deviation), tail.loss(NOTHING).deviation
    if before >= deviation:
        assert scale == 0.0
        return
    assert tail.loss(scale * part).deviation <= deviation * (1 + 1e-9)
    assert scale == 1.0 or tail.loss((scale + 1e-3) * part).deviation > deviation


def test_what_is_sure_is_less_than_the_budget_by_twice_the_error_of_the_scenarios():
    added = np.array([100.0, 50.0])
    few = a_tail(a_view(position=[0, 0]), risk_settings(scenarios=256, scenarios_min=256))
    many = a_tail(a_view(position=[0, 0]), risk_settings(scenarios=16_384))
    assert few.sure(added, budgets(5.0)).cvar < many.sure(added, budgets(5.0)).cvar < 5.0
    assert many.sure(added, budgets(5.0)).cvar > 4.7
    assert surest(budgets(5.0)).cvar <= few.sure(added, budgets(5.0)).cvar, "no error takes more than half"


def test_a_budget_that_is_nothing_or_no_number_is_used_up_by_anything():
    tail = tail_of(position=[0, 0])
    assert tail.used(NOTHING, budgets(0.0)) == 0.0
    assert tail.used(np.array([1.0, 0.0]), budgets(0.0)) == np.inf
    assert not tail.used(np.array([1.0, 0.0]), budgets(float("nan"))) <= 1.0


def test_the_parts_of_the_positions_sum_to_the_tail():
    tail, added = tail_of(position=[50, -20], cost=0.001), np.array([10.0, -10.0])
    losses = tail._losses.of(np.array([60.0, -30.0]))[0]
    assert tail.shares(added).sum() == pytest.approx(cvar(losses, 0.975), rel=1e-12)


def test_the_heaviest_is_the_one_that_adds_most_among_those_that_may_go():
    tail = tail_of(position=[0, 0])
    added = np.array([100.0, 20.0])
    assert tail.heaviest(added, np.array([True, True])) == 0
    assert tail.heaviest(added, np.array([False, True])) == 1


def test_a_unit_that_nobody_wants_has_no_shortfall():
    shortfall = tail_of(position=[0, 0]).unit_shortfall(np.array([1.0, 0.0]))
    assert shortfall[0] > 0.02
    assert shortfall[1] == 0.0


def test_the_parts_of_a_book_add_up_to_it_over_either_horizon():
    tail = a_tail(a_view(position=[20.0, -10.0, 0.0], cost=0.001), risk_settings())
    sides, size = np.array([1.0, -1.0, 1.0]), np.array([5.0, 7.0, 9.0])
    for horizon in (0, 1):
        held, units = tail.parts(tail.book(np.zeros(3)), sides, horizon)
        whole, _ = tail.parts(tail.book(sides * size), sides, horizon)
        np.testing.assert_allclose(held + units @ size, whole, atol=1e-12)
        assert len(whole) == tail.size - 4
    assert tail.tails(tail.book(np.zeros(3)))[0] == tail.loss(np.zeros(3)).cvar


@settings(max_examples=150)
@given(
    position=st.lists(st.floats(-300, 300), min_size=3, max_size=3),
    buys=st.lists(st.floats(0, 200), min_size=3, max_size=3),
    added=st.floats(-300, 300),
    place=st.integers(0, 2),
    budget=st.floats(1, 60),
)
def test_what_surely_fits_does_fit(position, buys, added, place, budget) -> None:
    tail = tail_of(position=position, buys=buys, corr=0.3, cost=0.001)
    budgets = Budgets(budget, 2.0 * budget, budget / 2.0)
    one = np.zeros(3)
    one[place] = added
    loss = tail.loss(one)
    side = np.array([-1.0 if added < 0.0 else 1.0])
    if tail.surely_fit(np.array([place]), side, np.array([abs(added)]), budgets)[0]:
        assert loss.cvar <= budgets.cvar
        assert loss.slow <= budgets.slow
        assert loss.deviation <= budgets.deviation


def test_a_small_one_in_a_small_book_surely_fits_and_without_a_budget_nothing_does() -> None:
    tail, places, sides = tail_of(position=[10.0, -10.0], corr=0.3), np.array([0, 1]), np.array([1.0, -1.0])
    sizes = np.array([[5.0, 5.0], [500.0, 5.0]])
    assert tail.surely_fit(places, sides, sizes, Budgets(5.0, 10.0, 3.0)).tolist() == [[True, True], [False, True]]
    assert not tail.surely_fit(places, sides, sizes, Budgets(np.nan, np.nan, np.nan)).any()
