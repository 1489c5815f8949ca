"""The venue of a backtest: orders leave after their turn, and what comes back has its own time."""

from decimal import Decimal

from actors.gateways.order_gateway import OrderGatewaySettings
from adapters.simulated.broker import Broker
from adapters.simulated.ledger import NoLedger
from adapters.simulated.prices import QuoteBoard
from adapters.simulated.settings import BrokerSettings
from bot.backtest.exchange import Exchange
from contracts.decision import GateState
from contracts.quantities import SECOND_NS
from contracts.trade import Fill, FundingPaid, Order, OrderAccepted, OrderNotSent, VenueSnapshot, VenueStatus
from runtime.clock import FixedClock
from tests.kit.funding import a_settled
from tests.kit.market import a_tick, a_universe, at
from tests.kit.orders import an_order
from tests.kit.turns import MemoryJournal, a_bus, a_sayer


def an_exchange(*orders: Order, state: str = "TRADING", latency_ms: float = 100.0, dry_run: bool = False):
    """An exchange of a system that says its state, then those orders, at the venue's first word."""
    clock = FixedClock(at(0))
    journal = MemoryJournal()
    cells = [a_sayer("sentinel", VenueStatus, GateState(state, (), ())), a_sayer("desk", VenueStatus, *orders)]
    bus = a_bus(cells, journal, clock.now)
    board = QuoteBoard()
    board.quote(a_tick(bid_lots=500, ask_lots=500))
    settings = BrokerSettings(
        seed=1,
        balances={"EUR": Decimal(1000)},
        latency_ms_min=latency_ms,
        latency_ms_max=latency_ms,
        stream_ms_max=0.0,
        split_rate=0.0,
    )
    gateway = OrderGatewaySettings(dry_run=dry_run)
    exchange = Exchange(bus, clock, Broker(settings, a_universe("BTC-EUR"), board, NoLedger()), gateway)
    return exchange, journal


def told(journal, kind):
    return [each for each in journal.envelopes if isinstance(each.payload, kind)]


def test_an_order_is_answered_and_filled_at_the_times_the_latency_gives():
    exchange, journal = an_exchange(an_order(limit=Decimal(101), quantity=Decimal("0.05"), expires_ns=at(5)))
    exchange.open()
    assert not exchange.idle
    exchange.run_until(at(1))
    (accepted,), (fill,) = told(journal, OrderAccepted), told(journal, Fill)
    assert at(0) < fill.at_ns <= accepted.at_ns == at(0.1)
    assert fill.payload.price == Decimal("100.01")
    assert fill.source == accepted.source == "venue"
    assert exchange.idle


def test_an_order_that_may_not_leave_is_said_not_to_have_been_sent():
    exchange, journal = an_exchange(an_order(expires_ns=at(5)), state="HALTED")
    exchange.open()
    exchange.run_until(at(1))
    (kept,) = told(journal, OrderNotSent)
    assert kept.payload.reason == "the account is HALTED"
    assert told(journal, OrderAccepted) == []


def test_the_venue_opens_with_its_books():
    exchange, journal = an_exchange()
    exchange.open()
    (status,), (snapshot,) = told(journal, VenueStatus), told(journal, VenueSnapshot)
    assert status.payload.state == "live"
    assert snapshot.payload.balances == {"EUR": Decimal(1000)}
    assert snapshot.at_ns == at(0)
    exchange.run_until(at(0) + SECOND_NS)
    assert exchange.idle


def test_funding_is_paid_while_nothing_is_under_way_and_heard_with_the_next_packet():
    exchange, journal = an_exchange(an_order(limit=Decimal(101), quantity=Decimal("0.05"), expires_ns=at(5)))
    exchange.open()
    exchange.run_until(at(1))
    exchange._clock.set(at(1))
    exchange.show(a_settled(0.001, 1))
    assert not exchange.idle, "what was paid is still to be told"
    exchange.run_until(at(2))
    (paid,) = told(journal, FundingPaid)
    assert (paid.payload.amount, paid.source) == (Decimal("0.005"), "venue")
    assert exchange.idle


def test_no_books_are_shown_before_the_funding_that_is_in_them():
    exchange, journal = an_exchange(an_order(limit=Decimal(101), quantity=Decimal("0.05"), expires_ns=at(5)))
    exchange.open()
    exchange.run_until(at(1))
    exchange._clock.set(at(1))
    exchange.show(a_settled(0.001, 1))
    exchange.prove()
    last = [type(each.payload) for each in journal.envelopes[-2:]]
    assert last == [FundingPaid, VenueSnapshot]
    assert len(told(journal, Fill)) == 1, "a fill is told by the stream alone"
