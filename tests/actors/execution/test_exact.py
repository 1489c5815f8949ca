"""Exact money raises rather than rounds."""

from decimal import Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.execution.exact import differences, minus, plain, plus, rounded, times

amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=12)


@given(amounts, amounts)
def test_sums_and_products_are_exact(left, right):
    assert Fraction(plus(left, right)) == Fraction(left) + Fraction(right)
    assert Fraction(minus(left, right)) == Fraction(left) - Fraction(right)
    assert Fraction(times(left, right)) == Fraction(left) * Fraction(right)


def test_what_needs_more_than_96_digits_raises():
    tiny = Decimal("1e-60")
    with pytest.raises(Inexact):
        plus(Decimal("1e60"), tiny)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1E+3", "1000"), ("0.500", "0.5"), ("-0.00000001", "-0.00000001"), ("0E-8", "0"), ("100", "100")],
)
def test_amounts_are_written_as_people_write_them(amount, text):
    assert plain(Decimal(amount)) == text


def test_rounding_is_for_what_is_said():
    assert rounded(Decimal("1.123456789")) == Decimal("1.12345679")


def test_differences_name_both_numbers_in_the_order_of_names():
    here, there = {"b": Decimal("1.0"), "a": Decimal(2)}, {"b": Decimal(1), "c": Decimal("0.5")}
    assert differences(here, there) == ["a: 2 here, 0 at the venue", "c: 0 here, 0.5 at the venue"]
