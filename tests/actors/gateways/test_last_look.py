"""The last look at an order before it leaves."""

from actors.gateways.last_look import LastLook
from contracts.decision import GateState
from tests.kit.market import a_feed_status, at
from tests.kit.orders import an_order


def a_look(state: str = "TRADING") -> LastLook:
    look = LastLook()
    look.note(GateState(state, (), ()))
    return look


def test_before_anything_is_known_nothing_may_leave():
    assert LastLook().objection(an_order(expires_ns=at(5)), at(0)) == "the account is RECOVERING"


def test_a_reducing_account_lets_out_only_what_reduces():
    assert a_look("REDUCING").objection(an_order(expires_ns=at(5)), at(0)) == "the account is REDUCING"
    assert a_look("REDUCING").objection(an_order(expires_ns=at(5), reduce_only=True), at(0)) == ""


def test_what_has_expired_stays():
    assert a_look().objection(an_order(expires_ns=at(5)), at(5.5)) == "expired 0.500 s ago"
    assert a_look().objection(an_order(expires_ns=at(5)), at(4.9)) == ""


def test_an_order_whose_feed_is_not_live_stays():
    look = a_look()
    order = an_order(symbol="BTC-EUR", expires_ns=at(5))
    look.note(a_feed_status(state="down", symbols=("BTC-EUR",)))
    assert look.objection(order, at(0)) == "feed of BTC-EUR is down"
    look.note(a_feed_status(state="live", symbols=()))
    assert look.objection(order, at(0)) == ""
