"""Each fill is new once, in bounded space."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.execution import memory as memory_module
from actors.execution.answers import filled
from actors.execution.memory import Memory
from actors.execution.orders import sending
from actors.memory import copied
from contracts import codec
from tests.kit.market import NOON_NS, at
from tests.kit.orders import a_fill, an_order

fills = st.builds(
    lambda order, trade: a_fill(
        client_id=order, trade_id=f"{order}/{trade}", quantity=Decimal("0.1"), event_ns=at(1 + trade)
    ),
    st.sampled_from(["k1-000001-00-0", "k1-000002-00-0", "manual"]),
    st.integers(0, 4),
)


@given(st.lists(fills, max_size=40))
@settings(deadline=None)
def test_i5_a_fill_is_new_exactly_once(sequence):
    memory = Memory(opened_ns=NOON_NS)
    for name in ("k1-000001-00-0", "k1-000002-00-0"):
        memory.take(sending(an_order(client_id=name, symbol=name), NOON_NS))
    new = []
    for fill in sequence:
        tracked = memory.find(fill.client_id)
        if memory.is_new(fill, tracked):
            new.append(fill.trade_id)
            if tracked is not None:
                filled(tracked, fill.trade_id, fill.quantity, NOON_NS)
                memory.take(tracked)
    assert new == list(dict.fromkeys(fill.trade_id for fill in sequence))
    assert memory.ignored.get("fill_repeated", 0) == len(sequence) - len(new)


def test_trade_ids_of_strangers_are_kept_up_to_a_bound_and_older_ones_are_old(monkeypatch):
    monkeypatch.setattr(memory_module, "STRANGERS_KEPT", 3)
    memory = Memory(opened_ns=NOON_NS)
    for number in range(5):
        assert memory.is_new(a_fill(client_id="manual", trade_id=f"t{number}", event_ns=at(1 + number)), None)
    assert len(memory.strangers) == 3
    assert not memory.is_new(a_fill(client_id="manual", trade_id="t0", event_ns=at(1)), None)
    memory.check()


def test_one_venue_numbers_the_trades_of_each_symbol_from_one():
    memory = Memory(opened_ns=NOON_NS)
    assert memory.is_new(a_fill(client_id="manual", trade_id="1"), None)
    assert memory.is_new(a_fill(client_id="manual", trade_id="1", symbol="ETH-EUR"), None)


def test_a_copy_of_the_memory_stands_when_a_done_order_shows_life():
    memory = Memory(opened_ns=NOON_NS)
    tracked = sending(an_order(client_id="k1-000001-00-0"), NOON_NS)
    filled(tracked, "t0", tracked.order.quantity, NOON_NS)
    memory.take(tracked)
    before, told = copied(memory), codec.encode(memory)
    late = memory.find("k1-000001-00-0")
    filled(late, "t1", Decimal("0.1"), NOON_NS)
    memory.take(late)
    assert codec.encode(before) == told != codec.encode(memory)
