"""A position is a pure function of its fills."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.execution.books import Book, booked

quantities = st.integers(-500, 500).filter(bool).map(lambda lots: lots * Decimal("0.001"))
prices = st.integers(1, 100_000).map(lambda ticks: ticks * Decimal("0.01"))


@given(st.lists(st.tuples(quantities, prices), max_size=30))
def test_the_quantity_is_the_sum_and_flat_has_no_entry(fills):
    book = Book()
    for signed, price in fills:
        book = booked(book, signed, price, Decimal("0.01"))
    assert book.quantity == sum((signed for signed, _ in fills), Decimal(0))
    assert (book.entry == 0) is (book.quantity == 0)
    assert book.fees == Decimal("0.01") * len(fills)


@given(quantities, prices, prices)
def test_a_round_trip_realises_the_difference_of_its_prices(signed, bought, sold):
    book = booked(booked(Book(), signed, bought, Decimal(0)), -signed, sold, Decimal(0))
    assert book == Book(realised=signed * (sold - bought))


@given(quantities, prices, prices)
def test_adding_averages_and_reducing_leaves_the_entry(signed, first, second):
    doubled = booked(booked(Book(), signed, first, Decimal(0)), signed, second, Decimal(0))
    assert doubled.entry == (first + second) / 2
    assert booked(doubled, -signed, second, Decimal(0)).entry == doubled.entry


def test_a_position_of_unknown_entry_realises_nothing():
    book = booked(Book(quantity=Decimal(2)), Decimal(-1), Decimal(100), Decimal(0))
    assert book == Book(quantity=Decimal(1), entry=Decimal(100))
