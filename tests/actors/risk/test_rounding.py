"""What is added, in whole lots that keep every budget."""

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.rounding import in_lots
from actors.risk.tail import budgets_of
from tests.actors.risk.test_tail import a_view
from tests.kit.market import an_instrument
from tests.kit.risk import a_tail, risk_settings

D = Decimal


def a_book(*, lot="0.05", least="1", width=4, corr=0.5, **view):
    one = np.ones(width)
    found = a_view(position=[0.0] * width, corr=corr, **view)
    names = [an_instrument(symbol=f"S{place}-EUR", lot=D(lot), notional_min=D(least)) for place in range(width)]
    return found._replace(instruments=tuple(names), bid=99.99 * one, ask=100.01 * one, rate=one, unit=100.0 * one)


def rounded(view, wanted, *, scale=1.0, budget=5.0, **changed):
    limits = risk_settings(**changed)
    tail = a_tail(view, limits)
    edge = np.linspace(0.01, 0.02, len(view.symbols))
    lots = in_lots(view, np.array(wanted), scale, edge, tail, budgets_of(budget, limits), limits)
    added = np.zeros(len(view.symbols))
    for place, quantity in lots.items():
        added[place] = np.sign(wanted[place]) * float(quantity) * 100.0
    return lots, added, tail


@given(st.lists(st.floats(-150, 150), min_size=4, max_size=4), st.floats(0.5, 10.0), st.sampled_from(["0.001", "0.05"]))
@settings(max_examples=25, deadline=None)
def test_lots_keep_every_budget_the_grid_and_what_is_wanted(wanted, budget, lot):
    view = a_book(lot=lot)
    lots, added, tail = rounded(view, wanted, budget=budget)
    assert tail.used(added, budgets_of(budget, risk_settings())) <= 1.0 + 1e-9
    for place, quantity in lots.items():
        assert quantity % D(lot) == 0
        assert quantity == 0 or quantity * 100 >= D("1.02")
        assert float(quantity) * 100.0 <= abs(wanted[place]) + 1e-9


def test_what_is_wanted_by_a_smaller_budget_is_never_more():
    view = a_book(width=1)
    sizes = [rounded(view, [200.0], budget=budget)[0][0] for budget in (1.0, 2.0, 4.0, 8.0)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_in_a_book_of_three_none_has_more_than_half_of_the_budget():
    view = a_book(width=3, corr=0.0)
    _, added, tail = rounded(view, [150.0, 11.0, 11.0], budget=3.0)
    assert np.count_nonzero(added) == 3
    assert tail.shares(added).max() <= 1.5 + 1e-9
    _, free, tail = rounded(view, [150.0, 11.0, 11.0], budget=3.0, component_ratio_max=1.0)
    assert tail.shares(free).max() > 1.5


def test_two_positions_may_have_what_the_budget_gives():
    _, added, tail = rounded(a_book(width=2, corr=0.0), [150.0, 11.0], budget=3.0)
    assert tail.shares(added).max() > 1.5


def test_an_order_below_the_smallest_is_none():
    lots, _, _ = rounded(a_book(least="60"), [50.0, 100.0, 0.0, 0.0], scale=0.1)
    assert lots[0] == 0
    assert lots[1] >= D("0.62")


def test_what_has_no_price_is_left_out():
    view = a_book()
    lots, _, _ = rounded(view._replace(bid=np.array([np.nan, 99.99, 99.99, 99.99])), [50.0, 50.0, 0.0, 0.0])
    assert list(lots) == [1]
