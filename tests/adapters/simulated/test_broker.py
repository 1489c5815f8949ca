"""The broker's laws, held against its own ledger by an audit that knows nothing of the broker."""

import tempfile
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from adapters.simulated.broker import Broker
from adapters.simulated.instruments import TAKER_BPS
from adapters.simulated.ledger import LedgerFile, NoLedger, audit
from adapters.simulated.prices import MarketPrices, QuoteBoard
from contracts.instrument import Universe
from contracts.quantities import SECOND_NS, sign
from contracts.trade import CancelOrder, OrderAccepted, OrderQuery, OrderRejected, OrderUnknown
from runtime.clock import FixedClock
from tests.kit.market import a_tick, a_universe
from tests.kit.venues import MARKET, START_NS, a_venue_order, broker_settings

NONE = Decimal(0)
SYMBOLS = st.sampled_from(MARKET.universe.symbols)
SIDES = st.sampled_from(("buy", "sell"))


def a_broker(*, universe=MARKET.universe, **changed):
    broker = Broker(broker_settings(**changed), universe, MarketPrices(MARKET), NoLedger())
    broker.advance(START_NS)
    return broker


def an_order(client_id="k1-000001-00-0", symbol="ETH-EUR", side="buy", **changed):
    return a_venue_order(FixedClock(START_NS), client_id, symbol, side, **changed)


def answer_of(broker, order, *, sent_ns=START_NS, arrive_ns=START_NS):
    answer = broker.send(order, sent_ns, arrive_ns)
    broker.advance(arrive_ns)
    return answer[0]


class BrokerMachine(RuleBasedStateMachine):
    """Orders, cancellations, questions, time and crashes in any order."""

    def __init__(self):
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "ledger"
        self.now_ns = START_NS
        self.number = 0
        self.pending = []
        self.ended = {}
        self.proven_absent = {}

    @initialize(
        split_rate=st.sampled_from((0.0, 1.0)),
        client_ids=st.sampled_from(("strict", "open_only")),
        seed=st.integers(0, 9),
    )
    def opens(self, **manners):
        self.manners = manners
        self.start()

    def start(self):
        self.ledger = LedgerFile(self.path)
        self.broker = Broker(broker_settings(**self.manners), MARKET.universe, MarketPrices(MARKET), self.ledger)

    @rule(symbol=SYMBOLS, side=SIDES, rests=st.booleans(), reduce_only=st.booleans(), there_ms=st.integers(0, 900))
    def sends(self, symbol, side, rests, reduce_only, there_ms):
        self.number += 1
        self.send(self.number, symbol, side, rests, reduce_only, there_ms)

    @rule(symbol=SYMBOLS, side=SIDES, rests=st.booleans())
    def sends_and_waits(self, symbol, side, rests):
        self.number += 1
        self.send(self.number, symbol, side, rests, False, 0)
        self.passes(1_000)

    @precondition(lambda self: self.number > 0)
    @rule(back=st.integers(0, 3), symbol=SYMBOLS, side=SIDES)
    def sends_again(self, back, symbol, side):
        self.send(max(1, self.number - back), symbol, side, False, False, 0)
        self.passes(1)

    @rule(symbol=SYMBOLS, side=SIDES)
    def asks_twice_while_it_is_under_way(self, symbol, side):
        self.number += 1
        self.send(self.number, symbol, side, True, False, 900)
        self.asks(0)
        self.passes(300)
        self.asks(0)

    def send(self, number, symbol, side, rests, reduce_only, there_ms):
        client_id = f"k1-{number:06d}-00-0"
        order = a_venue_order(FixedClock(self.now_ns), client_id, symbol, side, rests=rests, reduce_only=reduce_only)
        arrive_ns = self.now_ns + there_ms * 1_000_000
        self.pending.append((self.now_ns, self.broker.send(order, self.now_ns, arrive_ns)))

    @precondition(lambda self: self.number > 0)
    @rule(back=st.integers(0, 5))
    def cancels(self, back):
        client_id = f"k1-{max(1, self.number - back):06d}-00-0"
        self.broker.send_cancel(CancelOrder(client_id, "ETH-EUR", 1, "test"), self.now_ns)
        self.passes(1)

    @rule()
    def cancels_all(self):
        self.broker.send_cancel_all(self.now_ns)
        self.broker.advance(self.now_ns)
        assert self.broker.snapshot(self.now_ns).open_orders == ()

    @rule(back=st.integers(-2, 5))
    def asks(self, back):
        client_id = f"k1-{max(1, self.number - back):06d}-00-0"
        report = self.broker.query(OrderQuery(client_id, "ETH-EUR", 1), self.now_ns)
        if report.state == "absent" and report.authoritative:
            self.proven_absent.setdefault(client_id, self.now_ns)

    @rule(step_ms=st.sampled_from((1, 300, 2_000, 20_000)))
    def passes(self, step_ms):
        self.now_ns += step_ms * 1_000_000
        self.broker.advance(self.now_ns)

    @rule()
    def dies_and_is_started_again(self):
        before = self.broker.snapshot(self.now_ns)
        fills = self.broker.fills_since(0)
        self.ledger.close()
        with self.path.open("ab") as file:
            file.write(b'{"fact":"filled","torn')
        self.pending.clear()
        self.start()
        self.broker.advance(self.now_ns)
        after = self.broker.snapshot(self.now_ns)
        assert (after.balances, after.positions) == (before.balances, before.positions)
        assert sorted(each.client_id for each in after.open_orders) == sorted(
            each.client_id for each in before.open_orders
        )
        assert self.broker.fills_since(0) == fills

    @invariant()
    def an_absence_that_was_proven_stays_true_for_what_was_sent_before(self):
        for sent_ns, answers in self.pending:
            for answer in answers:
                proven_ns = self.proven_absent.get(answer.client_id)
                assert not (isinstance(answer, OrderAccepted) and proven_ns is not None and sent_ns < proven_ns)

    @invariant()
    def what_has_ended_never_changes(self):
        for held in self.broker.records.newest.values():
            if held.state != "open":
                fact = (held.state, held.filled)
                assert self.ended.setdefault(held.venue_id, fact) == fact
                assert held.filled == held.quantity or held.state == "cancelled"

    @invariant()
    def the_audit_of_the_ledger_equals_what_the_venue_says(self):
        if not self.path.exists():
            return
        truth, snapshot = audit(self.path), self.broker.snapshot(self.now_ns)
        assert snapshot.balances == truth.cash
        assert snapshot.positions == {symbol: quantity for symbol, quantity in truth.positions.items() if quantity}
        assert self.broker.fills_since(0)[1] == truth.fills
        still_open = [each for orders in truth.orders.values() for each in orders if not each.ended]
        assert len(still_open) == len(snapshot.open_orders)
        assert all(each.filled <= each.quantity for orders in truth.orders.values() for each in orders)
        if self.manners["client_ids"] == "strict":
            assert truth.duplicates == 0

    @invariant()
    def positions_and_cash_are_the_sum_of_the_fills(self):
        fills, _ = self.broker.fills_since(0)
        snapshot = self.broker.snapshot(self.now_ns)
        for symbol in MARKET.universe.symbols:
            moved = sum((fill.quantity * sign(fill.side) for fill in fills if fill.symbol == symbol), NONE)
            assert snapshot.positions.get(symbol, NONE) == moved
        paid = sum((fill.quantity * fill.price * sign(fill.side) + fill.fee for fill in fills), NONE)
        assert snapshot.balances["EUR"] == 500 - paid

    def teardown(self):
        self.ledger.close()
        self.directory.cleanup()


BrokerMachine.TestCase.settings = hypothesis_settings(max_examples=60, stateful_step_count=30, deadline=None)
TestBrokerLaws = BrokerMachine.TestCase


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"limit": Decimal("3000.005")}, "price 3000.005 is off the grid of 0.01"),
        ({"limit": Decimal(-1)}, "price was -1, expected more than 0"),
        ({"quantity": Decimal("NaN")}, "quantity was NaN, expected more than 0"),
        ({"quantity": Decimal("0.0001")}, "below the minimum of 5"),
        ({"quantity": Decimal("1.0000")}, "insufficient margin: gross would be"),
        ({"quantity": Decimal("20000")}, "is above the maximum of 10000.0000"),
        ({"symbol": "BTC-USD"}, "symbol BTC-USD is not listed"),
        ({"reduce_only": True}, "reduce only: buy"),
    ],
)
def test_a_broken_rule_is_named_with_its_numbers(changed, reason):
    answer = answer_of(a_broker(), an_order() if not changed else msgspec.structs.replace(an_order(), **changed))
    assert isinstance(answer, OrderRejected)
    assert reason in answer.reason


def test_what_cannot_be_sold_short_is_sold_only_from_what_is_held():
    instruments = tuple(msgspec.structs.replace(each, can_short=False) for each in MARKET.universe.instruments)
    broker = a_broker(universe=Universe(version=1, instruments=instruments), split_rate=0.0)
    naked = answer_of(broker, an_order(side="sell"))
    assert isinstance(naked, OrderRejected)
    assert "cannot be sold short" in naked.reason
    bought = an_order("k1-000002-00-0")
    assert isinstance(answer_of(broker, bought), OrderAccepted)
    assert isinstance(
        answer_of(broker, an_order("k1-000003-00-0", side="sell", quantity=bought.quantity)), OrderAccepted
    )


def test_an_own_order_is_not_traded_with():
    broker = a_broker()
    resting = an_order(rests=True)
    answer_of(broker, resting)
    crossing = an_order("k1-000002-00-0", side="sell", limit=resting.limit, quantity=resting.quantity)
    answer = answer_of(broker, crossing)
    assert answer == OrderRejected(
        crossing.client_id, f"self trade: own order {resting.client_id} rests at {resting.limit}"
    )


def test_open_orders_are_limited():
    broker = a_broker(orders_open_max=2)
    for number in range(2):
        assert isinstance(answer_of(broker, an_order(f"k1-{number:06d}-00-0", rests=True)), OrderAccepted)
    answer = answer_of(broker, an_order("k1-000009-00-0", rests=True))
    assert answer == OrderRejected("k1-000009-00-0", "2 orders are open, at most 2")


def test_dust_can_be_closed_but_not_opened():
    broker = a_broker(split_rate=0.0)
    answer_of(broker, an_order(quantity=Decimal("0.0101")))
    answer_of(broker, an_order("k1-000002-00-0", side="sell", quantity=Decimal("0.0100")))
    dust = Decimal("0.0001")
    assert isinstance(answer_of(broker, an_order("k1-000003-00-0", side="sell", quantity=dust)), OrderRejected)
    closing = an_order("k1-000004-00-0", side="sell", quantity=dust, reduce_only=True)
    assert isinstance(answer_of(broker, closing), OrderAccepted)
    assert broker.snapshot(START_NS).positions == {}


def test_an_order_that_comes_too_late_is_refused():
    answer = answer_of(a_broker(), an_order(), arrive_ns=START_NS + 6 * SECOND_NS)
    assert answer == OrderRejected("k1-000001-00-0", "arrived 6.0 s after it was sent, at most 5.0 s")


def test_ids_may_be_used_again_where_only_open_orders_own_them():
    broker = a_broker(client_ids="open_only", split_rate=0.0)
    first = an_order(rests=True)
    assert isinstance(answer_of(broker, first), OrderAccepted)
    again = answer_of(broker, first)
    assert again == OrderUnknown(first.client_id, "duplicate of open order V00000001")
    broker.send_cancel_all(START_NS)
    broker.advance(START_NS)
    assert answer_of(broker, first) == OrderAccepted(first.client_id, "V00000002")


def test_what_was_there_before_a_restart_lags_no_more(tmp_path):
    path, order = tmp_path / "ledger", an_order()
    for now_ns in (START_NS + 10 * SECOND_NS, START_NS):
        ledger = LedgerFile(path)
        broker = Broker(broker_settings(split_rate=0.0), MARKET.universe, MarketPrices(MARKET), ledger)
        broker.advance(now_ns)
        if not ledger.facts:
            answer_of(broker, order, sent_ns=now_ns, arrive_ns=now_ns)
        ledger.close()
    report = broker.query(OrderQuery(order.client_id, order.symbol, 1), START_NS)
    assert (report.state, report.authoritative) == ("filled", True)


def test_a_taker_pays_the_schedule_on_what_was_traded():
    broker = a_broker(split_rate=0.0)
    order = an_order()
    answer_of(broker, order)
    (fill,), cursor = broker.fills_since(0)
    assert fill.fee == fill.quantity * fill.price * Decimal(str(TAKER_BPS)) / 10_000
    assert (fill.quantity, fill.fee_asset, cursor) == (order.quantity, "EUR", 1)


def test_a_split_order_fills_in_several_pieces_over_time():
    broker = a_broker(split_rate=1.0)
    order = an_order()
    answer_of(broker, order)
    first, _ = broker.fills_since(0)
    assert 0 < sum(fill.quantity for fill in first) < order.quantity
    broker.advance(START_NS + 2 * SECOND_NS)
    fills, _ = broker.fills_since(0)
    assert sum(fill.quantity for fill in fills) == order.quantity
    assert 2 <= len(dict.fromkeys(fill.event_ns for fill in fills)) <= 3


@pytest.mark.parametrize(
    "changed",
    [
        {"balances": {}},
        {"balances": {"EUR": Decimal("NaN")}},
        {"latency_ms_min": 600.0},
        {"split_rate": 1.5},
        {"orders_open_max": 0},
        {"recv_window_s": 0.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(changed):
    with pytest.raises(ValueError, match=r"expected|were"):
        broker_settings(**changed)


def test_what_chance_does_to_an_order_does_not_depend_on_what_else_was_asked():
    alone, busy = a_broker(), a_broker()
    for number in range(7):
        busy.latency_ns("order", f"k1-{number:06d}-00-0")
    assert alone.latency_ns("order", "k9-000001-00-0") == busy.latency_ns("order", "k9-000001-00-0")
    assert alone.latency_ns("order", "k9-000001-00-0") != alone.latency_ns("cancel", "k9-000001-00-0", 1)
    for attempt in range(200):
        there_ns, back_ns = alone.latency_ns("query", "k9-000001-00-0", attempt)
        low_ns, high_ns = alone.settings.latency_ms_min * 1e6, alone.settings.latency_ms_max * 1e6
        assert low_ns - 2 <= there_ns + back_ns <= high_ns + 2


@pytest.mark.parametrize(("queue_ticks", "asks"), [(0, (10_000,)), (2, (10_000, 9_999, 9_998))])
def test_an_order_that_rests_waits_for_its_place_in_the_queue(queue_ticks, asks):
    board = QuoteBoard()
    board.quote(a_tick(bid_lots=500, ask_lots=500))
    settings = broker_settings(queue_ticks=queue_ticks, split_rate=0.0)
    broker = Broker(settings, a_universe("BTC-EUR"), board, NoLedger())
    broker.advance(START_NS)
    order = an_order(symbol="BTC-EUR", limit=Decimal(100), quantity=Decimal("0.5"))
    assert isinstance(answer_of(broker, order), OrderAccepted)
    for number, ask in enumerate(asks, start=1):
        assert broker.records.filled == 0
        board.quote(a_tick(bid=ask - 2, ask=ask, bid_lots=500, ask_lots=500))
        broker.advance(START_NS + number * SECOND_NS)
    ((fill,), _) = broker.fills_since(0)
    assert fill.price == Decimal(100), "at its own limit, whatever the market has come to"


class Untold(QuoteBoard):
    """A board that does not say when it was quoted: resting orders are held against it at every instant of the grid."""

    def told(self):
        return None


@given(
    st.lists(st.tuples(st.integers(9_990, 10_010), st.integers(0, 60), st.booleans()), max_size=20),
    st.sampled_from((0, 2)),
)
@hypothesis_settings(deadline=None, max_examples=20)
def test_orders_that_rest_in_vain_fill_as_if_they_were_looked_after_all_the_time(steps, queue_ticks):
    copies = []
    for board in (QuoteBoard(), Untold()):
        broker = Broker(broker_settings(queue_ticks=queue_ticks), a_universe("BTC-EUR"), board, NoLedger())
        broker.advance(START_NS)
        for number, (ask, lots, quoted) in enumerate(steps, start=1):
            now_ns = START_NS + number * 1_700_000_000
            broker.advance(now_ns)
            if quoted:
                board.quote(a_tick(bid=ask - 2, ask=ask, bid_lots=lots, ask_lots=lots))
            order = an_order(f"k1-{number:06d}-00-0", "BTC-EUR", limit=Decimal(100), quantity=Decimal("0.02"))
            broker.send(order, now_ns, now_ns + 100)
        broker.advance(START_NS + 60 * SECOND_NS)
        copies.append((broker.fills_since(0), broker.records.open_orders()))
    assert copies[0] == copies[1]


def test_nothing_is_expected_of_an_order_that_rests_in_vain_until_the_market_is_told_anew():
    board = QuoteBoard()
    board.quote(a_tick(bid_lots=500, ask_lots=500))
    broker = Broker(broker_settings(split_rate=0.0), a_universe("BTC-EUR"), board, NoLedger())
    broker.advance(START_NS)
    answer_of(broker, an_order(symbol="BTC-EUR", limit=Decimal(100), quantity=Decimal("0.5")))
    assert broker.busy
    assert broker.next_ns is None
    board.quote(a_tick(bid=9_998, ask=10_000, bid_lots=500, ask_lots=500))
    assert broker.next_ns == START_NS + SECOND_NS // 2
