"""The desk's own look at an intent."""

from actors.execution.intents import objections, order_of
from actors.execution.memory import Memory
from contracts.decision import GateState
from contracts.identity import OrderIdentity, parse_client_order_id
from tests.kit.market import NOON_NS, a_universe, an_envelope, at
from tests.kit.orders import an_intent


def test_the_name_of_an_order_is_derived_from_its_intent_alone():
    envelope = an_envelope(an_intent(decision=7, leg=3), seq=99)
    order = order_of(envelope, 2)
    assert parse_client_order_id(order.client_id) == OrderIdentity(2, 7, 3, 0)
    assert order_of(envelope, 2) == order
    assert order.intent_seq == 99
    assert order.quantity == envelope.payload.quantity, "a child is never larger than its parent"


def test_every_objection_is_listed():
    order = order_of(an_envelope(an_intent(symbol="SOL-EUR")), 0)
    found = objections(order, 1, 0, GateState("HALTED", (), ()), a_universe(), Memory(), at(5))
    assert found == [
        "no run has started",
        "the account is HALTED",
        "the intent has expired",
        "SOL-EUR is not in the universe",
    ]


def test_without_a_universe_nothing_is_sent():
    order = order_of(an_envelope(an_intent()), 1)
    found = objections(order, 1, 1, GateState("TRADING", (), ()), None, Memory(), NOON_NS)
    assert found == ["BTC-EUR is not in the universe"]
