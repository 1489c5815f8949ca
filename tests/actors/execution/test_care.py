"""Looking after orders: who is cancelled, who is asked for, and how often."""

import pytest

from actors.execution.care import cancel_wish, look_after
from actors.execution.orders import adopted, sending
from contracts.quantities import SECOND_NS
from contracts.trade import CancelOrder, OrderQuery
from tests.kit.market import NOON_NS, at
from tests.kit.orders import a_gate_state, an_open_order, an_order, desk_settings

TTL_NS = 60 * SECOND_NS


def an_open(**changed):
    tracked = sending(an_order(**changed), NOON_NS)
    tracked.acknowledged = True
    tracked.step("OPEN")
    return tracked


@pytest.mark.parametrize(
    ("tracked", "state", "after_s", "wanted"),
    [
        (an_open(), "TRADING", 59.9, False),
        (an_open(), "TRADING", 60, True),
        (an_open(), "REDUCING", 0, True),
        (an_open(reduce_only=True), "REDUCING", 0, False),
        (an_open(reduce_only=True), "HALTED", 0, True),
        (an_open(), "RECONCILING", 0, False),
        (sending(an_order(), NOON_NS), "TRADING", 999, False),
        (sending(an_order(), NOON_NS), "HALTED", 0, True),
        (adopted(an_open_order(client_id="manual"), NOON_NS), "REDUCING", 999, False),
        (adopted(an_open_order(client_id="manual"), NOON_NS), "HALTED", 0, True),
    ],
)
def test_who_is_cancelled(tracked, state, after_s, wanted):
    assert bool(cancel_wish(tracked, a_gate_state(state), TTL_NS, at(after_s))) is wanted


def test_a_cancellation_is_asked_for_again_after_its_interval_and_counted():
    tracked, gate, settings = an_open(), a_gate_state("HALTED"), desk_settings(cancel_retry_s=2.0)
    said = [each for tenth in range(50) for each in look_after(tracked, gate, settings, at(tenth / 10))]
    assert [each.attempt for each in said] == [1, 2, 3]
    assert all(type(each) is CancelOrder for each in said)


def test_questions_double_up_to_their_longest_interval():
    tracked = sending(an_order(), NOON_NS)
    tracked.asks_from(NOON_NS)
    tracked.step("UNKNOWN")
    settings = desk_settings(query_first_s=1.0, query_s_max=4.0)
    asked = [
        second
        for second in range(20)
        for each in look_after(tracked, a_gate_state(), settings, at(second))
        if type(each) is OrderQuery
    ]
    assert asked == [0, 1, 3, 7, 11, 15, 19]
