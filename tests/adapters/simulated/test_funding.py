"""Funding at the simulated venue, held against a plain calculation and against the books of the bot."""

import tempfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.ledger import Ledger
from adapters.simulated.broker import Broker
from adapters.simulated.ledger import LedgerFile, NoLedger, audit
from adapters.simulated.prices import QuoteBoard
from adapters.simulated.venue import SimulatedVenue
from contracts.market import Perp
from contracts.trade import Fill, FundingPaid
from runtime.clock import FixedClock
from tests.kit.funding import a_predicted, a_settled
from tests.kit.market import a_tick, a_universe, a_universe_changed, at
from tests.kit.orders import Stage, a_snapshot, an_execution, an_order, ledger_settings
from tests.kit.venues import broker_settings

HOUR = 3_600.0


class Desk:
    """A broker at one quote of 99.99 to 100.01, unless another is quoted, and orders that fill at once."""

    def __init__(self, ledger=None, before=None):
        self.board = QuoteBoard() if before is None else before.board
        manners = {"split_rate": 0.0, "latency_ms_min": 0.0, "latency_ms_max": 0.0, "balances": {"EUR": Decimal(1000)}}
        universe = a_universe("BTC-EUR", "ETH-EUR", notional_min=Decimal("0.001"), leverage_max=Decimal(100))
        self.broker = Broker(broker_settings(**manners), universe, self.board, ledger or NoLedger())
        self.sent = 0 if before is None else before.sent
        if before is None:
            self.quote(99.99, 0)

    def quote(self, bid, second):
        ticks = round(bid * 100)
        for symbol in ("BTC-EUR", "ETH-EUR"):
            tick = a_tick(symbol=symbol, bid=ticks, ask=ticks + 2, bid_lots=10**6, ask_lots=10**6)
            self.board.quote(tick)
        self.pass_to(second)

    def pass_to(self, second):
        self.broker.advance(at(second))

    def trade(self, quantity, second, symbol="BTC-EUR"):
        self.sent += 1
        side = "buy" if Decimal(quantity) > 0 else "sell"
        limit = Decimal(9_000) if side == "buy" else Decimal(1)
        order = an_order(
            client_id=f"k1-{self.sent:06d}-00-0", symbol=symbol, side=side, limit=limit,
            quantity=abs(Decimal(quantity)), reduce_only=False, expires_ns=at(second) + 10**9,
        )  # fmt: skip
        self.broker.records.account.balances["CREDIT"] = Decimal(10**9)
        self.broker.send(order, at(second), at(second))
        self.pass_to(second)

    def hear(self, perp, second):
        self.pass_to(second)
        self.broker.hear(perp)

    @property
    def payments(self):
        return [each for each in self.broker.fills_since(0)[0] if isinstance(each, FundingPaid)]

    @property
    def cash(self):
        return self.broker.snapshot(0).balances["EUR"]


@pytest.mark.parametrize(
    ("quantity", "rate", "paid"),
    [
        ("0.5", 0.0001, "0.005"),
        ("-0.5", 0.0001, "-0.005"),
        ("0.5", -0.00025, "-0.0125"),
        ("-0.5", -0.00025, "0.0125"),
        ("0.5", 0.0, "0"),
    ],
)
def test_longs_pay_a_rate_above_zero_and_shorts_get_it(quantity, rate, paid):
    desk = Desk()
    desk.trade(quantity, 1)
    before = desk.cash
    desk.hear(a_settled(rate, 10), 10)
    (payment,) = desk.payments
    assert (payment.amount, payment.asset) == (Decimal(paid), "EUR")
    assert (payment.rate, payment.settled_ns, payment.event_ns) == (rate, at(10), at(10))
    assert desk.cash == before - Decimal(paid)


def test_a_flat_book_pays_nothing():
    desk = Desk()
    desk.hear(a_settled(0.01, 1), 1)
    desk.trade("0.5", 2)
    desk.trade("-0.5", 3)
    desk.hear(a_settled(0.01, 4), 4)
    assert desk.payments == []


def test_the_position_of_the_instant_pays_however_late_the_rate_is_told():
    desk = Desk()
    desk.trade("1", 1)
    desk.trade("2", 20)
    desk.trade("-3", 30)
    desk.hear(a_settled(0.001, 10), 40)
    (payment,) = desk.payments
    assert payment.amount == Decimal("0.1"), "one was held at the settlement, three later, none now"
    assert (payment.settled_ns, payment.event_ns) == (at(10), at(40))


def test_the_mark_is_the_one_that_is_said_beside_the_rate_else_the_middle():
    desk = Desk()
    desk.trade("1", 1)
    desk.quote(119.99, 5)
    desk.hear(a_settled(0.001, 10, mark=110.5), 10)
    desk.hear(a_settled(0.001, HOUR), HOUR)
    assert [each.amount for each in desk.payments] == [Decimal("0.1105"), Decimal("0.12")]


def test_a_predicted_rate_is_never_used_before_its_instant_and_the_last_one_is_used_at_it():
    desk = Desk()
    desk.trade("1", 1)
    desk.hear(a_predicted(0.01, 60, told=2), 2)
    desk.hear(a_predicted(0.002, 60, told=59), 59)
    desk.pass_to(61)
    desk.hear(a_predicted(0.002, 60, told=60.5), 61)
    assert desk.payments == [], "the settlement is not known to be over yet"
    desk.hear(a_predicted(0.05, HOUR, told=62), 62)
    (payment,) = desk.payments
    assert (payment.amount, payment.settled_ns) == (Decimal("0.2"), at(60))


def test_a_settlement_that_is_put_off_is_none():
    desk = Desk()
    desk.trade("1", 1)
    desk.hear(a_predicted(0.01, 60, told=2), 2)
    desk.hear(a_predicted(0.01, 120, told=30), 30)
    desk.pass_to(100)
    assert desk.payments == []


def test_a_settled_rate_that_is_told_ahead_waits_for_its_instant():
    desk = Desk()
    desk.trade("1", 1)
    desk.hear(a_settled(0.001, 10), 9)
    assert desk.payments == []
    desk.pass_to(10)
    assert [each.event_ns for each in desk.payments] == [at(10)]


def test_one_settlement_is_charged_once_whatever_tells_of_it():
    desk = Desk()
    desk.trade("1", 1)
    desk.hear(a_predicted(0.001, 10, told=5), 5)
    for row in (a_settled(0.001, 10), a_settled(0.001, 10.017), a_predicted(0.002, HOUR, told=11)):
        desk.hear(row, 12)
    assert len(desk.payments) == 1
    assert desk.broker.funding.ignored == {"funding_charged_before": 2}
    desk.hear(a_settled(0.001, HOUR), HOUR)
    assert len(desk.payments) == 2


def test_it_is_known_of_which_instruments_rates_were_told():
    desk = Desk()
    desk.hear(Perp(symbol="BTC-EUR", mark=100.0, event_ns=at(1), epoch=1, frame=1), 1)
    assert list(desk.broker.funding.rated) == [], "a mark is no rate"
    desk.hear(a_settled(0.001, 2, symbol="ETH-EUR"), 2)
    desk.hear(a_predicted(0.001, 9, told=3), 3)
    assert list(desk.broker.funding.rated) == ["ETH-EUR", "BTC-EUR"]


def test_what_cannot_be_settled_is_counted():
    desk = Desk()
    desk.trade("1", 1)
    desk.hear(a_settled(0.001, 2, symbol="SOL-EUR"), 2)
    for rate in (float("nan"), 1.5, float("-inf")):
        desk.hear(a_settled(rate, 3), 3)
    assert desk.payments == []
    assert desk.broker.funding.ignored == {"funding_of_unlisted_symbol": 1, "funding_rate_out_of_range": 3}


def test_a_position_without_any_market_is_not_settled_and_counted():
    desk = Desk()
    desk.trade("1", 1)
    desk.board._quotes.clear()
    desk.hear(a_settled(0.001, 2), 2)
    assert desk.broker.funding.ignored == {"funding_without_a_mark": 1}


def test_a_venue_that_is_started_again_knows_what_it_charged(tmp_path):
    ledger = LedgerFile(tmp_path / "ledger")
    desk = Desk(ledger)
    desk.trade("1", 1)
    desk.hear(a_settled(0.001, 10), 10)
    told, books = desk.broker.fills_since(0), desk.cash
    ledger.close()
    ledger = LedgerFile(tmp_path / "ledger")
    again = Desk(ledger, desk)
    again.hear(a_settled(0.001, 10), 20)
    assert again.broker.fills_since(0) == told
    ledger.close()
    assert again.cash == books == audit(tmp_path / "ledger").cash["EUR"]


async def test_the_private_stream_and_the_drop_copy_tell_the_same_payment():
    clock = FixedClock(at(0))
    universe = a_universe("BTC-EUR")
    venue = SimulatedVenue(broker_settings(stream_ms_max=0.0, split_rate=0.0), universe, QuoteBoard(), clock)
    venue.on_market(a_tick(bid_lots=10**6, ask_lots=10**6))
    listener = venue.broker.listen()
    venue.broker.send(an_order(limit=Decimal(101), expires_ns=at(9)), at(0), at(0))
    venue.broker.advance(at(0))
    clock.set(at(10))
    venue.on_market(a_settled(0.001, 10))
    heard = listener.take(at(10))
    assert [type(each) for each in heard] == [Fill, FundingPaid]
    assert venue.broker.fills_since(0)[0] == tuple(heard)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.integers(-3000, 3000).filter(bool), st.sampled_from(["BTC-EUR", "ETH-EUR"])),
        st.tuples(st.just("settle"), st.floats(-0.01, 0.01), st.sampled_from(["BTC-EUR", "ETH-EUR"])),
        st.tuples(st.just("quote"), st.integers(1_000, 50_000), st.just("")),
        st.tuples(st.just("die"), st.just(0), st.just("")),
    ),
    max_size=25,
)


@given(steps, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_venue_its_ledger_the_books_of_the_bot_and_a_plain_sum_agree(lived, chance):
    """Whatever is traded and settled, told in whatever order and however often."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ledger"
        file = LedgerFile(path)
        desk, second = Desk(file), 0.0
        held, cash = {"BTC-EUR": Fraction(0), "ETH-EUR": Fraction(0)}, Fraction(1000)
        middle = Fraction(100)
        for what, number, symbol in lived:
            second += HOUR
            if what == "trade":
                desk.trade(Decimal(number) * Decimal("0.001"), second, symbol)
                price = middle + (1 if number > 0 else -1) * Fraction("0.01")
                held[symbol] += Fraction(number, 1000)
                cash -= Fraction(number, 1000) * price
            elif what == "settle":
                paid = held[symbol] * middle * Fraction(repr(number))
                desk.hear(a_settled(number, second, symbol), second)
                cash -= Fraction(round(paid * 10**8), 10**8)
            elif what == "quote":
                desk.quote(number / 100, second)
                middle = Fraction(number + 1, 100)
            else:
                file.close()
                file = LedgerFile(path)
                desk = Desk(file, desk)
        desk.pass_to(second + 1)
        there = desk.broker.snapshot(0)
        assert Fraction(there.balances["EUR"]) == cash
        assert audit(path).cash["EUR"] == there.balances["EUR"]
        file.close()
        assert books_after(desk.broker.fills_since(0)[0], chance) == (there.balances["EUR"], there.positions)


def books_after(copied, chance):
    """Cash and positions of the bot that heard all of it, some twice, in any order."""
    told = [*copied, *chance.sample(copied, len(copied) // 2)]
    chance.shuffle(told)
    stage = Stage(Ledger(ledger_settings()))
    stage.admit(a_universe_changed("BTC-EUR", "ETH-EUR"))
    stage.admit(a_snapshot(asked_ns=at(0), balances={"EUR": 1000}))
    seen = []
    for each in told:
        if isinstance(each, FundingPaid):
            stage.admit(each)
        elif each.trade_id not in seen:
            seen.append(each.trade_id)
            booked = {name: getattr(each, name) for name in each.__struct_fields__ if name != "event_ns"}
            stage.admit(an_execution(**booked))
    state = stage.actors[0].state
    return state.cash["EUR"], {symbol: book.quantity for symbol, book in state.books.items() if book.quantity}


def test_a_line_of_the_ledger_keeps_the_payment_exactly(tmp_path):
    file = LedgerFile(tmp_path / "ledger")
    desk = Desk(file)
    desk.trade("0.333", 1)
    desk.hear(a_settled(0.000123456789, 10), 10)
    file.close()
    line = (tmp_path / "ledger").read_bytes().splitlines()[-1]
    assert msgspec.json.decode(line) == {
        "fact": "settled", "at_ns": at(10), "symbol": "BTC-EUR", "payment_id": f"BTC-EUR@{at(10)}", "asset": "EUR",
        "amount": "0.00411111", "rate": 0.000123456789, "settled_ns": at(10),
    }  # fmt: skip
