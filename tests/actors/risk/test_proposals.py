"""Proposals lie on the grid, never pay more than their limit says, and never turn a position in one step."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.risk.proposals import changes, limit_price, priced, whole_lots
from tests.actors.risk.test_tail import a_view
from tests.kit.market import an_instrument
from tests.kit.risk import risk_settings

D = Decimal


def a_place(**instrument):
    view = a_view(position=[0.0])
    one = np.ones(1)
    return view._replace(
        symbols=("BTC-EUR",),
        places={"BTC-EUR": 0},
        instruments=(an_instrument(**instrument),),
        bid=99.99 * one,
        ask=100.01 * one,
        rate=one,
        unit=100.0 * one,
    )


@given(st.integers(1_000, 10**7), st.floats(0.0, 50.0), st.sampled_from(["0.01", "0.1", "0.5"]))
def test_a_limit_is_on_the_grid_and_never_further_than_allowed(ticks, bps, tick):
    instrument = an_instrument(tick=D(tick))
    price = instrument.price_float(ticks)
    buy, sell = limit_price(instrument, "buy", price, price, bps), limit_price(instrument, "sell", price, price, bps)
    assert buy % instrument.tick == sell % instrument.tick == 0
    assert instrument.price(ticks) <= buy <= instrument.price(ticks) * (1 + D(bps) / 10_000) + D(tick) / 100_000
    assert instrument.price(ticks) * (1 - D(bps) / 10_000) - D(tick) / 100_000 <= sell <= instrument.price(ticks)


@given(st.floats(1.0, 150.0), st.sampled_from(["buy", "sell"]))
def test_an_order_is_never_worth_more_than_was_wanted(notional, side):
    proposal = priced(a_place(), 0, "BTC-EUR", side, notional, D(0), risk_settings(), "")
    assert proposal.quantity % D("0.001") == 0
    assert float(proposal.quantity) * max(float(proposal.limit), 100.0) <= notional + 1e-9
    assert abs(proposal.added) <= notional + 1e-9
    assert (proposal.added >= 0) is (side == "buy") or proposal.added == 0


def test_closing_takes_all_whole_lots_that_are_held_up_to_one_order():
    settings = risk_settings(order_notional_max=D(40))
    small = priced(a_place(), 0, "BTC-EUR", "sell", float("inf"), D("0.1004"), settings, "")
    assert (small.quantity, small.reduce_only) == (D("0.100"), True)
    large = priced(a_place(), 0, "BTC-EUR", "sell", float("inf"), D(9), settings, "")
    assert large.quantity == D("0.400")


def test_without_a_price_a_proposal_has_none():
    proposal = priced(a_place(), 0, "SOL-EUR", "buy", 50.0, D(0), risk_settings(), "")
    assert (proposal.place, proposal.quantity) == (-1, 0)
    assert proposal.limit.is_nan()


@pytest.mark.parametrize(
    ("position", "target", "change"),
    [
        (0.0, 50.0, 50.0),
        (50.0, 0.0, -50.0),
        (50.0, -50.0, -50.0),
        (-50.0, 80.0, 50.0),
        (50.0, 55.0, 0.0),
        (50.0, 75.0, 25.0),
        (50.0, 30.0, -20.0),
    ],
)
def test_a_position_moves_towards_its_target_in_worthwhile_steps_and_not_through_zero(position, target, change):
    view = a_view(position=[position])
    assert changes(view, np.array([target]), risk_settings(rebalance_ratio=0.2)).tolist() == [change]


def test_a_rest_below_a_lot_is_in_nobodys_way():
    view = a_view(position=[-0.05])
    assert changes(view, np.array([50.0]), risk_settings()).tolist() == [50.05]
    turned = priced(a_place(), 0, "BTC-EUR", "buy", 50.05, D("-0.0005"), risk_settings(), "")
    assert (turned.reduce_only, turned.quantity) == (False, D("0.499"))
    closed = priced(a_place(), 0, "BTC-EUR", "buy", float("inf"), D("-0.0005"), risk_settings(), "")
    assert (closed.reduce_only, closed.quantity) == (True, 0)


def test_dust_has_no_whole_lot():
    assert whole_lots(D("0.0009"), D("0.001")) == 0
    assert whole_lots(D("1.2345"), D("0.001")) == D("1.234")
