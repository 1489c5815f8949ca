"""What positions are worth together is what they are worth one by one, whatever changed in between."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.execution.books import Book
from actors.valuation import Valuation
from actors.worths import Worths, worth_of
from tests.actors.test_valuation import prices_of
from tests.kit.market import NOON_NS

SYMBOLS = ("BTC-EUR", "ETH-EUR", "SOL-EUR")
amounts = st.integers(-(10**9), 10**9).map(lambda count: Decimal(count) / 1000)
books = st.builds(Book, quantity=amounts, entry=st.just(Decimal(1) / 3) | st.just(Decimal(0)))


def valued(prices, held, worths=None):
    value = Valuation(prices, "EUR", NOON_NS, mark_age_s_max=5.0, rate_age_s_max=60.0)
    if worths is not None:
        value.own_all(held, worths)
    else:
        for symbol, book in held.items():
            value.own(symbol, book)
    return tuple(each.quantize(Decimal("1E-8")) for each in (value.net, value.gross, value.unrealised)), value.missing


@given(st.lists(st.tuples(st.sampled_from((*SYMBOLS, "BTC-USD")), books), max_size=12))
def test_the_sums_are_those_of_the_positions_one_by_one(changes):
    prices, worths, held = prices_of(*SYMBOLS), Worths(), {}
    for symbol, book in changes:
        held[symbol] = book
        assert valued(prices, held, worths) == valued(prices, held)


def test_nothing_is_worth_what_it_was_by_other_marks():
    prices, worths = prices_of(*SYMBOLS), Worths()
    held = {"BTC-EUR": Book(quantity=Decimal(2), entry=Decimal(90))}
    before = valued(prices, held, worths)
    prices.turn_to(prices.universe)
    assert worths.marks is not prices.marks
    assert valued(prices, held, worths) == before
    assert worths.marks is prices.marks


def test_a_book_in_the_place_of_another_leaves_nothing_of_it():
    worths = Worths()
    first, second = Book(quantity=Decimal(1), entry=Decimal(1) / 3), Book(quantity=Decimal(-7), entry=Decimal(2) / 7)
    worths.put("BTC-EUR", worth_of(first, Decimal(10), Decimal(1), 5))
    worths.put("BTC-EUR", worth_of(second, Decimal(10), Decimal(1), 9))
    alone = worth_of(second, Decimal(10), Decimal(1), 9)
    assert (worths.net, worths.gross, worths.unrealised) == (alone.value, alone.size, alone.unrealised)
    assert worths.oldest_ns == 5
