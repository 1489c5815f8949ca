"""Instruments: the one crossing between exact money and float belief stays on the grid."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.instrument import Universe
from tests.kit.market import an_instrument


@given(st.integers(-(10**9), 10**9))
def test_ticks_and_prices_are_the_same_thing_twice(ticks) -> None:
    instrument = an_instrument(tick=Decimal("0.05"))
    assert instrument.ticks(instrument.price(ticks)) == ticks


@given(st.floats(-1e6, 1e6))
def test_lots_within_a_belief_never_exceed_it(quantity) -> None:
    instrument = an_instrument(lot=Decimal("0.001"))
    lots = instrument.lots_within(quantity)
    assert abs(instrument.quantity(lots)) <= abs(Decimal(repr(quantity)))
    assert abs(Decimal(repr(quantity))) - abs(instrument.quantity(lots)) < instrument.lot


@given(
    st.integers(-(10**12), 10**12), st.sampled_from(("0.01", "0.05", "0.001", "0.25", "3", "0.00000001")),
    st.integers(-3, 3), st.floats(-1e-4, 1e-4),
)  # fmt: skip
def test_lots_are_counted_as_the_decimals_would_be(count, step, ulps, beside) -> None:
    """A float beside the grid, however near, lies on the side of it on which its decimal text does."""
    lot = Decimal(step)
    for quantity in (float(count * lot), float(count * lot) * (1.0 + beside)):
        for _ in range(abs(ulps)):
            quantity = math.nextafter(quantity, math.copysign(math.inf, ulps))
        exact = int(abs(Decimal(repr(quantity))) // lot)
        assert an_instrument(lot=lot).lots_within(quantity) == (exact if quantity >= 0 else -exact)


@given(st.floats(0.01, 1e6))
def test_a_buyers_grid_price_lies_above_and_a_sellers_below(price) -> None:
    instrument = an_instrument(tick=Decimal("0.01"))
    below, above = instrument.price(instrument.ticks_below(price)), instrument.price(instrument.ticks_above(price))
    assert below <= Decimal(repr(price)) <= above
    assert above - below <= instrument.tick


@given(
    st.decimals("-1e6", "1e6", places=8), st.floats(1e-6, 1e6), st.floats(-0.05, 0.05),
)  # fmt: skip
def test_funding_is_the_exact_product_to_eight_places_and_longs_pay_a_rate_above_zero(quantity, mark, rate) -> None:
    instrument = an_instrument()
    paid = instrument.funding(quantity, instrument.price_as_written(mark), rate)
    exact = Fraction(quantity) * Fraction(repr(mark)) * Fraction(repr(rate))
    assert abs(Fraction(paid) - exact) <= Fraction(1, 2 * 10**8)
    assert paid == -instrument.funding(-quantity, instrument.price_as_written(mark), rate)
    assert paid * quantity * Decimal(repr(rate)) >= 0


def test_funding_without_a_finite_rate_or_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="funding rate was nan"):
        an_instrument().funding(Decimal(1), Decimal(100), float("nan"))
    with pytest.raises(ValueError, match="expected a finite number above 0"):
        an_instrument().price_as_written(0.0)


def test_prices_off_the_grid_and_impossible_rules_are_refused() -> None:
    instrument = an_instrument(tick=Decimal("0.01"))
    with pytest.raises(ValueError, match=r"price 1\.005 is off the grid of 0\.01"):
        instrument.ticks(Decimal("1.005"))
    with pytest.raises(ValueError, match="expected a finite number"):
        instrument.lots_within(float("nan"))
    with pytest.raises(ValueError, match="lot was 0"):
        an_instrument(lot=Decimal(0))


def test_a_universe_names_each_symbol_once() -> None:
    with pytest.raises(ValueError, match="each symbol once"):
        Universe(1, (an_instrument(), an_instrument()))
    with pytest.raises(ValueError, match="at least one"):
        Universe(1, ())
