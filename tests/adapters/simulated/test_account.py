from decimal import Decimal
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulated.account import Account, Held
from adapters.simulated.ledger import Filled
from contracts.trade import Order
from tests.kit.venues import MARKET, START_NS

ETH = MARKET.universe.instruments[MARKET.universe.positions["ETH-EUR"]]


def an_order(side="buy", quantity="0.0100", limit="3000.00", **changed):
    return Order(
        client_id="b",
        decision=1,
        leg=0,
        attempt=0,
        symbol="ETH-EUR",
        side=side,
        quantity=Decimal(quantity),
        limit=Decimal(limit),
        expires_ns=START_NS,
        intent_seq=1,
        **({"reduce_only": False} | changed),
    )


def held(side="sell", quantity="0.0100", limit="3000.00"):
    return Held(
        venue_id="V1",
        client_id="a",
        symbol="ETH-EUR",
        side=side,
        quantity=Decimal(quantity),
        limit=Decimal(limit),
        reduce_only=False,
        placed_ns=0,
    )


def an_account(position="0", cash="500"):
    account = Account({"EUR": Decimal(cash)})
    account.positions["ETH-EUR"] = Decimal(position)
    return account


def refusals(order, account=None, *open_orders, instrument=ETH):
    account = account or an_account()
    return account.refusals(order, instrument, open_orders, lambda: account.turn_to(None, lambda symbol: Decimal(3000)))


def a_fill(side, quantity, price):
    return Filled(
        at_ns=0,
        venue_id="V1",
        client_id="a",
        symbol="ETH-EUR",
        trade_id="T1",
        side=side,
        quantity=quantity,
        price=price,
        fee=price * quantity / 1000,
        fee_asset="EUR",
    )


amounts = st.decimals("0.0001", "10", places=4)


@given(st.lists(st.tuples(st.sampled_from(("buy", "sell")), amounts, st.decimals("0.01", "5000", places=2))))
def test_value_changes_by_fees_and_prices_alone(fills):
    account = Account({"EUR": Decimal(500)})
    for side, quantity, price in fills:
        before = account.balances["EUR"] + account.positions.get("ETH-EUR", Decimal(0)) * price
        account.book(a_fill(side, quantity, price))
        after = account.balances["EUR"] + account.positions["ETH-EUR"] * price
        assert before - after == price * quantity / 1000


def test_gross_exposure_with_open_orders_is_within_leverage_times_equity():
    assert refusals(an_order(quantity="0.5000")) == []
    assert refusals(an_order(quantity="0.5001")) == ["insufficient margin: gross would be 1500.30, at most 1500.00"]
    resting = held("buy", "0.3000")
    assert refusals(an_order(quantity="0.2000"), None, resting) == []
    assert refusals(an_order(quantity="0.2001"), None, resting) != []


@given(st.lists(st.tuples(st.sampled_from(("buy", "sell")), amounts, st.decimals("0.01", "5000", places=2))))
def test_what_was_neither_traded_nor_moved_is_worth_what_it_was(fills):
    """Whether all is valued anew or what has moved alone, the same order is refused with the same numbers."""
    kept, mids = Account({"EUR": Decimal(500)}), {"ETH-EUR": Decimal(3000)}
    kept.turn_to(None, mids.get)
    for side, quantity, price in fills:
        kept.book(a_fill(side, quantity, price))
        moved = ["ETH-EUR"] if price > mids["ETH-EUR"] else []
        mids.update(dict.fromkeys(moved, price))
        anew = Account(kept.balances)
        anew.positions = dict(kept.positions)
        order = an_order(quantity="100.0000")
        told = kept.refusals(order, ETH, (), partial(kept.turn_to, moved, mids.get))
        assert told == anew.refusals(order, ETH, (), partial(anew.turn_to, None, mids.get))


def test_what_reduces_the_position_needs_no_margin():
    deep_under = an_account(position="1.0000", cash="-2900")
    assert refusals(an_order("sell", "1.0000"), deep_under) == []
    assert refusals(an_order("buy", "0.0100"), deep_under) != []


def test_reduce_only_never_turns_the_position():
    account = an_account(position="-0.0200")
    assert refusals(an_order("buy", "0.0200", reduce_only=True), account) == []
    assert refusals(an_order("buy", "0.0201", reduce_only=True), account) == [
        "reduce only: buy 0.0201 with a position of -0.0200"
    ]
    assert refusals(an_order("sell", "0.0001", reduce_only=True), account) != []


def test_what_is_promised_to_open_sells_cannot_be_sold_again():
    spot = msgspec.structs.replace(ETH, can_short=False)
    account = an_account(position="0.0300")
    assert refusals(an_order("sell", "0.0200"), account, held(quantity="0.0100"), instrument=spot) == []
    (refusal,) = refusals(an_order("sell", "0.0201"), account, held(quantity="0.0100"), instrument=spot)
    assert "at most 0.0200" in refusal


@pytest.mark.parametrize(("limit", "crosses"), [("2999.99", False), ("3000.00", True), ("3000.01", True)])
def test_an_order_that_would_meet_its_own_is_refused(limit, crosses):
    found = refusals(an_order(limit=limit), None, held())
    assert (found == ["self trade: own order a rests at 3000.00"]) == crosses


def test_all_broken_rules_of_the_grid_are_named():
    found = refusals(an_order(quantity="0.00015", limit="3000.001"))
    assert found == ["price 3000.001 is off the grid of 0.01", "quantity 0.00015 is off the grid of 0.0001"]
