from decimal import Decimal

from adapters.simulated.ledger import Ended, Filled, Opened, Placed
from adapters.simulated.listener import Listener
from adapters.simulated.records import HISTORY_MAX, Records
from contracts.trade import OrderCancelled


def placed(number):
    return Placed(
        at_ns=number,
        venue_id=f"V{number}",
        client_id=f"k1-{number:06d}-00-0",
        symbol="ETH-EUR",
        side="buy",
        quantity=Decimal(1),
        limit=Decimal(10),
        reduce_only=False,
    )


def filled(number):
    return Filled(
        at_ns=number,
        venue_id=f"V{number}",
        client_id=f"k1-{number:06d}-00-0",
        symbol="ETH-EUR",
        trade_id=f"T{number}",
        side="buy",
        quantity=Decimal(1),
        price=Decimal(10),
        fee=Decimal(0),
        fee_asset="EUR",
    )


def test_the_oldest_orders_are_forgotten_but_never_one_that_is_open():
    records = Records()
    records.apply(placed(0))
    for number in range(1, HISTORY_MAX + 100):
        records.apply(placed(number))
        records.apply(Ended(at_ns=number, venue_id=f"V{number}", client_id=f"k1-{number:06d}-00-0"))
    assert len(records.newest) <= HISTORY_MAX + 1
    assert "k1-000000-00-0" in records.newest
    assert "k1-000001-00-0" not in records.newest


def test_forgotten_fills_keep_the_cursor_and_the_position():
    records = Records()
    records.apply(Opened(at_ns=0, balances={"EUR": Decimal(0)}))
    many = 2 * HISTORY_MAX + 10
    for number in range(many):
        records.apply(placed(number))
        records.apply(filled(number))
    assert records.filled == many
    assert [fill.trade_id for fill in records.fills_since(many - 2)] == [f"T{many - 2}", f"T{many - 1}"]
    assert len(records.fills_since(0)) == HISTORY_MAX + 10
    assert records.account.positions == {"ETH-EUR": Decimal(many)}


def test_events_are_delivered_when_they_are_due_and_in_that_order():
    listener = Listener()
    events = {at_ns: OrderCancelled(f"k1-{at_ns:06d}-00-0", Decimal(0)) for at_ns in (30, 10, 20)}
    for number, (at_ns, event) in enumerate(events.items()):
        listener.put(at_ns, number, event)
    assert (listener.next_ns, listener.take(9)) == (10, [])
    assert listener.take(20) == [events[10], events[20]]
    assert listener.take(100) == [events[30]]
    assert listener.next_ns is None
