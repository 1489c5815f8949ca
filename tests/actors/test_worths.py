"""What positions are worth together is what they are worth one by one, whatever changed in between."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.execution.books import Book
from actors.valuation import Valuation
from actors.worths import FEW, Worths
from tests.actors.test_valuation import prices_of
from tests.kit.market import NOON_NS, a_universe
from tests.kit.orders import marks_of

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


marks = st.lists(st.integers(1, 10**9).map(lambda count: count / 100) | st.just(float("nan")), min_size=3, max_size=3)
changes = st.tuples(st.sampled_from((*SYMBOLS, "BTC-USD")), books) | marks


@given(st.lists(changes, max_size=12))
def test_the_sums_are_those_of_the_positions_one_by_one(said):
    prices, worths, held = prices_of(*SYMBOLS), Worths("EUR"), {}
    for change in said:
        if isinstance(change, list):
            prices.hear(marks_of(*change))
        else:
            symbol, held[symbol] = change
            worths.note(symbol)
        assert valued(prices, held, worths) == valued(prices, held)


def test_many_positions_are_worth_what_each_of_them_is():
    symbols = [f"X{number}-EUR" for number in range(2 * FEW)]
    prices, worths = prices_of(*symbols), Worths("EUR")
    held = {symbol: Book(quantity=Decimal(number - FEW), entry=Decimal(90)) for number, symbol in enumerate(symbols)}
    for change in range(3):
        prices.hear(marks_of(*(100.0 + change * number / 4 for number in range(2 * FEW))))
        held[symbols[change]] = Book(quantity=Decimal(7), entry=Decimal(80))
        worths.note(symbols[change])
        assert valued(prices, held, worths) == valued(prices, held)
    nowhere = [float("nan")] * (2 * FEW)
    unmarked = prices_of(*symbols, marks=marks_of(*nowhere))
    assert valued(unmarked, held, Worths("EUR")) == valued(unmarked, held)


def test_a_universe_laid_out_anew_is_worth_the_same():
    prices, worths = prices_of(*SYMBOLS), Worths("EUR")
    held = {"BTC-EUR": Book(quantity=Decimal(2), entry=Decimal(90))}
    before = valued(prices, held, worths)
    prices.turn_to(a_universe(*reversed(SYMBOLS)))
    assert valued(prices, held, worths) == before


def test_what_is_off_the_grid_of_lots_is_valued_by_itself():
    prices, worths = prices_of(*SYMBOLS), Worths("EUR")
    held = {"BTC-EUR": Book(quantity=Decimal(1) / 3, entry=Decimal(90)), "ETH-EUR": Book(quantity=Decimal(1))}
    assert valued(prices, held, worths) == valued(prices, held)
    assert list(worths.others) == ["BTC-EUR", "ETH-EUR"]


def test_a_mark_that_is_old_is_named_however_it_is_summed():
    prices, worths = prices_of(*SYMBOLS), Worths("EUR")
    held = {"BTC-EUR": Book(quantity=Decimal(2), entry=Decimal(90))}
    value = Valuation(prices, "EUR", NOON_NS + 10**11, mark_age_s_max=5.0, rate_age_s_max=60.0)
    value.own_all(held, worths)
    assert value.missing == ["mark of BTC-EUR is 100.0 s old, at most 5.0 s"]
