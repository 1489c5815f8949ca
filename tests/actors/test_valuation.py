"""What positions are worth, exactly, and what could not be valued."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.execution.books import Book
from actors.valuation import Prices, Rate, Valuation, nearest
from tests.kit.market import NOON_NS, a_universe, an_instrument, at
from tests.kit.orders import marks_of

D = Decimal


def prices_of(*symbols, marks=None):
    prices = Prices()
    prices.turn_to(a_universe(*symbols))
    prices.hear(marks or marks_of(*(100.0 for _ in symbols)))
    return prices


def value_at(prices, at_ns=NOON_NS):
    return Valuation(prices, "EUR", at_ns, mark_age_s_max=5.0, rate_age_s_max=60.0)


@given(st.integers(1, 10**7), st.sampled_from(["0.01", "0.1", "0.00001", "0.25", "1"]))
def test_a_price_that_became_a_float_comes_back_exactly(ticks, tick):
    instrument = an_instrument(tick=D(tick))
    assert nearest(instrument.price_float(ticks), float(instrument.tick)) == ticks


def test_balances_and_positions_add_up():
    prices = prices_of("BTC-USD")
    prices.rates["USD"] = Rate(value=D("0.5"), at_ns=NOON_NS)
    value = value_at(prices)
    value.hold("EUR", D(100))
    value.hold("USD", D(50))
    value.own("BTC-USD", Book(quantity=D(-2), entry=D(110)))
    assert (value.cash, value.net, value.gross, value.unrealised) == (D(125), D(-100), D(100), D(10))
    assert value.missing == []


def test_an_asset_without_a_rate_is_worth_its_mark():
    value = value_at(prices_of("BTC-EUR"))
    value.hold("BTC", D("0.5"))
    assert value.cash == 50


@pytest.mark.parametrize("symbols", [("BTC-USD", "BTC-EUR"), ("BTC-EUR", "BTC-USD")])
def test_an_asset_is_valued_by_the_instrument_that_has_a_mark_and_lacks_nothing_for_the_other(symbols):
    prices = prices_of(*symbols, marks=marks_of(*(100.0 if each == "BTC-EUR" else float("nan") for each in symbols)))
    value = value_at(prices)
    value.hold("BTC", D("0.5"))
    assert (value.cash, value.missing, value.unknown) == (D(50), [], False)


def test_an_asset_is_valued_in_the_accounts_currency_rather_than_through_another_rate():
    value = value_at(prices_of("BTC-USD", "BTC-EUR"))
    value.hold("BTC", D("0.5"))
    assert (value.cash, value.missing) == (D(50), [])


def test_instruments_that_value_each_other_value_nothing():
    value = value_at(prices_of("BTC-ETH", "ETH-BTC"))
    value.hold("BTC", D(1))
    assert value.unknown
    assert value.missing == ["rate of BTC is unknown"]


@pytest.mark.parametrize(("age_s", "missing"), [(5, []), (5.1, ["mark of BTC-EUR is 5.1 s old, at most 5.0 s"])])
def test_an_old_mark_is_used_and_named(age_s, missing):
    value = value_at(prices_of("BTC-EUR"), at(age_s))
    value.own("BTC-EUR", Book(quantity=D(1), entry=D(90)))
    assert (value.net, value.missing, value.unknown) == (D(100), missing, False)


def test_what_never_had_a_value_makes_the_sum_unknown():
    value = value_at(prices_of("BTC-EUR"))
    value.hold("DOGE", D(1))
    value.own("SOL-EUR", Book(quantity=D(1)))
    assert value.unknown
    assert value.missing == ["rate of DOGE is unknown", "instrument SOL-EUR is unknown"]


def test_nothing_of_an_unknown_asset_is_no_gap():
    value = value_at(prices_of("BTC-EUR"))
    value.hold("DOGE", D(0))
    value.own("SOL-EUR", Book())
    assert value.missing == []
