"""Which payments of funding are in the books already."""

from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.execution import payments
from actors.execution.payments import Payments
from contracts.account import FundingBooked
from tests.kit.funding import a_payment
from tests.kit.market import at


def an_open_memory() -> Payments:
    return Payments(opened_ns=at(0))


def test_a_payment_is_booked_once_and_its_repetition_is_counted():
    memory = an_open_memory()
    assert memory.booked(a_payment(1, "0.25"), 7) == FundingBooked(
        symbol="BTC-EUR",
        payment_id="p1",
        asset="EUR",
        amount=Decimal("0.25"),
        total=Decimal("0.25"),
        rate=0.0001,
        settled_ns=at(1),
        payment_seq=7,
    )
    assert memory.booked(a_payment(1, "0.25"), 8) is None
    assert memory.ignored == {"funding_repeated": 1}


def test_what_was_booked_before_the_opening_was_asked_for_is_inside_it():
    memory = Payments()
    assert memory.booked(a_payment(1), 1) is None, "nothing is open yet"
    memory.opened_ns = at(2)
    assert memory.booked(a_payment(2), 2) is None
    assert memory.booked(a_payment(2, event_ns=at(2) + 1), 3) is not None
    assert memory.ignored == {"funding_before_opening": 2}


def test_one_name_may_be_given_to_payments_of_two_instruments():
    memory = an_open_memory()
    assert memory.booked(a_payment(1), 1) is not None
    assert memory.booked(a_payment(1, symbol="ETH-EUR"), 2) is not None


def test_totals_are_kept_apart_by_instrument_and_asset():
    memory = an_open_memory()
    for number, (symbol, asset) in enumerate((("A", "EUR"), ("A", "EUR"), ("A", "BTC"), ("B", "EUR")), 1):
        memory.booked(a_payment(number, f"0.{number}", symbol=symbol, asset=asset), number)
    assert memory.totals == {"A": {"EUR": Decimal("0.3"), "BTC": Decimal("0.3")}, "B": {"EUR": Decimal("0.4")}}


def test_a_payment_that_comes_after_a_later_one_is_still_booked():
    memory = an_open_memory()
    assert memory.booked(a_payment(9), 1) is not None
    assert memory.booked(a_payment(3), 2) is not None, "the stream lost it, the drop copy told it"


@given(st.lists(st.integers(1, 12), max_size=60), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_in_bounded_space_nothing_is_ever_booked_twice(told, kept):
    before, payments.PAYMENTS_KEPT = payments.PAYMENTS_KEPT, kept
    try:
        memory = an_open_memory()
        booked = [number for number in told if memory.booked(a_payment(number), 1) is not None]
    finally:
        payments.PAYMENTS_KEPT = before
    assert len(booked) == len(dict.fromkeys(booked))
    assert len(memory.known) <= kept
    assert sum(memory.ignored.values()) == len(told) - len(booked)


def test_the_memory_comes_back_from_its_bytes():
    memory = an_open_memory()
    memory.booked(a_payment(1), 1)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(memory), type=Payments)
    assert again == memory
    assert again.booked(a_payment(1), 2) is None
